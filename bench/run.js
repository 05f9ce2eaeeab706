// The benchmark, top to bottom: flags -> site -> plan -> rounds -> records -> report. And the page of a run that was, anew.

import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { barColumns, judge } from './bars.js';
import { withCommands } from './commands.js';
import { chooseCores, describeCores } from './cores.js';
import { help, readFlags, readFolders, UsageError } from './flags.js';
import { groupsOf, notesOf } from './groups.js';
import { liveSite } from './live.js';
import { describeMachine } from './machine.js';
import { startOrigin } from './origin.js';
import { writePage } from './page/write.js';
import { planned } from './plan.js';
import { ProgramError } from './program.js';
import { makeProgress } from './progress.js';
import { tableText } from './report.js';
import { home, jsonOf, openResults } from './results.js';
import { runRounds } from './rounds.js';
import { makeRows } from './summary.js';

const say = (line) => console.log(line);
const interrupt = new AbortController();
const { signal } = interrupt;

async function start(argv) {
  const [command, ...folders] = argv;
  if (command === 'report') writePages(readFolders(folders, home));
  else await bench(argv);
}

function writePages(folders) {
  for (const folder of folders) say(relative(process.cwd(), writePage(folder)));
}

async function bench(argv) {
  const flags = readFlags(argv);
  if (flags.help) return say(help);
  // Null for a suite that does not ask for it.
  const cores = flags.suite.pinned ? await chooseCores(signal) : null;
  const site = flags.live
    ? liveSite(flags.suite.live)
    : await startOrigin(flags.suite.origin, { signal, say, core: cores?.origin });
  try {
    await measure(flags, site, cores, argv);
  } finally {
    await site.stop();
  }
}

async function measure(flags, site, cores, argv) {
  const { suite, rounds, requests, live } = flags;
  const entries = await withCommands(planned(flags, site), { signal, say, core: cores?.contender });
  const expected = live ? null : await suite.expect(entries, site);
  const machine = await describeMachine();
  const results = openResults(machine);
  const command = ['npm run bench', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' ');
  const startedAt = new Date().toISOString();
  const run = { suite, rounds, requests, live, startedAt, command, machine, site, cores };
  say(`${suite.name}: ${suite.title}`);
  if (cores) say(`cores: ${describeCores(cores)}`);
  const records = await rounded(entries, { suite, rounds, site, cores, expected, signal }, results);
  const rows = makeRows(entries, records, suite);
  const done = { ...run, versions: versionsOf(records), rows, bars: judge(suite.bars, rows) };
  report(done, results);
  if (flags.json) writeFileSync(flags.json, jsonOf(done, records));
  if (records.some(({ ok }) => !ok)) process.exitCode = 1;
}

function report(run, results) {
  results.finish(run);
  for (const { title, rows } of groupsOf(run.suite, run.rows)) {
    say(`\n${title && `${title}\n\n`}${tableText(rows, run.suite.columns)}`);
  }
  if (run.bars.length > 0) say(`\n${tableText(run.bars, barColumns)}`);
  say('');
  for (const note of notesOf(run.rows)) say(note);
  say(`\nEvery sample, and report.html: ${relative(process.cwd(), results.folder)}`);
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

function stopOn(name) {
  // Once: a second Ctrl-C finds Node's own handling, and ends everything at once.
  process.once(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
}

stopOn('SIGINT');
stopOn('SIGTERM');
try {
  await start(process.argv.slice(2));
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
