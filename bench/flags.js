// The command line: what to run, how often, where to put it. Decides nothing by itself but what is a mistake.

import { closeSync, openSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isFinished } from './page/write.js';
import { defaultSuite, suites } from './suites/index.js';

export class UsageError extends Error {}

const MOST_REQUESTS = 1_000_000;

function lineOf({ name, title, rounds }) {
  const usual = name === defaultSuite.name ? ', the default' : '';
  const times = rounds === 1 ? 'one round' : `${rounds} rounds`;
  return `  ${name.padEnd(13)}  ${title} (${times}${usual})`;
}

export const help = `Usage: npm run bench -- [SUITE] [flags]
       npm run bench -- report [FOLDER …]   report.html anew, of these runs or of all in bench/results

Suites:
${Object.values(suites).map(lineOf).join('\n')}

  --only A,B     only these contenders; some run only when they are named here
  --cases A,B    only these cases, in suites that have some
  --rounds N     each contender N times, interleaved
  --requests N   so many requests in place of the suite's own (not ${defaultSuite.name})
  --json FILE    write all records there as well
  --live         ${defaultSuite.name}: its own two pages instead of the local origin: real requests to real hosts
  --help         this text`;

const options = {
  only: { type: 'string' },
  cases: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'string' },
  requests: { type: 'string' },
  live: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

export function readFlags(argv) {
  const { values, positionals } = parse(argv);
  const suite = chosenSuite(positionals);
  const cases = chosenCases(suite, values.cases);
  const contenders = chosenContenders(suite, values.only);
  refuseNothing(suite, cases, contenders);
  return {
    help: values.help,
    suite,
    cases,
    contenders,
    rounds: chosenRounds(suite, values),
    requests: chosenRequests(suite, values.requests),
    live: chosenSite(suite, values.live),
    json: chosenFile(values.json),
  };
}

/** The folders of the runs that pages are to be made of. */
export function readFolders(names, home) {
  if (names.length === 0) return runsIn(home);
  const folders = names.map((name) => resolve(name));
  const other = folders.findIndex((folder) => !isFinished(folder));
  if (other < 0) return folders;
  throw new UsageError(`'${names[other]}' is no folder of a finished run: it has no run.json`);
}

function runsIn(home) {
  const folders = readdirSync(home).map((name) => join(home, name));
  return folders.filter(isFinished).sort();
}

function parse(argv) {
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function chosenSuite([name = defaultSuite.name, ...more]) {
  if (more.length > 0) throw new UsageError(`one suite at a time, not also '${more.join("', '")}'`);
  if (Object.hasOwn(suites, name)) return suites[name];
  throw new UsageError(`no suite '${name}'; there is ${Object.keys(suites).join(', ')}`);
}

function chosenCases(suite, names) {
  if (names === undefined) return suite.cases;
  if (!suite.cases) throw new UsageError(`--cases: '${suite.name}' has none`);
  return picked(suite.cases, names, 'case', suite);
}

function chosenContenders(suite, names) {
  if (names === undefined) return suite.contenders.filter(({ optional }) => !optional);
  return picked(suite.contenders, names, 'contender', suite);
}

function refuseNothing({ takes }, cases, contenders) {
  if (!takes || cases.some((each) => contenders.some((contender) => takes(contender, each))))
    return;
  throw new UsageError('none of these contenders takes part in any of these cases');
}

/** In the order of the suite, whatever the order of the names. */
function picked(all, names, what, suite) {
  const ids = names.split(',').map((id) => id.trim());
  const known = all.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return all.filter(({ id }) => ids.includes(id));
  throw new UsageError(`no ${what} '${unknown}' in '${suite.name}'; there is ${known.join(', ')}`);
}

function chosenRounds(suite, { rounds, live }) {
  if (rounds === undefined) return (live && suite.live?.rounds) || suite.rounds;
  if (/^[1-9]\d{0,3}$/.test(rounds)) return Number(rounds);
  throw new UsageError(`--rounds takes a whole number from 1 on, not '${rounds}'`);
}

function chosenRequests(suite, requests) {
  if (requests === undefined) return suite.requests;
  if (suite.requests === undefined) {
    throw new UsageError(`--requests: '${suite.name}' has a list of its own`);
  }
  const { mostRequests = MOST_REQUESTS } = suite;
  if (/^[1-9]\d*$/.test(requests) && Number(requests) <= mostRequests) return Number(requests);
  throw new UsageError(
    `--requests takes a whole number from 1 to ${mostRequests}, not '${requests}'`,
  );
}

function chosenSite(suite, live) {
  if (live && !suite.live) throw new UsageError(`--live: '${suite.name}' has no pages of its own`);
  return live;
}

/** Looked at before anything runs: minutes of measuring must not end in a path that cannot be written. */
function chosenFile(file) {
  if (file === undefined) return undefined;
  const path = resolve(file);
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new UsageError(`--json: '${path}' cannot be written (${error.code})`);
  }
  return path;
}
