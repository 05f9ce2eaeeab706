// The command line: what to run, how often, where to put it. Decides nothing by itself but what is a mistake.

import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultSuite, suites } from './suites/index.js';

export class UsageError extends Error {}

export const help = `Usage: npm run bench -- [SUITE] [flags]

Suites: ${Object.keys(suites).join(', ')} (default: ${defaultSuite.name})

  --only A,B     only these contenders
  --rounds N     each contender N times, interleaved (${defaultSuite.name}: ${defaultSuite.rounds})
  --json FILE    write all records there as well
  --live         the article's own two pages instead of the local origin: real requests to real hosts
  --help         this text`;

const options = {
  only: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'string' },
  live: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

export function readFlags(argv) {
  const { values, positionals } = parse(argv);
  const suite = chosenSuite(positionals);
  return {
    help: values.help,
    suite,
    contenders: chosenContenders(suite, values.only),
    rounds: chosenRounds(suite, values),
    live: values.live,
    json: chosenFile(values.json),
  };
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

function chosenContenders(suite, only) {
  if (only === undefined) return suite.contenders;
  const ids = only.split(',').map((id) => id.trim());
  const known = suite.contenders.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return suite.contenders.filter(({ id }) => ids.includes(id));
  throw new UsageError(
    `no contender '${unknown}' in '${suite.name}'; there is ${known.join(', ')}`,
  );
}

function chosenRounds(suite, { rounds, live }) {
  if (rounds === undefined) return live ? suite.live.rounds : suite.rounds;
  if (/^[1-9]\d{0,3}$/.test(rounds)) return Number(rounds);
  throw new UsageError(`--rounds takes a whole number from 1 on, not '${rounds}'`);
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
