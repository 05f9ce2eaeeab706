// The benchmark, top to bottom: flags -> site -> plan -> rounds -> records -> report.

import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { commandFor } from './contender.js';
import { fetchExpected } from './expected.js';
import { help, readFlags, UsageError } from './flags.js';
import { liveSite } from './live.js';
import { describeMachine } from './machine.js';
import { startOrigin } from './origin.js';
import { makePlan } from './plan.js';
import { ProgramError } from './program.js';
import { makeProgress } from './progress.js';
import { preparePython } from './python.js';
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
  const { suite, rounds, live } = flags;
  const entries = await withCommands(makePlan(suite, flags.contenders, site));
  const expected = live ? null : await fetchExpected(urlsOf(entries), site.ca);
  const machine = await describeMachine();
  const results = openResults(machine);
  const command = ['npm run bench', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' ');
  const run = { suite, rounds, live, startedAt: new Date().toISOString(), command, machine, site };
  say(`${suite.name}: ${suite.title}`);
  const records = await rounded(entries, { suite, rounds, site, expected, signal }, results);
  const done = { ...run, versions: versionsOf(records), rows: makeRows(entries, records) };
  report(done, results);
  if (flags.json) writeFileSync(flags.json, jsonOf(done, records));
  if (records.some(({ ok }) => !ok)) process.exitCode = 1;
}

function report(run, results) {
  results.finish(run);
  say(`\n${tableText(run.rows)}\n`);
  for (const note of notesOf(run.rows)) say(note);
  say(`\nEvery sample: ${relative(process.cwd(), results.folder)}`);
}

/** Gives each entry the command that starts it, or the reason why it cannot run here. */
async function withCommands(entries) {
  const usesPython = entries.some(({ contender }) => contender.program.endsWith('.py'));
  const { python, missing } = usesPython ? await preparePython({ signal, say }) : {};
  return entries.map((entry) => {
    const { program } = entry.contender;
    if (missing && program.endsWith('.py')) return { ...entry, missing };
    return { ...entry, command: commandFor(program, python) };
  });
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

function urlsOf(entries) {
  return entries.flatMap(({ scenario }) => scenario.links.map(({ url }) => url));
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
