// Results one by one: every one of them, once, as it comes, and nothing before it is asked for.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadEach } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { endless, resultsOf, watched, watchedAsync } = require('./loops.js');
const { serve, serveRequests } = require('./server.js');
const { until } = require('./until.js');

/** Items that are taken in beyond those in flight. */
const LOOK_AHEAD = 1_000;
const DONE = { value: undefined, done: true };

test('results come in the order of completion, each with the index of its item', async (t) => {
  const held = new Map();
  const server = await serve(t, (request, response) => held.set(request.url, response));
  const run = downloadEach(urlsOf(server, 5));
  const first = run.next();
  await until(() => held.size === 5);
  const order = [3, 0, 4, 2, 1];
  const seen = [];
  let next = first;
  for (const index of order) {
    held.get(`/${index}`).end(`${index}`);
    const { value, done } = await next;
    seen.push([value.index, value.text(), done]);
    next = run.next();
  }
  assert.deepEqual(
    seen,
    order.map((index) => [index, `${index}`, false]),
  );
  assert.deepEqual(await next, DONE);
});

test('each of ten thousand items is delivered once', async (t) => {
  const server = await serve(t);
  const count = 10_000;
  const run = downloadEach(watched(urlsOf(server, count)).list, { concurrencyPerHost: 50 });
  const times = new Uint8Array(count);
  for await (const result of run) {
    assert.equal(result.text(), `/${result.index}`);
    times[result.index] += 1;
  }
  assert.ok(times.every((time) => time === 1));
  const { total, done, ok, failed, inFlight } = run.stats;
  assert.deepEqual([total, done, ok, failed, inFlight], [count, count, count, 0, 0]);
});

test('nothing is pulled and nothing is sent before the first result is asked for', async (t) => {
  const server = await serveHeld(t);
  const seen = watched(urlsOf(server, 3));
  const untouchable = { [Symbol.asyncIterator]: () => assert.fail('the list was read') };
  const runs = [downloadEach(seen.list), downloadEach(untouchable)];
  for (const run of runs) {
    assert.deepEqual([run.stats.total, run.stats.done], [0, 0]);
    assert.equal(run[Symbol.asyncIterator](), run);
  }
  // Another run, begun later, would not be the first one there.
  server.release();
  await resultsOf(downloadEach([`${server.url}/other`]));
  assert.deepEqual([seen.pulled, server.requests], [0, 1]);
  assert.equal((await resultsOf(runs[0])).length, 3);
});

for (const [kind, watch] of [
  ['a list', watched],
  ['an async list', watchedAsync],
]) {
  test(`${kind} without end is pulled only so far ahead, also while the loop rests`, async (t) => {
    const server = await serve(t);
    const concurrency = 20;
    const seen = watch(endless(server.url));
    let delivered = 0;
    let most = 0;
    for await (const result of downloadEach(seen.list, { concurrency, concurrencyPerHost: 20 })) {
      most = Math.max(most, seen.pulled - delivered);
      // Now and then the list gets the time to run ahead.
      if (delivered % 1_000 === 0) await until(() => seen.pulled - delivered > LOOK_AHEAD / 2);
      assert.equal(result.text(), `/${result.index}`);
      delivered += 1;
      if (delivered === 5_000) break;
    }
    assert.ok(most <= concurrency + LOOK_AHEAD, `${most} items ahead`);
    assert.equal(seen.closed, 1);
  });
}

test('while the loop rests, all that was pulled is done, and nothing more is pulled', async (t) => {
  const server = await serve(t);
  const seen = watched(endless(server.url));
  const concurrency = 5;
  const run = downloadEach(seen.list, { concurrency });
  await run.next();
  await until(() => run.stats.done === concurrency + LOOK_AHEAD);
  assert.deepEqual([seen.pulled, run.stats.inFlight], [concurrency + LOOK_AHEAD, 0]);
  await run.return();
});

