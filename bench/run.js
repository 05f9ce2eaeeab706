// The benchmark, top to bottom: flags -> site -> plan -> rounds -> records -> report.

import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { withCommands } from './commands.js';
import { help, readFlags, UsageError } from './flags.js';
import { liveSite } from './live.js';
import { describeMachine } from './machine.js';
import { startOrigin } from './origin.js';
import { ProgramError } from './program.js';
import { makeProgress } from './progress.js';
import { notesOf, tableText } from './report.js';
import { openResults } from './results.js';
import { runRounds } from './rounds.js';
import { makeRows } from './summary.js';

const say = (line) => console.log(line);
const interrupt = new AbortController();
const { signal } = interrupt;

async function bench(argv) {
  const flags = readFlags(argv);
  if (flags.help) return say(help);
  const site = flags.live
    ? liveSite(flags.suite.live)
    : await startOrigin(flags.suite.origin, { signal, say });
  try {
    await measure(flags, site, argv);
  } finally {
    await site.stop();
  }
}

async function measure(flags, site, argv) {
  const { suite, rounds, requests, live } = flags;
  const entries = await withCommands(planned(flags, site), { signal, say });
  const expected = live ? null : await suite.expect(entries, site);
  const machine = await describeMachine();
  const results = openResults(machine);
  const command = ['npm run bench', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' ');
  const startedAt = new Date().toISOString();
  const run = { suite, rounds, requests, live, startedAt, command, machine, site };
  say(`${suite.name}: ${suite.title}`);
  const records = await rounded(entries, { suite, rounds, site, expected, signal }, results);
  const done = {
    ...run,
    versions: versionsOf(records),
    rows: makeRows(entries, records, suite.figures),
  };
  report(done, results);
  if (flags.json) writeFileSync(flags.json, jsonOf(done, records));
  if (records.some(({ ok }) => !ok)) process.exitCode = 1;
}

function report(run, results) {
  results.finish(run);
  say(`\n${tableText(run.rows, run.suite.columns)}\n`);
  for (const note of notesOf(run.rows)) say(note);
  say(`\nEvery sample: ${relative(process.cwd(), results.folder)}`);
}

/** One entry a contender. */
function planned({ suite, contenders, requests }, site) {
  return contenders.map((contender) => ({
    contender,
    ...suite.plan(contender, site, requests),
  }));
}

function rounded(entries, settings, results) {
  const able = entries.filter(({ missing }) => !missing);
  const progress = makeProgress(able.length * settings.rounds, settings.rounds);
  const after = (record) => {
    results.append(record);
    progress.after(record);
  };
  return runRounds(able, settings, { before: progress.before, after }).finally(progress.end);
}

function versionsOf(records) {
  return [...new Set(records.flatMap(({ versions }) => Object.values(versions ?? {})))].sort();
}

function jsonOf({ suite, site, ...run }, records) {
  const document = { schema: 1, suite: suite.name, ...run, site: site.settings, records };
  return `${JSON.stringify(document, null, 1)}\n`;
}

function stopOn(name) {
  // Once: a second Ctrl-C finds Node's own handling, and ends everything at once.
  process.once(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
}

stopOn('SIGINT');
stopOn('SIGTERM');
try {
  await bench(process.argv.slice(2));
} catch (error) {
  const foreseen = error instanceof UsageError || error instanceof ProgramError || signal.aborted;
  const shown = signal.aborted ? signal.reason : error;
  console.error(foreseen ? shown.message : shown);
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error) {
  if (signal.aborted) return 130;
  return error instanceof UsageError ? 2 : 1;
}
