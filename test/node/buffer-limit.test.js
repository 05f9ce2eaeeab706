// How much of bodies a call of downloadAll may hold in memory: what is beyond that fails by itself, and the rest is good.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { downloadAll } = require('../../index.js');
const { measure } = require('./measure.js');
const { serve } = require('./server.js');

const KIB = 1 << 10;
const ONE_BY_ONE = { concurrency: 1 };

/** A server of /<number of bytes>, in a few pieces and without a length where /pieces/ stands before it. */
function serveSizes(t) {
  return serve(t, (request, response) => {
    const [size] = request.url.split('/').slice(-1);
    const body = Buffer.alloc(Number(size), 'x');
    if (!request.url.startsWith('/pieces')) return response.end(body);
    for (let at = 0; at < body.length; at += 16 * KIB) {
      response.write(body.subarray(at, at + 16 * KIB));
    }
    if (request.url.startsWith('/pieces/cut')) response.socket.end();
    else response.end();
  });
}

/** The sizes of all results, or the codes of their errors. */
const outcomes = (results) => results.map(({ error, body }) => error?.code ?? body.length);

const sizesOf = ({ url }, sizes) => sizes.map((size) => `${url}/${size}`);

test('further items fail when the bodies of a call reach maxBufferedBytes, and others stay good', async (t) => {
  const server = await serveSizes(t);
  const options = { ...ONE_BY_ONE, maxBufferedBytes: 100 * KIB };
  const sizes = [60, 39, 2, 1, 1, 0].map((size) => size * KIB);
  const results = await downloadAll(sizesOf(server, sizes), options);
  assert.deepEqual(outcomes(results), [
    60 * KIB,
    39 * KIB,
    'ERR_BUFFER_LIMIT',
    KIB,
    'ERR_BUFFER_LIMIT',
    0,
  ]);
  for (const result of results) {
    if (result.error === undefined) assert.ok(result.text() === 'x'.repeat(result.size));
  }
  assert.deepEqual([results.stats.ok, results.stats.failed], [4, 2]);
  assert.deepEqual(results.stats.errors, { ERR_BUFFER_LIMIT: 2 });
});

test('the error names the ways out, and its item like any other', async (t) => {
  const { url } = await serveSizes(t);
  const items = [{ url: `${url}/2000`, tag: 'mine' }];
  const [result] = await downloadAll(items, { maxBufferedBytes: 1_999 });
  const { error } = result;
  assert.equal(error.name, 'DownloadError');
  assert.deepEqual([error.code, error.index, error.attempts], ['ERR_BUFFER_LIMIT', 0, 1]);
  assert.deepEqual([error.url, result.tag, result.ok], [`${url}/2000`, 'mine', false]);
  for (const way of ['downloadEach', 'saveTo', "responseType 'none'", '1999', url]) {
    assert.ok(error.message.includes(way), error.message);
  }
});

test('it is not tried again', async (t) => {
  let requests = 0;
  const { url } = await serve(t, (_request, response) => {
    requests += 1;
    response.end('too much');
  });
  const [{ error, attempts }] = await downloadAll([url], { maxBufferedBytes: 7 });
  assert.deepEqual([error.code, attempts, requests], ['ERR_BUFFER_LIMIT', 1, 1]);
});

test('a body of just that size fits', async (t) => {
  const server = await serveSizes(t);
  for (const path of ['', '/pieces']) {
    const urls = [`${server.url}${path}/${50 * KIB}`, `${server.url}${path}/${50 * KIB}`];
    const results = await downloadAll(urls, { maxBufferedBytes: 100 * KIB });
    assert.deepEqual(outcomes(results), [50 * KIB, 50 * KIB]);
  }
});

test('what fails in the middle gives its bytes back', async (t) => {
  const { url } = await serveSizes(t);
  const large = 80 * KIB;
  const checksum = `sha256-${'0'.repeat(64)}`;
  const failing = [
    ...[{ url: `${url}/pieces/${200 * KIB}` }, { url: `${url}/${200 * KIB}` }],
    ...[{ url: `${url}/pieces/cut/${large}` }, { url: `${url}/${large}`, checksum }],
    { url: `${url}/pieces/${large}`, maxBodySize: large - 1 },
  ];
  const items = failing.flatMap((item) => [item, item]);
  const options = { ...ONE_BY_ONE, maxBufferedBytes: 100 * KIB, retry: false };
  const results = await downloadAll([...items, `${url}/${100 * KIB}`], options);
  const codes = [
    ...['ERR_BUFFER_LIMIT', 'ERR_BUFFER_LIMIT', 'ERR_BODY_TRUNCATED'],
    ...['ERR_CHECKSUM_MISMATCH', 'ERR_BODY_TOO_LARGE'],
  ];
  const expected = codes.flatMap((code) => [code, code]);
  assert.deepEqual(outcomes(results), [...expected, 100 * KIB]);
});

