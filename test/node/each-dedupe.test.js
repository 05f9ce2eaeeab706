// Equal requests in a loop: what is under way is joined, each item gets a result of its own, and nothing is remembered.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadEach } = require('../../index.js');
const { serveHeld } = require('./held.js');
const { gate, resultsOf } = require('./loops.js');
const { measure } = require('./measure.js');
const { serve, serveRaw, serveRequests } = require('./server.js');

const byIndex = (a, b) => a.index - b.index;

test('items equal to one that is under way get its response, under their own index and tag', async (t) => {
  const server = await serveHeld(t);
  const urls = [`${server.url}/a`, `${server.url}/b`];
  const items = Array.from({ length: 12 }, (_, i) => ({ url: urls[i % 2], tag: `tag ${i}` }));
  const run = downloadEach(items, { dedupe: true });
  const first = run.next();
  await server.holds(2);
  server.release();
  const results = [(await first).value, ...(await resultsOf(run))].sort(byIndex);
  assert.equal(server.requests, 2);
  for (const [i, result] of results.entries()) {
    assert.deepEqual([result.index, result.tag], [i, `tag ${i}`]);
    assert.deepEqual([result.text(), result.requestUrl], [`/${'ab'[i % 2]}`, urls[i % 2]]);
  }
  const { total, done, ok } = run.stats;
  assert.deepEqual([total, done, ok], [12, 12, 12]);
});

test('a copy of an error is an error of its own', async (t) => {
  const server = await serveHeld(t, (request) => request.socket.destroy());
  const items = [0, 1, 2].map((tag) => ({ url: server.url, tag }));
  const run = downloadEach(items, { dedupe: true, retry: false });
  const first = run.next();
  await server.holds(1);
  server.release();
  const results = [(await first).value, ...(await resultsOf(run))].sort(byIndex);
  assert.deepEqual(
    results.map(({ index, tag, error }) => [index, tag, error.code, error.index]),
    [0, 1, 2].map((i) => [i, i, 'ECONNRESET', i]),
  );
  assert.deepEqual([server.requests, run.stats.failed], [1, 3]);
});

test('what differs in an option is sent by itself', async (t) => {
  const server = await serveRequests(t, ({ body }, response) => response.end(body));
  const { url } = server;
  const items = [
    url,
    { url, method: 'POST', body: 'a' },
    { url, method: 'POST', body: 'b' },
    { url, headers: { 'x-a': '1' } },
    { url, responseType: 'none' },
    new URL(url),
  ];
  const run = downloadEach(items, { dedupe: true, concurrency: 1 });
  const results = (await resultsOf(run)).sort(byIndex);
  assert.equal(server.requests.length, 5);
  assert.deepEqual(
    results.map((result) => result.text()),
    ['', 'a', 'b', '', '', ''],
  );
});

test('what was delivered is not joined: it is sent again', async (t) => {
  const server = await serveRequests(t, (_request, response) =>
    response.end(`${server.requests.length}`),
  );
  const { url } = server;
  let delivered = gate();
  async function* list() {
    for (let i = 0; i < 5; i++) {
      delivered = gate();
      yield url;
      await delivered.opened;
    }
  }
  const texts = [];
  for await (const result of downloadEach(list(), { dedupe: true })) {
    texts.push(`${result.index} ${result.text()}`);
    delivered.open();
  }
  assert.deepEqual(texts, ['0 1', '1 2', '2 3', '3 4', '4 5']);
});

test('without dedupe every item is sent', async (t) => {
  const server = await serveRequests(t);
  await resultsOf(downloadEach(new Array(20).fill(server.url)));
  assert.equal(server.requests.length, 20);
});

test('thousands of copies come once each, among others', async (t) => {
  const server = await serve(t, (request, response) => {
    server.requests += 1;
    response.end(request.url);
  });
  server.requests = 0;
  const count = 6_000;
  const kinds = 7;
  function* list() {
    for (let i = 0; i < count; i++) {
      yield { url: `${server.url}/${i % 3 === 0 ? `own/${i}` : i % kinds}`, tag: i };
    }
  }
  const seen = new Uint8Array(count);
  for await (const { index, tag, requestUrl } of downloadEach(list(), { dedupe: true })) {
    const path = index % 3 === 0 ? `own/${index}` : index % kinds;
    assert.deepEqual([tag, requestUrl], [index, `${server.url}/${path}`]);
    seen[index] += 1;
  }
  assert.ok(seen.every((times) => times === 1));
  assert.ok(server.requests >= 2_000 + kinds && server.requests < count, `${server.requests}`);
});

test('a long loop with dedupe remembers nothing', async (t) => {
  const { url } = await serveRaw(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
  });
  const { halves, ok } = await measure(async (url) => {
    const { downloadEach } = require('manyfetch');
    const { setImmediate } = require('node:timers/promises');
    const count = 30_000;
    const path = 'x'.repeat(1_000);
    function* list() {
      for (let i = 0; i < count; i++) yield `${url}/${path}/${i - (i % 2)}`;
    }
    const used = async () => {
      for (let i = 0; i < 3; i++) {
        gc();
        await setImmediate();
      }
      const { heapUsed, external, rss } = process.memoryUsage();
      return heapUsed + external + rss;
    };
    const marks = [];
    const run = downloadEach(list(), { dedupe: true, concurrencyPerHost: 50 });
    let delivered = 0;
    for await (const _result of run) {
      delivered += 1;
      if (delivered % 10_000 === 0) marks.push(await used());
    }
    const halves = marks.slice(1).map((mark, i) => mark - marks[i]);
    console.log(JSON.stringify({ halves, ok: run.stats.ok }));
  }, url);
  assert.equal(ok, 30_000);
  // Ten thousand URLs have ten million bytes.
  assert.ok(Math.min(...halves) < 4 << 20, `${halves} bytes`);
});
