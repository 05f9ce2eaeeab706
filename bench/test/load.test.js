import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlOf } from '../contenders/many.js';
import { loadSuite } from '../load.js';
import { suites } from '../suites/index.js';
import { makeRows } from '../summary.js';
import { expectedTally, probes } from '../tally.js';

const site = {
  ca: 'PEM',
  addressesPort: 8443,
  plainUrlOf: (host, path) => `http://${host}.test${path}`,
  secureUrlOf: (host, path) => `https://${host}.test${path}`,
};
const plain = { id: 'plain', scheme: 'http', http: '1.1', bytes: 1024, concurrency: 64 };
const client = { id: 'c', program: 'c.js', keep: false, options: {} };
const suite = loadSuite({ name: 'test', cases: [plain] });
const planOf = (contender, each, requests = 100_000) =>
  suite.plan({ ...client, ...contender }, site, requests, { ...plain, ...each });

test('the mean length is what the case says, so that a kibibyte is one', () => {
  const { urls } = planOf().scenario;
  const lengths = Array.from({ length: urls.lengths }, (_, at) => urls.shortest + at);
  assert.equal(lengths.reduce((sum, length) => sum + length) / lengths.length, 1024);
});

test('a scenario says how, how many and what before, and the origin counts both', () => {
  const { scenario, requestCount } = planOf({ keep: true });
  assert.equal(scenario.urls.base, 'http://a.test');
  assert.deepEqual([scenario.requests, scenario.warm, requestCount], [100_000, 5_000, 105_000]);
  assert.deepEqual([scenario.keep, scenario.http, scenario.lateness], [true, '1.1', false]);
  assert.ok(!('ca' in scenario));
});

test('over https there is a certificate to trust, and a host for each request where a case wants it', () => {
  const { scenario } = planOf({}, { scheme: 'https', hosts: true });
  assert.equal(scenario.ca, 'PEM');
  assert.equal(urlOf(scenario.urls, 258), 'https://127.1.1.2:8443/bytes/1013?258');
});

test('the slow get a share, of the case too, and a warm-up that is never longer than what is measured', () => {
  const measured = (...of) => {
    const { scenario } = planOf(...of);
    return [scenario.requests, scenario.warm];
  };
  assert.deepEqual(measured({ share: 0.1 }), [10_000, 1_000]);
  assert.deepEqual(measured({ share: 0.1 }, { share: 0.3 }), [3_000, 1_000]);
  assert.deepEqual(measured({ share: 0.1 }, {}, 500), [50, 50]);
  assert.deepEqual(measured({ share: 0.01 }, {}, 10), [1, 1]);
  assert.deepEqual(measured({ whole: true }), [100_000, 0]);
});

test('who runs for a time is told no number, and none is expected of it', () => {
  const { scenario, requestCount } = planOf({ whole: true, check: 'count' });
  assert.equal(scenario.requests, undefined);
  assert.equal(requestCount, undefined);
});

test('a contender is in a case that it is meant for and can do', () => {
  const takes = (contender, each) =>
    suite.takes({ ...client, ...contender }, { ...plain, ...each });
  assert.ok(takes({}, {}));
  assert.ok(!takes({ cases: ['other'] }, {}));
  assert.ok(!takes({}, { http: '2' }));
  assert.ok(takes({ http: ['1.1', '2'] }, { http: '2' }));
  assert.ok(!takes({ schemes: ['http'] }, { scheme: 'https' }));
  assert.ok(!takes({ most: 63 }, {}));
});

const entry = (contender = {}) => ({
  case: 'plain',
  contender: { ...client, ...contender },
  ...planOf(contender, {}, 10),
});
const record = (id, more = {}) => ({
  case: 'plain',
  contender: id,
  ok: true,
  notes: [],
  seconds: 2,
  processSeconds: 3,
  workCpuSeconds: 1,
  tally: { responses: 10, bytes: 10_240 },
  ...more,
});

