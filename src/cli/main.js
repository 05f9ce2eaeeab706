// The command from its arguments to its exit code. Everything it does to the network, `downloadEach` does.

'use strict';

const { downloadEach } = require('../../index.js');
const { Failures } = require('./failures.js');
const { readFlags } = require('./flags.js');
const { beginAnew } = require('./journal.js');
const { openList } = require('./list.js');
const { aboutFlags, Misuse } = require('./misuse.js');
const { Screen } = require('./screen.js');
const { Session } = require('./session.js');
const { readSettings } = require('./settings.js');
const { sourcesOf } = require('./sources.js');
const { Work } = require('./work.js');

const EXIT_MISUSE = 2;

async function main(args) {
  const screen = new Screen();
  const code = await run(args, screen).catch((error) => {
    screen.clear();
    screen.tell(`manyfetch: ${messageOf(error)}`);
    return EXIT_MISUSE;
  });
  await screen.end();
  // What still waits for stdin waits for nobody.
  process.exit(code);
}

/** Resolves with the exit code. Nothing is sent before all that was asked for was found to make sense. */
async function run(args, screen) {
  const given = readFlags(args);
  if (given === undefined) return 0;
  const { lists, flags } = given;
  const sources = sourcesOf(lists);
  const settings = readSettings(flags, { isStdinTaken: lists.includes('-') });
  const list = await openList(sources, flags);
  const work = new Work(list.entries(), { checksLinks: flags.head === true });
  const run = downloadEach(work, settings);
  if (settings.journal && !flags.continue) await beginAnew(settings.journal, flags);
  const failures = flags.failed === undefined ? undefined : new Failures(flags.failed, sources);
  return new Session({ run, list, work, flags, failures, screen }).finish(settings);
}

/** What went wrong before there was a result: nearly always it was asked for wrongly. */
function messageOf(error) {
  if (error instanceof Misuse) return `${error.message}\nmanyfetch --help tells what there is`;
  switch (error.code) {
    case 'ERR_JOURNAL_MISMATCH':
      return `${error.message}. -C goes on with the list, and the flags, that the earlier run had`;
    case undefined:
    case 'ERR_INTERNAL':
      return error.stack;
    default:
      return aboutFlags(error.message);
  }
}

module.exports = { main };
