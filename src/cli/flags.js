// The flags of the command, and its help: one screen, made of the same table. What goes together is checked in settings.js.

'use strict';

const { Command, CommanderError, Option } = require('commander');
const { version } = require('../../package.json');
const { Misuse } = require('./misuse.js');
const values = require('./values.js');

/** The flags by what they are about: how each is written, what it does, and what reads its value or which words it takes. */
const GROUPS = {
  'The list': [
    [
      '--input-format <kind>',
      'lines, ndjson or csv, instead of finding out',
      ['lines', 'ndjson', 'csv'],
    ],
    ['--column <name>', 'it is CSV, with URLs in this column (url)'],
  ],
  'Each request': [
    ['-X, --request <method>', 'the method (GET)'],
    ['-H, --header <line>', "'Name: value', or @FILE with some; repeatable", values.list],
    ['-d, --data <data>', 'a form to POST, or @FILE, or @-; repeatable', values.list],
    ['--json <data>', 'JSON to POST, or @FILE, or @-'],
    ['--head', 'check links: HEAD, and GET where HEAD is refused'],
    ['-t, --timeout <seconds>', 'for one attempt, redirects included (none)', values.seconds],
    ['--retry <times>', 'further tries of what may pass (2)', values.count(0)],
    ['--max-filesize <size>', 'a larger body fails: 500, 64k, 10M, 1G', values.size],
  ],
  'How much at once': [
    ['-c, --concurrency <n>', 'requests in flight in all, or auto (100)', values.concurrency],
    ['--per-host <n>', 'requests in flight to one origin, or auto (10)', values.concurrency],
    ['--rate <rate>', 'requests started: 50 or 50/s, 600/m, 1000/h', values.rate],
    ['--rate-per-host <rate>', 'the same to one origin', values.rate],
  ],
  Files: [
    ['-o, --output <dir>', 'save bodies there; a journal keeps what is done'],
    ['-C, --continue', 'go on where an earlier run with -o was'],
    ['--if-exists <what>', 'error, skip or replace (error)', ['error', 'skip', 'replace']],
  ],
  Connections: [
    ['-k, --insecure', 'accept any certificate'],
    ['--cacert <file>', 'trust these certificates, in PEM, instead'],
    ['--proxy <url>', 'use this proxy, not that of the environment'],
    ['--no-proxy', 'use none'],
  ],
  'What is told': [
    ['--format <kind>', 'of results: text, ndjson or csv (text)', ['text', 'ndjson', 'csv']],
    ['--body', 'with ndjson: bodies too, as text'],
    ['--failed <file>', 'write what failed there, to be a list again'],
    ['--no-progress', 'no bar'],
    ['-q, --quiet', 'no bar and no summary'],
    ['-V, --version', 'tell the version'],
    ['-h, --help', 'tell this'],
  ],
};

const EXAMPLES = [
  'manyfetch https://example.com/ https://example.org/',
  'manyfetch -o pages -C urls.txt',
  'cat links.txt | manyfetch --head --format csv - > report.csv',
];

const TERM = 27;

function help() {
  const groups = Object.entries(GROUPS).map(([title, flags]) =>
    [`${title}:`, ...flags.map(([flag, text]) => lineOf(flag, text))].join('\n'),
  );
  return `Usage: manyfetch [flags] <url | file | ->...
Fetches every URL of a list, and prints a result for each as it completes.
A file has a URL a line, NDJSON items, or CSV; - is such a list on stdin.
${groups.join('\n')}
Examples:
${EXAMPLES.map((line) => `  ${line}`).join('\n')}
Exit status: 0 all ok, 1 some failed, 2 misuse, 130 interrupted.
`;
}

function lineOf(flag, text) {
  const aligned = flag.startsWith('--') ? `    ${flag}` : flag;
  return `  ${aligned.padEnd(TERM)} ${text}`;
}

function makeCommand() {
  const command = new Command('manyfetch')
    .argument('[list...]')
    .version(version)
    .helpOption('-h, --help')
    .configureHelp({ formatHelp: help })
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .exitOverride();
  for (const [flag, text, reads] of Object.values(GROUPS).flat()) {
    if (flag === '-V, --version' || flag === '-h, --help') continue;
    const option = new Option(flag, text);
    if (Array.isArray(reads)) option.choices(reads);
    else if (reads !== undefined) option.argParser(reads);
    command.addOption(option);
  }
  return command;
}

/**
 * The lists and the flags that were given, or nothing when all that was asked for was told: help and version, on stdout. Throws
 * Misuse.
 */
function readFlags(args) {
  const command = makeCommand();
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new Misuse(error.message.replace(/^error: /, ''));
  }
  if (command.args.length === 0)
    throw new Misuse('there is no list: give URLs, files, or - for stdin');
  return { lists: command.args, flags: command.opts() };
}

module.exports = { help, readFlags };
