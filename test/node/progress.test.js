// onProgress: how far a run has come, now and then and once at its end.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { serve } = require('./server.js');

/** What only ever grows. */
const COUNTERS = ['done', 'ok', 'failed', 'retries', 'bytes', 'wireBytes', 'seconds', 'total'];

/** Fetches `urls` in either way, and returns the numbers that the run ended with. */
const RUNS = {
  downloadAll: async (urls, options) => (await downloadAll(urls, options)).stats,
  downloadEach: async (urls, options) => {
    const run = downloadEach(urls, options);
    for await (const _result of run);
    return run.stats;
  },
};

/** A copy, hosts and all: they are read when they are asked for. */
const copyOf = (stats) => JSON.parse(JSON.stringify(stats));

/** The shape of an object, however deep. */
function shapeOf(value) {
  if (Array.isArray(value) || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

function assertNeverLess(reports) {
  for (const [i, now] of reports.entries()) {
    assert.equal(now.done, now.ok + now.failed);
    assert.ok(now.done + now.inFlight <= now.total, JSON.stringify(now));
    for (const name of i === 0 ? [] : COUNTERS) {
      assert.ok(now[name] >= reports[i - 1][name], `${name}: ${now[name]}`);
    }
  }
}

/** Runs as long as it takes for `count` reports of progress. The server answers two more requests with each. */
async function reported(t, start, count) {
  const server = await serveHeld(t);
  const reports = [];
  let steps = 0;
  const onProgress = (stats, ...more) => {
    assert.deepEqual(more, []);
    reports.push(copyOf(stats));
    if (stats.done !== 2 * steps || stats.inFlight !== 5) return;
    steps += 1;
    server.release(steps < count ? 2 : undefined);
  };
  const begun = performance.now();
  const options = { onProgress, concurrencyPerHost: 5 };
  const stats = await start(urlsOf(server, 20), options);
  return { reports, stats, took: performance.now() - begun };
}

for (const [name, start] of Object.entries(RUNS)) {
  test(`${name} reports now and then, and last what it ended with`, async (t) => {
    const { reports, stats, took } = await reported(t, start, 3);
    assert.ok(reports.length >= 4, `${reports.length}`);
    assert.ok(reports.length <= took / 250 + 1, `${reports.length} in ${took} ms`);
    assertNeverLess(reports);
    const last = reports.at(-1);
    assert.deepEqual([last.done, last.total, last.inFlight, last.ok], [20, 20, 0, 20]);
    assert.deepEqual(last, copyOf(stats));
    const middle = reports.find(({ done, inFlight }) => done === 2 && inFlight === 5);
    assert.deepEqual([middle.ok, middle.total, middle.statuses], [2, 20, { 200: 2 }]);
    assert.deepEqual(Object.keys(middle), Object.keys(stats));
    assert.deepEqual(shapeOf(middle), shapeOf(last));
    assert.deepEqual([reports[0].done, reports[0].hosts], [0, {}]);
  });

  test(`${name} that is quick, or has nothing to do, reports once`, async (t) => {
    const { url } = await serve(t);
    for (const [urls, done] of [
      [[], 0],
      [[url, ''], 2],
      [[''], 1],
    ]) {
      const reports = [];
      const stats = await start(urls, { onProgress: (now) => reports.push(copyOf(now)) });
      assert.deepEqual(reports, [copyOf(stats)]);
      assert.deepEqual([reports[0].done, reports[0].total], [done, done]);
    }
  });

  test(`what onProgress of ${name} throws in the middle ends the run, and is what it rejects with`, async (t) => {
    const throwing = async (thrown) => {
      const server = await serveHeld(t);
      let calls = 0;
      const onProgress = () => {
        calls += 1;
        throw thrown;
      };
      const [outcome] = await Promise.allSettled([start(urlsOf(server, 20), { onProgress })]);
      assert.deepEqual(outcome, { status: 'rejected', reason: thrown });
      await server.gone();
      assert.equal(calls, 1);
      assert.ok(server.requests <= 10, `${server.requests} requests`);
    };
    await Promise.all([new Error('mine'), undefined, 'text', null].map(throwing));
  });

  test(`what onProgress of ${name} throws at the end is what it rejects with`, async (t) => {
    const { url } = await serve(t);
    for (const urls of [[url], [], ['']]) {
      const mine = new Error('mine');
      let calls = 0;
      const onProgress = () => {
        calls += 1;
        throw mine;
      };
      await assert.rejects(start(urls, { onProgress }), (error) => error === mine);
      assert.equal(calls, 1);
    }
  });

  test(`an abort ends the reports of ${name}, also one from a report`, async (t) => {
    const server = await serveHeld(t);
    const controller = new AbortController();
    let calls = 0;
    const onProgress = () => {
      calls += 1;
      controller.abort('enough');
    };
    const run = start(urlsOf(server, 5), { onProgress, signal: controller.signal });
    await assert.rejects(run, (reason) => reason === 'enough');
    // As a clock: one that goes on reporting.
    await reported(t, start, 2);
    assert.equal(calls, 1);
  });
}

test('failures and retries are counted in reports as in the end', async (t) => {
  let requests = 0;
  const { url } = await serve(t, (_request, response) => {
    requests += 1;
    response.writeHead(requests % 2 ? 503 : 404).end('sorry');
  });
  const reports = [];
  const retry = { backoff: { base: 1 }, budget: 5 };
  const options = { retry, concurrency: 1, onProgress: (now) => reports.push(copyOf(now)) };
  const { stats } = await downloadAll([url, url, ''], options);
  const { done, failed, retries, statuses, errors } = reports.at(-1);
  assert.deepEqual({ done, failed, retries }, { done: 3, failed: 3, retries: 2 });
  assert.deepEqual([statuses, errors], [{ 404: 2 }, { ERR_INVALID_URL: 1 }]);
  assert.deepEqual(reports.at(-1), copyOf(stats));
});

test('a loop that is left makes no last report', async (t) => {
  const { url } = await serve(t);
  const reports = [];
  const onProgress = (stats) => reports.push(stats.done);
  for await (const _result of downloadEach([url, url, url], { onProgress })) break;
  await reported(t, RUNS.downloadAll, 2);
  assert.deepEqual(reports, []);
});

test('a run that fails by itself makes no last report', async () => {
  const mine = new Error('mine');
  const list = function* () {
    yield '';
    throw mine;
  };
  const onProgress = () => assert.fail('it has not come to its end');
  for (const start of Object.values(RUNS)) {
    await assert.rejects(start(list(), { onProgress }), mine);
    await assert.rejects(start([''], { onProgress, stopOnError: true }), {
      code: 'ERR_INVALID_URL',
    });
  }
});

test('calls of a client report each its own numbers', async (t) => {
  const { url } = await serve(t);
  const client = new Client();
  const ends = await Promise.all(
    [1, 2, 3].map(async (count) => {
      const reports = [];
      const onProgress = ({ total, done }) => reports.push([total, done]);
      await client.downloadAll(new Array(count).fill(url), { onProgress });
      return reports.at(-1);
    }),
  );
  assert.deepEqual(ends, [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});
