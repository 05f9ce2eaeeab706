// Ten thousand items, every tenth broken in another way: each has its own outcome, in its own place.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { closedPort, serve } = require('./server.js');

const ITEMS = 10_000;

/** What a server does with a request it does not answer well. */
const MISDEEDS = {
  '/silent': () => {},
  '/reset': ({ socket }) => socket.resetAndDestroy(),
  '/cut': ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all of it'),
  '/missing': (_request, response) => response.writeHead(404).end('no such thing'),
};

test('10,000 items with every kind of fault between them keep their order and their outcomes', async (t) => {
  const { url } = await serve(t, (request, response) => {
    const misdeed = MISDEEDS[request.url];
    if (misdeed === undefined) response.end(request.url);
    else misdeed(request, response);
  });
  const port = await closedPort(t);
  const broken = [
    { item: 'http://no url', outcome: 'ERR_INVALID_URL' },
    { item: `http://127.0.0.1:${port}/`, outcome: 'ECONNREFUSED' },
    { item: { url: `${url}/silent`, timeout: { response: 50 } }, outcome: 'ETIMEDOUT' },
    { item: `${url}/reset`, outcome: 'ECONNRESET' },
    { item: `${url}/cut`, outcome: 'ERR_BODY_TRUNCATED' },
    { item: `${url}/missing`, outcome: 404 },
    { item: null, outcome: 'ERR_INVALID_ARG_TYPE' },
  ];
  const faultAt = (i) => (i % 10 === 9 ? broken[Math.floor(i / 10) % broken.length] : undefined);
  const items = Array.from(
    { length: ITEMS },
    (_, i) => faultAt(i)?.item ?? (faultAt(i) ? null : `${url}/${i}`),
  );
  const results = await downloadAll(items, {
    concurrency: 200,
    concurrencyPerHost: 100,
    retry: false,
  });
  assert.equal(results.length, ITEMS);
  for (const [i, result] of results.entries()) {
    const outcome = result.error?.code ?? (result.ok ? result.text() : result.status);
    assert.equal(outcome, faultAt(i)?.outcome ?? `/${i}`);
    assert.equal(result.index, i);
  }
  const { total, done, ok, failed, errors, statuses } = results.stats;
  assert.deepEqual(
    { total, done, ok, failed },
    { total: ITEMS, done: ITEMS, ok: 9_000, failed: 1_000 },
  );
  assert.equal(Object.values(errors).reduce((sum, count) => sum + count) + statuses[404], 1_000);
});

test('a list of nothing but faults resolves', async () => {
  const results = await downloadAll(
    Array.from({ length: 5_000 }, (_, i) => (i % 2 === 0 ? null : '')),
  );
  assert.equal(results.length, 5_000);
  assert.deepEqual(results.stats.errors, { ERR_INVALID_ARG_TYPE: 2_500, ERR_INVALID_URL: 2_500 });
});
