import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAnswers } from '../check.js';
import { runRounds, takeSample } from '../rounds.js';

const bodies = { bytes: 2, sha256: 'right' };
const url = 'https://a.test/page/0';
const site = {
  envFor: () => process.env,
  resetCounters: async () => {},
  counters: async () => ({ connections: 1, requests: { 1.1: 1 }, peakInFlight: 1 }),
};
const suite = {
  name: 'test',
  limitMs: 20_000,
  graceMs: 500,
  answers: ['links'],
  check: ({ links }, { requests }, expected) => checkAnswers(links, requests, expected),
};
const settings = { site, suite, expected: new Map([[url, bodies]]) };

/** A contender written as a line of JavaScript. `answer` is what an honest one would print. */
function entry(code, id = 'test') {
  const link = { index: 0, url, status: 200, ...bodies };
  const answer = `const answer = ${JSON.stringify({ seconds: 0.001, links: [link] })};`;
  return {
    contender: { id },
    command: [process.execPath, '-e', `${answer} ${code}`],
    requests: [{ index: 0, url }],
    requestCount: 1,
    scenario: { links: [{ index: 0, url }], concurrency: 10 },
  };
}

const honest = 'console.log(JSON.stringify(answer))';

test('an honest contender is believed', async () => {
  const record = await takeSample(entry(honest), settings);
  assert.equal(record.failure, null);
  assert.equal(record.ok, true);
  assert.equal(record.seconds, 0.001);
  assert.deepEqual(record.notes, []);
  assert.equal(record.origin.connections, 1);
});

test('the scenario arrives on stdin', async () => {
  const echo = `process.stdin.on('data', (text) => { answer.versions = JSON.parse(text).links[0]; ${honest} })`;
  const { versions } = await takeSample(entry(echo), settings);
  assert.deepEqual(versions, { index: 0, url });
});

test('a contender with a wrong body is not believed', async () => {
  const record = await takeSample(entry(`answer.links[0].sha256 = 'wrong'; ${honest}`), settings);
  assert.equal(record.ok, false);
  assert.match(record.failure, /link 0: other bytes/);
});

test('a contender cannot speak for the harness', async () => {
  const record = await takeSample(
    entry(`answer.ok = true; answer.links = []; ${honest}`),
    settings,
  );
  assert.equal(record.ok, false);
});

test('a contender with more in flight than allowed is not believed', async () => {
  const counts = { requests: { 1.1: 1 }, peakInFlight: 11 };
  const crowded = { ...site, counters: async () => counts };
  const { failure } = await takeSample(entry(honest), { ...settings, site: crowded });
  assert.equal(failure, '11 requests in flight, allowed were 10');
});

test('a contender that lingers after its answer is stopped, and believed with a note', async () => {
  const record = await takeSample(entry(`${honest}; setInterval(() => {}, 1000)`), settings);
  assert.equal(record.ok, true);
  assert.match(record.notes[0], /did not end by itself/);
});

test('a contender that hangs is stopped and says so', async () => {
  const record = await takeSample(entry('setInterval(() => {}, 1000)'), {
    ...settings,
    suite: { ...suite, limitMs: 300 },
  });
  assert.equal(record.failure, 'no answer within 0.3 s');
});

test('a contender that crashes gives its reason, before its answer and after', async () => {
  const before = await takeSample(entry(`throw new TypeError('no such host')`), settings);
  assert.equal(before.failure, 'exit 1 without an answer: TypeError: no such host');
  const after = await takeSample(entry(`${honest}; process.exitCode = 3`), settings);
  assert.equal(after.failure, 'exit 3 after its answer');
});

test('a contender that cannot be started gives its reason', async () => {
  const absent = { ...entry(honest), command: ['/no/such/program'] };
  assert.match((await takeSample(absent, settings)).failure, /could not be started \(ENOENT\)/);
});

test('what is no answer is quoted', async () => {
  const record = await takeSample(entry(`console.log('Total time: 3')`), settings);
  assert.equal(record.failure, 'its answer is not one: Total time: 3');
});

test('an interrupt stops a running contender and rejects', async () => {
  const signal = AbortSignal.timeout(300);
  const hung = takeSample(entry('setInterval(() => {}, 1000)'), { ...settings, signal });
  await assert.rejects(hung, (error) => error === signal.reason);
});

test('rounds are interleaved, each starts with another contender', async () => {
  const order = [];
  const watch = { before: ({ contender }) => order.push(contender), after: () => {} };
  const entries = ['a', 'b', 'c'].map((id) => entry(honest, id));
  const records = await runRounds(entries, { ...settings, rounds: 3 }, watch);
  assert.equal(order.join(''), 'abcbcacab');
  assert.deepEqual(
    records.map(({ round }) => round),
    [1, 1, 1, 2, 2, 2, 3, 3, 3],
  );
});

test('a contender that asked the origin for nothing is not believed', async () => {
  const counts = { requests: { 1.1: 0, 2: 0 }, peakInFlight: 0 };
  const idle = { ...site, counters: async () => counts };
  const { failure } = await takeSample(entry(honest), { ...settings, site: idle });
  assert.equal(failure, 'the origin saw 0 requests of 1');
});

test('a contender whose clock runs faster than the harness is not believed', async () => {
  const { failure } = await takeSample(entry(`answer.seconds = 1e3; ${honest}`), settings);
  assert.match(failure, /^1000 s by its own clock, 0\.\d+ s from outside$/);
});

test('a stage is set up for a sample, seen by contender and check, and cleared away later', async () => {
  const cleared = [];
  const staged = {
    ...suite,
    answers: ['versions'],
    stage: async () => ({ scenario: { folder: '/f' }, clear: async () => cleared.push('/f') }),
    check: ({ versions }, { scenario }) => (versions === scenario.folder ? null : 'another folder'),
  };
  const echo = `process.stdin.on('data', (text) => { answer.versions = JSON.parse(text).folder; ${honest} })`;
  const clearings = [];
  const record = await takeSample(entry(echo), { ...settings, suite: staged }, clearings);
  assert.equal(record.failure, null);
  assert.equal(record.versions, '/f');
  assert.deepEqual(cleared, []);
  for (const clear of clearings) await clear();
  assert.deepEqual(cleared, ['/f']);
});

test('memory is in the record where the suite asks for it', {
  skip: process.platform !== 'linux',
}, async () => {
  assert.equal((await takeSample(entry(honest), settings)).memory, undefined);
  const watched = { ...suite, memoryEveryMs: 5 };
  const { memory } = await takeSample(entry(honest), { ...settings, suite: watched });
  assert.ok(Array.isArray(memory));
});