test('the body of an attempt that is repeated gives its bytes back', async (t) => {
  let requests = 0;
  const { url } = await serve(t, (_request, response) => {
    requests += 1;
    response.writeHead(requests < 3 ? 503 : 200).end(Buffer.alloc(80 * KIB));
  });
  const retry = { backoff: { base: 0 } };
  const [result] = await downloadAll([url], { retry, maxBufferedBytes: 100 * KIB });
  assert.deepEqual([result.status, result.attempts, result.size], [200, 3, 80 * KIB]);
});

test('decoded bytes count', async (t) => {
  const body = zlib.gzipSync(Buffer.alloc(1 << 20));
  const { url } = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
  });
  const options = { ...ONE_BY_ONE, maxBufferedBytes: (1 << 20) - 1 };
  assert.deepEqual(outcomes(await downloadAll([url], options)), ['ERR_BUFFER_LIMIT']);
  const raw = await downloadAll([{ url, decompress: false }], options);
  assert.deepEqual(outcomes(raw), [body.length]);
});

test('bodies that are dropped do not count, and equal items count once', async (t) => {
  const { url } = await serveSizes(t);
  const list = new Array(10).fill(`${url}/${60 * KIB}`);
  const options = { maxBufferedBytes: 100 * KIB };
  const dropped = await downloadAll(list, { ...options, responseType: 'none' });
  assert.equal(dropped.stats.ok, 10);
  const joined = await downloadAll(list, { ...options, dedupe: true });
  assert.deepEqual(outcomes(joined), new Array(10).fill(60 * KIB));
});

test('each call has a limit of its own', async (t) => {
  const { url } = await serveSizes(t);
  const options = { maxBufferedBytes: 100 * KIB };
  const runs = [1, 2, 3].map(() => downloadAll([`${url}/${100 * KIB}`], options));
  for (const results of await Promise.all(runs)) assert.equal(results.stats.ok, 1);
});

test('many at once hold no more than that in all, and who got in is whole', async (t) => {
  const { url } = await serveSizes(t);
  const list = Array.from({ length: 40 }, (_, i) => `${url}/pieces/${(i % 5) * 20 * KIB}`);
  const options = { concurrencyPerHost: 20, maxBufferedBytes: 300 * KIB };
  const results = await downloadAll(list, options);
  const good = results.filter((result) => result.ok);
  const held = good.reduce((sum, result) => sum + result.body.length, 0);
  assert.ok(held <= 300 * KIB, `${held} bytes`);
  for (const { requestUrl, body } of good) {
    assert.equal(`${body.length}`, requestUrl.slice(requestUrl.lastIndexOf('/') + 1));
  }
  for (const { error } of results) assert.ok(!error || error.code === 'ERR_BUFFER_LIMIT');
  assert.ok(good.length >= 8, 'the empty ones, at least');
});

/** JSON has no Infinity. */
const NO_LIMIT = null;

/** The outcomes of ten bodies of 200 KiB in a process that may have `memory` bytes. */
function inMemoryOf(memory, { url, maxBufferedBytes }) {
  return measure(
    async ({ memory, url, limit }) => {
      // Before the library is loaded.
      process.constrainedMemory = () => memory;
      const { downloadAll } = require('manyfetch');
      const maxBufferedBytes = limit === null ? Number.POSITIVE_INFINITY : limit;
      const options = { concurrency: 1, maxBufferedBytes };
      const results = await downloadAll(new Array(10).fill(url), options);
      console.log(JSON.stringify(results.map(({ error }) => error?.code ?? 'good')));
    },
    { memory, url, limit: maxBufferedBytes },
  );
}

test('half of what memory the process may have is a limit, too, and no option lifts it', async (t) => {
  const server = await serveSizes(t);
  const url = `${server.url}/${200 * KIB}`;
  const cut = [...new Array(5).fill('good'), ...new Array(5).fill('ERR_BUFFER_LIMIT')];
  const less = ['good', ...new Array(9).fill('ERR_BUFFER_LIMIT')];
  const limits = [undefined, 1 << 30, NO_LIMIT, 200 * KIB];
  const runs = limits.map((maxBufferedBytes) => inMemoryOf(2 << 20, { url, maxBufferedBytes }));
  assert.deepEqual(await Promise.all(runs), [cut, cut, cut, less]);
});

test('a system that sets no limit to the process is no limit', async (t) => {
  const server = await serveSizes(t);
  const url = `${server.url}/${200 * KIB}`;
  const runs = [0, 2 ** 64 - 1, undefined].map((memory) => inMemoryOf(memory, { url }));
  for (const good of await Promise.all(runs)) assert.deepEqual(good, new Array(10).fill('good'));
});