test('items that fail are results, and bad ones are too', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(request.url === '/missing' ? 404 : 200).end(request.url);
  });
  const tag = Symbol('tag');
  const items = [
    `${url}/fine`,
    `${url}/missing`,
    'no URL',
    null,
    5,
    { tag, url: `${url}/x`, methd: 'GET' },
    { tag },
    { url: new URL(`${url}/tagged`), tag },
  ];
  const results = (await resultsOf(downloadEach(items))).sort((a, b) => a.index - b.index);
  const shown = results.map(({ status, error, tag }) => [status, error?.code, tag]);
  assert.deepEqual(shown, [
    [200, undefined, undefined],
    [404, undefined, undefined],
    [0, 'ERR_INVALID_URL', undefined],
    [0, 'ERR_INVALID_ARG_TYPE', undefined],
    [0, 'ERR_INVALID_ARG_TYPE', undefined],
    [0, 'ERR_INVALID_ARG_VALUE', tag],
    [0, 'ERR_INVALID_ARG_TYPE', tag],
    [200, undefined, tag],
  ]);
  assert.deepEqual([results[5].error.index, results[7].text()], [5, '/tagged']);
});

test('an empty list ends at once, and after the end there is nothing more', async () => {
  const empty = [[], new Set(), (function* () {})(), (async function* () {})()];
  for (const list of empty) {
    const run = downloadEach(list);
    assert.deepEqual(await Promise.all([run.next(), run.next()]), [DONE, DONE]);
    assert.deepEqual(await run.next(), DONE);
    assert.equal(run.stats.total, 0);
  }
});

test('several results may be asked for at once', async (t) => {
  const server = await serveHeld(t);
  const run = downloadEach(urlsOf(server, 6));
  const asked = Array.from({ length: 10 }, () => run.next());
  await server.holds(6);
  server.release();
  const steps = await Promise.all(asked);
  assert.deepEqual(
    steps.map(({ done }) => done),
    [...new Array(6).fill(false), ...new Array(4).fill(true)],
  );
  const indexes = steps.slice(0, 6).map(({ value }) => value.index);
  assert.deepEqual(indexes.sort(), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(await run.next(), DONE);
});

test('the numbers of a run are there while it lasts, and stay after its end', async (t) => {
  const server = await serveHeld(t);
  const run = downloadEach([...urlsOf(server, 3), ''], { concurrency: 2 });
  const first = await run.next();
  assert.equal(first.value.error.code, 'ERR_INVALID_URL');
  await server.holds(2);
  const during = run.stats;
  assert.deepEqual([during.total, during.done, during.inFlight], [4, 1, 2]);
  server.release();
  assert.equal((await resultsOf(run)).length, 3);
  const { total, done, ok, failed, inFlight, statuses, errors, hosts } = run.stats;
  assert.deepEqual([total, done, ok, failed, inFlight], [4, 4, 3, 1, 0]);
  assert.deepEqual([statuses, errors], [{ 200: 3 }, { ERR_INVALID_URL: 1 }]);
  assert.equal(hosts[new URL(server.url).host].requests, 3);
  assert.equal(during.done, 1, 'what was read is kept as it was');
  assert.deepEqual(run.stats, run.stats);
});

test('a body that all requests share may be a Blob', async (t) => {
  const server = await serveRequests(t, ({ body }, response) => response.end(body));
  for (const downloader of [{ downloadEach }, new Client()]) {
    const body = new Blob(['shared ', 'by all']);
    const run = downloader.downloadEach(urlsOf(server, 3), { method: 'POST', body });
    const results = await resultsOf(run);
    assert.deepEqual(
      results.map((result) => result.text()),
      new Array(3).fill('shared by all'),
    );
    assert.equal(run.stats.ok, 3);
  }
});

test('items whose bodies are Blobs are sent in the order of the list', async (t) => {
  const server = await serveRequests(t, ({ body }, response) => response.end(body));
  const count = 60;
  const items = Array.from({ length: count }, (_, i) => {
    const body = i % 3 === 0 ? new Blob([`${i}`]) : `${i}`;
    return { url: server.url, method: 'POST', body, tag: i };
  });
  async function* slowly() {
    for (const item of items) {
      if (item.tag % 10 === 5) await new Promise(setImmediate);
      yield item;
    }
  }
  for (const list of [items, slowly()]) {
    const before = server.requests.length;
    for await (const { index, tag, body } of downloadEach(list, { concurrency: 1 })) {
      assert.deepEqual([tag, `${body}`], [index, `${index}`]);
    }
    const sent = server.requests.slice(before).map(({ body }) => Number(body));
    assert.deepEqual(sent, [...new Array(count).keys()]);
  }
});