test('figures are per request, as many as there were', () => {
  const sample = record('c', { mainThreadCpuSeconds: 0.5, readSeconds: 1e-6 });
  const [row] = makeRows([entry()], [sample], suite);
  assert.equal(row.unitCpu.median, 100_000);
  assert.equal(row.perSecond, 5);
  assert.equal(row.mainMicros, 50_000);
  assert.equal(row.readNanos, 100);
  assert.equal(row.bodyBytes, 10_240);
  assert.equal(row.wholeSeconds.median, 3);
});

test('a suite may count in something else', () => {
  const kibibytes = loadSuite({ name: 'test', cases: [plain], unit: ({ bytes }) => bytes / 1024 });
  const sample = record('c', { tally: { responses: 1, bytes: 2048 } });
  assert.equal(makeRows([entry()], [sample], kibibytes)[0].unitCpu.median, 500_000);
});

test('what a contender does not tell is no figure', () => {
  const sample = record('c', { workCpuSeconds: null });
  const [row] = makeRows([entry()], [sample], suite);
  assert.equal(row.unitCpu, null);
  assert.equal(row.mainMicros, null);
  assert.equal(row.readNanos, null);
  assert.deepEqual(row.timerLateMs, { median: null, p99: null, max: null });
});

test('the whole time of a program is its own, without what started it', () => {
  const [row] = makeRows([entry({ whole: true })], [record('c')], suite);
  assert.equal(row.wholeSeconds.median, 2);
});

test('a row is held against plain reqwest of its own case and kind', () => {
  const entries = ['reqwest', 'reqwest-kept', 'a', 'b'].map((id) =>
    entry({ id, keep: ['reqwest-kept', 'b'].includes(id) }),
  );
  const cpu = { reqwest: 1, 'reqwest-kept': 2, a: 3, b: 4 };
  const records = Object.entries(cpu).map(([id, workCpuSeconds]) => record(id, { workCpuSeconds }));
  const times = makeRows(entries, records, suite).map(
    ({ id, timesLimit }) => `${id} ${timesLimit}`,
  );
  assert.deepEqual(times, ['reqwest 1', 'reqwest-kept 1', 'a 3', 'b 2']);
});

test('one contender has a row in each case, with the samples of that case', () => {
  const entries = ['x', 'y'].map((id) => ({ ...entry(), case: id }));
  const records = [record('c', { case: 'x', seconds: 1 }), record('c', { case: 'y', seconds: 5 })];
  const seconds = makeRows(entries, records, suite).map((row) => [row.case, row.seconds.median]);
  assert.deepEqual(seconds, [
    ['x', 1],
    ['y', 5],
  ]);
});

test('a tally is believed when it is what is served, and a count when all went well', () => {
  const { scenario } = planOf({}, {}, 10);
  const served = new Map(probes(scenario.urls).map((url, at) => [url, { bytes: 1000 + at }]));
  const tally = { ...expectedTally(scenario.urls, 10, served), statuses: { 200: 10 } };
  const answer = { tally, cpuSeconds: 2, workCpuSeconds: 1 };
  const reason = (change, contender = {}) =>
    suite.check({ ...answer, ...change }, { contender, scenario }, served);
  assert.equal(reason({}), null);
  assert.match(reason({ tally: { ...tally, bytes: 1 } }), /bytes: 1/);
  assert.match(reason({ workCpuSeconds: 3 }), /3 s of CPU time for the work, 2 s in all/);

  const count = { check: 'count' };
  assert.equal(reason({ tally: { responses: 7, statuses: { 200: 7 } } }, count), null);
  assert.match(
    reason({ tally: { responses: 7, statuses: { 200: 6, 500: 1 } } }, count),
    /status 500/,
  );
});

test('the rows of each suite have names of their own, and options that say what they are', () => {
  for (const { name, contenders } of Object.values(suites)) {
    const ids = contenders.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, name);
    assert.ok(
      contenders.every(({ options }) => options !== undefined),
      name,
    );
  }
});
