// Runs in which equal requests are sent once: long lists, the numbers of the run, and its ends.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { closedPort, serve } = require('./server.js');

/** Answers everything with its path, and keeps the paths. */
async function servePaths(t, handler = (request, response) => response.end(request.url)) {
  const paths = [];
  const server = await serve(t, (request, response) => {
    paths.push(request.url);
    handler(request, response);
  });
  return Object.assign(server, { paths });
}

test('a copy that comes when its request is long done is the same', async (t) => {
  const { url, paths } = await servePaths(t);
  const dead = `http://127.0.0.1:${await closedPort(t)}/`;
  const distinct = Array.from({ length: 1_500 }, (_, i) => `${url}/${i}`);
  const firsts = [dead, ...distinct];
  const list = [...firsts, `${url}/0`, dead, `${url}/700`, dead];
  const results = await downloadAll(list, { dedupe: true, concurrency: 1, retry: false });
  assert.equal(paths.length, 1_500);
  assert.deepEqual(
    results.slice(firsts.length).map((result) => result.error?.code ?? result.text()),
    ['/0', 'ECONNREFUSED', '/700', 'ECONNREFUSED'],
  );
  for (const [i, { index, error }] of results.entries()) {
    assert.equal(index, i);
    if (error !== undefined) assert.equal(error.index, i);
  }
});

test('a list that is read after its first request is done has its copies all the same', async (t) => {
  const { url, paths } = await servePaths(t);
  // Bodies that are still to be read hold the rest of the list up.
  const late = { url: `${url}/late`, method: 'POST', body: new Blob(['late']) };
  const list = [
    ...new Array(1_024).fill(`${url}/a`),
    late,
    ...new Array(50).fill(`${url}/a`),
    late,
  ];
  const results = await downloadAll(list, { dedupe: true });
  assert.deepEqual(paths.sort(), ['/a', '/late']);
  assert.deepEqual(
    results.map((result) => result.text()),
    list.map((item) => (item === late ? '/late' : '/a')),
  );
});

test('10,000 items of ten URLs are ten requests, and every item has its own result', async (t) => {
  const { url, paths } = await servePaths(t);
  const items = Array.from({ length: 10_000 }, (_, i) => ({ url: `${url}/${i % 10}`, tag: i }));
  const results = await downloadAll(items, { dedupe: true });
  assert.equal(paths.length, 10);
  assert.equal(results.length, 10_000);
  for (const [i, result] of results.entries()) {
    assert.ok(result.index === i && result.tag === i && result.text() === `/${i % 10}`, String(i));
  }
});

test('the stats count the items, and the bytes and connections of what was sent', async (t) => {
  const { url } = await servePaths(t, (request, response) => {
    response.writeHead(Number(request.url.slice(1))).end('12345');
  });
  const urls = [200, 404, 200, 404, 404, 200, 200].map((status) => `${url}/${status}`);
  const { stats } = await downloadAll([...urls, '', ''], { dedupe: true, concurrency: 1 });
  const { total, done, ok, failed, inFlight, bytes, wireBytes, statuses, errors } = stats;
  assert.deepEqual(
    { total, done, ok, failed, inFlight, bytes, wireBytes, statuses, errors },
    {
      total: 9,
      done: 9,
      ok: 4,
      failed: 5,
      inFlight: 0,
      bytes: 10,
      wireBytes: 10,
      statuses: { 200: 4, 404: 3 },
      errors: { ERR_INVALID_URL: 2 },
    },
  );
  const { opened, reused } = stats.connections;
  // The pool may open one more than it needs.
  assert.ok(opened + reused >= 2 && opened + reused <= 3, `${opened} opened, ${reused} reused`);
  assert.ok(stats.latency.p50 > 0 && stats.latency.max >= stats.latency.p50);
});

test('with stopOnError the first of them that fails ends the call', async (t) => {
  const dead = `http://127.0.0.1:${await closedPort(t)}/`;
  const options = { dedupe: true, stopOnError: true, retry: false };
  await assert.rejects(downloadAll([dead, dead, dead], options), (error) => {
    assert.deepEqual([error.code, error.url], ['ECONNREFUSED', dead]);
    assert.equal(error.index, 0);
    return true;
  });
});

test('a deadline ends the copies with the one that was sent', async (t) => {
  const { url, paths } = await servePaths(t, () => {});
  const options = { dedupe: true, deadline: 200, concurrency: 1 };
  const results = await downloadAll([`${url}/a`, `${url}/b`, `${url}/a`, `${url}/b`], options);
  assert.deepEqual(
    results.map(({ error }) => [error?.code, error?.phase, error?.index]),
    [0, 1, 2, 3].map((index) => ['ETIMEDOUT', 'deadline', index]),
  );
  assert.deepEqual(paths, ['/a']);
  assert.deepEqual(results.stats.errors, { ETIMEDOUT: 4 });
});

test('an abort ends them too, and no connection is left', async (t) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const server = await servePaths(t, () => controller.abort(reason));
  const { signal } = controller;
  const run = downloadAll(new Array(3_000).fill(server.url), { dedupe: true, signal });
  await assert.rejects(run, (error) => error === reason);
  await server.gone();
  assert.equal(server.paths.length, 1);
});

test('copies share what a limit of the body, a checksum or a type of response made of it', async (t) => {
  const { url } = await servePaths(t);
  const checksum = `sha256-${'0'.repeat(64)}`;
  const ways = [{ maxBodySize: 1 }, { checksum }, { responseType: 'none' }];
  const items = [...ways, ...ways].map((way) => ({ url: `${url}/path`, ...way }));
  const results = await downloadAll(items, { dedupe: true });
  const outcomes = results.map(({ error, size, body }) => error?.code ?? [size, body.length]);
  const expected = ['ERR_BODY_TOO_LARGE', 'ERR_CHECKSUM_MISMATCH', [5, 0]];
  assert.deepEqual(outcomes, [...expected, ...expected]);
});

test('equal requests of two calls are sent by both', async (t) => {
  const { url, paths } = await servePaths(t);
  const client = new Client();
  const urls = [`${url}/a`, `${url}/a`];
  const calls = [1, 2].map(() => client.downloadAll(urls, { dedupe: true }));
  for (const results of await Promise.all(calls)) {
    assert.deepEqual(
      results.map((result) => result.text()),
      ['/a', '/a'],
    );
  }
  assert.deepEqual(paths, ['/a', '/a']);
});

test('dedupe belongs to a call, and is true or false', async (t) => {
  const { url } = await servePaths(t);
  assert.throws(() => new Client({ dedupe: true }), { code: 'ERR_INVALID_ARG_VALUE' });
  const [{ error }] = await downloadAll([{ url, dedupe: true }]);
  assert.equal(error?.code, 'ERR_INVALID_ARG_VALUE');
  for (const dedupe of [null, 1, 'yes']) {
    await assert.rejects(downloadAll([url], { dedupe }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('thousands of different bodies for one URL are told apart as quickly as URLs are', async (t) => {
  let sent = 0;
  const { url } = await serve(t, (request, response) => {
    sent += 1;
    request.on('end', () => response.end()).resume();
  });
  const bodies = Array.from({ length: 20_000 }, (_, i) => ({ url, body: `${i % 10_000}` }));
  const options = { method: 'POST', dedupe: true, concurrencyPerHost: 50, responseType: 'head' };
  const { stats } = await downloadAll(bodies, options);
  assert.deepEqual([stats.ok, sent], [20_000, 10_000]);
});
