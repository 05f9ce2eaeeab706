// Rounds: each contender once, then all again, starting with another one each time. Every sample becomes a record.

import { checkAnswers } from './check.js';
import { runContender } from './contender.js';

/**
 * @param {object[]} entries of the plan, each with its `command`
 * @param {{suite: object, rounds: number, site: object, expected: Map | null, signal: AbortSignal}} settings
 * @param {{before: (sample: object) => void, after: (record: object) => void}} watch
 */
export async function runRounds(entries, settings, watch) {
  const records = [];
  for (let round = 1; round <= settings.rounds; round++) {
    for (const entry of rotated(entries, round - 1)) {
      const sample = { suite: settings.suite.name, round, contender: entry.contender.id };
      watch.before(sample);
      const record = { ...sample, ...(await takeSample(entry, settings)) };
      records.push(record);
      watch.after(record);
    }
  }
  return records;
}

/** What ran just before leaves a warm or a busy machine behind: nobody shall always follow the same one. */
function rotated(entries, by) {
  const from = by % Math.max(1, entries.length);
  return [...entries.slice(from), ...entries.slice(0, from)];
}

export async function takeSample(entry, { site, expected, signal, limitMs, graceMs }) {
  await site.resetCounters();
  const startedAt = new Date().toISOString();
  const settings = { env: site.env, signal, limitMs, graceMs };
  const { answer, ...run } = await runContender(entry.command, entry.scenario, settings);
  const origin = await site.counters();
  const failure =
    run.failure ??
    checkAnswers(answer.links, entry.requests, expected) ??
    checkCounts(entry, origin) ??
    checkClock(answer, run);
  return { startedAt, ...run, ok: !failure, failure: failure ?? null, origin, ...claims(answer) };
}

/** What a contender says of itself; it gets no say in the rest of the record. */
function claims({ seconds, cpuSeconds, peakRssBytes, versions, links } = {}) {
  return { seconds, cpuSeconds, peakRssBytes, versions, links };
}

/** What the origin saw: fewer requests than planned were made up, and more at a time is another experiment. */
function checkCounts({ requests, scenario }, origin) {
  if (!origin) return null;
  const seen = Object.values(origin.requests).reduce((sum, count) => sum + count, 0);
  if (seen !== requests.length) return `the origin saw ${seen} requests of ${requests.length}`;
  if (origin.peakInFlight <= scenario.concurrency) return null;
  return `${origin.peakInFlight} requests in flight, allowed were ${scenario.concurrency}`;
}

function checkClock({ seconds }, { processSeconds }) {
  if (seconds <= processSeconds) return null;
  return `${seconds} s by its own clock, ${processSeconds} s from outside`;
}
