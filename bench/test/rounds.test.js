import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRounds, takeSample } from '../rounds.js';

const suite = { name: 'test', answers: ['tally'], check: () => null };
const tally = { responses: 100, statuses: { 200: 100 } };
const answer = JSON.stringify({ seconds: 0.001, tally });
const watch = { before: () => {}, after: () => {} };

function siteThatSaw(requests) {
  const counters = async () => ({ requests: { 1.1: requests, 2: 0 }, peakInFlight: 1 });
  return { envFor: () => process.env, resetCounters: async () => {}, counters };
}

function entry(contender = {}, scenario = {}) {
  return {
    case: 'x',
    contender: { id: 'a', ...contender },
    requestCount: 105,
    command: [process.execPath, '-e', `console.log(${JSON.stringify(answer)})`],
    scenario: { concurrency: 10, ...scenario },
  };
}

test('a record says which case it is of, how much was measured, and whether it was pinned', async () => {
  const cores = { origin: 0, contender: 1 };
  const settings = { suite, rounds: 1, site: siteThatSaw(105), cores };
  const measured = { requests: 100, warm: 5, keep: true };
  const [record] = await runRounds([entry({}, measured)], settings, watch);
  const { case: caseId, contender, requests, warm, keep, pinned } = record;
  assert.deepEqual(
    [caseId, contender, requests, warm, keep, pinned],
    ['x', 'a', 100, 5, true, true],
  );
  assert.equal(record.failure, null);
});

test('what could not be pinned is told, and a suite that does not ask says nothing of it', async () => {
  const pinnedWith = async (cores) =>
    (await takeSample(entry(), { suite, site: siteThatSaw(105), cores })).pinned;
  assert.equal(await pinnedWith({ missing: 'one core' }), false);
  assert.equal(await pinnedWith(null), undefined);
});

test('who runs for a time is believed when the origin saw as many, and what was under way at the end', async () => {
  const failureWhenSeen = async (seen) => {
    const timed = { ...entry({ check: 'count' }), requestCount: undefined };
    return (await takeSample(timed, { suite, site: siteThatSaw(seen) })).failure;
  };
  assert.equal(await failureWhenSeen(100), null);
  assert.equal(await failureWhenSeen(110), null);
  assert.equal(await failureWhenSeen(99), 'the origin saw 99 requests of 100 to 110');
  assert.match(await failureWhenSeen(111), /saw 111/);
});
