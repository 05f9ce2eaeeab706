// Rounds: each contender once, then all again, starting with another one each time. Every sample becomes a record.

import { runContender } from './contender.js';

/** For suites that need nothing set up for a sample. */
const noStage = { scenario: {}, clear: async () => {} };

/**
 * @param {object[]} entries of the plan, each with its `command`
 * @param {{suite: object, rounds: number, site: object, cores: object | null, expected: any, signal: AbortSignal}} settings
 * @param {{before: (sample: object) => void, after: (record: object) => void}} watch
 */
export async function runRounds(entries, settings, watch) {
  const records = [];
  // A file system that has just removed thousands of files makes whoever comes next wait: nothing is cleared before the end.
  const clearings = [];
  try {
    for (let round = 1; round <= settings.rounds; round++) {
      for (const entry of rotated(entries, round - 1)) {
        const sample = sampleOf(entry, round, settings.suite);
        watch.before(sample);
        const record = { ...sample, ...(await takeSample(entry, settings, clearings)) };
        records.push(record);
        watch.after(record);
      }
    }
    return records;
  } finally {
    for (const clear of clearings) await clear();
  }
}

/** Which sample, and how much is measured in it where the scenario says so. */
function sampleOf({ contender, case: caseId, scenario }, round, suite) {
  const { requests, warm, keep } = scenario;
  return { suite: suite.name, case: caseId, round, contender: contender.id, requests, warm, keep };
}

/** What ran just before leaves a warm or a busy machine behind: nobody shall always follow the same one. */
function rotated(entries, by) {
  const from = by % Math.max(1, entries.length);
  return [...entries.slice(from), ...entries.slice(0, from)];
}

/** What clears up after it is added to `clearings`. */
export async function takeSample(entry, settings, clearings = []) {
  const stage = (await settings.suite.stage?.()) ?? noStage;
  clearings.push(stage.clear);
  return sampleOn(stage, entry, settings);
}

async function sampleOn(stage, entry, { suite, site, cores, expected, signal }) {
  const scenario = { ...entry.scenario, ...stage.scenario };
  const { limitMs, graceMs, memoryEveryMs } = suite;
  await site.resetCounters();
  const startedAt = new Date().toISOString();
  const settings = { env: site.envFor(scenario), signal, limitMs, graceMs, memoryEveryMs };
  const { answer, ...run } = await runContender(entry.command, scenario, settings);
  const origin = await site.counters();
  const failure =
    run.failure ??
    (await suite.check(answer, { ...entry, scenario }, expected)) ??
    checkCounts(entry, origin, answer) ??
    checkClock(answer, run);
  const verdict = { ok: !failure, failure: failure ?? null };
  const pinned = cores ? !cores.missing : undefined;
  return { startedAt, pinned, ...run, ...verdict, origin, ...claims(answer, suite.answers) };
}

/** What a contender says of itself; it gets no say in the rest of the record. */
function claims(answer = {}, more) {
  const names = ['seconds', 'cpuSeconds', 'peakRssBytes', 'versions', ...more];
  return Object.fromEntries(names.map((name) => [name, answer[name]]));
}

/** What the origin saw: fewer requests than planned were made up, and more at a time is another experiment. */
function checkCounts(entry, origin, answer) {
  if (!origin) return null;
  const { concurrency } = entry.scenario;
  const seen = Object.values(origin.requests).reduce((sum, count) => sum + count, 0);
  const { least, most = least, words = least } = dueOf(entry, answer);
  if (seen < least || seen > most) return `the origin saw ${seen} requests of ${words}`;
  if (origin.peakInFlight <= concurrency) return null;
  return `${origin.peakInFlight} requests in flight, allowed were ${concurrency}`;
}

/** A program that runs for a time says itself how many it had; what it left under way then is no more than it may have in flight. */
function dueOf({ requestCount, contender, scenario }, answer) {
  if (contender.check !== 'count') return { least: requestCount };
  const { responses } = answer.tally;
  const most = responses + scenario.concurrency;
  return { least: responses, most, words: `${responses} to ${most}` };
}

function checkClock({ seconds }, { processSeconds }) {
  if (seconds <= processSeconds) return null;
  return `${seconds} s by its own clock, ${processSeconds} s from outside`;
}
