// Equal requests that are sent once: which are equal, and what each of their items is told.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { downloadAll } = require('../../index.js');
const { closedPort, serve } = require('./server.js');

/** Answers everything with its path, and counts what it was asked: `GET /path`. */
async function serveCounted(t, handler = (request, response) => response.end(request.url)) {
  const counts = {};
  const server = await serve(t, (request, response) => {
    const name = `${request.method} ${request.url}`;
    counts[name] = (counts[name] ?? 0) + 1;
    request.resume().on('end', () => handler(request, response));
  });
  return Object.assign(server, { counts });
}

test('equal requests are sent as often as they are asked for, unless dedupe is set', async (t) => {
  const { url, counts } = await serveCounted(t);
  const urls = [`${url}/a`, `${url}/a`, `${url}/a`];
  for (const dedupe of [undefined, false]) await downloadAll(urls, { dedupe });
  assert.deepEqual(counts, { 'GET /a': 6 });
  const results = await downloadAll(urls, { dedupe: true });
  assert.deepEqual(counts, { 'GET /a': 7 });
  assert.equal(results.length, 3);
});

test('each item has a result of its own, with its index and its tag and the rest in common', async (t) => {
  const { url } = await serveCounted(t, (request, response) => {
    response.writeHead(201, 'Made Up', [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    response.end(`{"path":"${request.url}"}`);
  });
  const items = [
    { url: `${url}/a`, tag: 'first' },
    `${url}/b`,
    { url: `${url}/a`, tag: { second: true } },
    `${url}/a`,
  ];
  const results = await downloadAll(items, { dedupe: true });
  assert.deepEqual(
    results.map(({ index, tag }) => [index, tag]),
    [
      [0, 'first'],
      [1, undefined],
      [2, { second: true }],
      [3, undefined],
    ],
  );
  const [first, other, ...copies] = results;
  assert.deepEqual(other.json(), { path: '/b' });
  for (const copy of copies) {
    assert.notEqual(copy, first);
    for (const name of ['url', 'requestUrl', 'status', 'statusText', 'ok', 'httpVersion']) {
      assert.equal(copy[name], first[name], name);
    }
    for (const name of ['remoteAddress', 'decoded', 'size', 'wireSize', 'attempts', 'error']) {
      assert.equal(copy[name], first[name], name);
    }
    for (const name of ['redirects', 'timings', 'body']) assert.deepEqual(copy[name], first[name]);
    assert.deepEqual([...copy.headers], [...first.headers]);
    assert.deepEqual(copy.json(), { path: '/a' });
    assert.equal(copy.text(), first.text());
    assert.equal(await copy.toResponse().text(), first.text());
    assert.deepEqual(copy.bytes(), first.bytes());
    assert.notEqual(copy.arrayBuffer(), first.arrayBuffer());
  }
  assert.ok(copies.every(({ body }) => body.buffer === first.body.buffer));
});

test('URLs are equal as the URL standard reads them, whatever their fragment', async (t) => {
  const { port, counts } = await serveCounted(t);
  const urls = [
    `http://127.0.0.1:${port}/a/b?c#one`,
    `HTTP://127.0.0.1:${port}/a/b?c#two`,
    new URL(`http://127.0.0.1:${port}/a/b?c`),
    { url: `http://127.1:${port}/a/x/../b?c#` },
    `http://0x7f.1:${port}/a/./b?c`,
    ` http://127.0.0.1:${port}/a/b?c\n`,
  ];
  const results = await downloadAll(urls, { dedupe: true });
  assert.ok(results.every((result) => result.text() === '/a/b?c'));
  assert.deepEqual(counts, { 'GET /a/b?c': 1 });
});

test('the name of a host is equal in any case, and a default port to none', async (t) => {
  const { port, counts } = await serveCounted(t);
  const names = [`http://LOCALHOST:${port}/`, `http://localhost:${port}`];
  await downloadAll(names, { dedupe: true });
  assert.deepEqual(counts, { 'GET /': 1 });
  const urls = ['http://one.test/x', 'http://ONE.test:80/x', 'http://one.test:080/x#y'];
  const proxy = await serveCounted(t);
  const results = await downloadAll(urls, { dedupe: true, proxy: proxy.url });
  assert.ok(results.every(({ status }) => status === 200));
  assert.deepEqual(proxy.counts, { 'GET http://one.test/x': 1 });
});

test('what differs in anything is sent by itself', async (t) => {
  const { url, counts } = await serveCounted(t);
  const ways = [
    {},
    { headers: { 'x-a': '1' } },
    { headers: { 'x-a': '2' } },
    { headers: { 'x-a': ['1', '2'] } },
    { auth: { bearer: 'one' } },
    { auth: { bearer: 'two' } },
    { timeout: 50_000 },
    { timeout: { idle: 50_000 } },
    { retry: 1 },
    { maxBodySize: 1_000 },
    { decompress: false },
    { redirect: 'manual' },
    { responseType: 'none' },
    { minSpeed: 1 },
    { maxRedirects: 1 },
    { method: 'POST' },
    { method: 'POST', body: 'a' },
    { method: 'POST', body: 'b' },
    { method: 'POST', json: 'a' },
    { method: 'HEAD' },
  ];
  const items = [...ways, ...ways].map((way) => ({ url: `${url}/same`, ...way }));
  const results = await downloadAll(items, { dedupe: true });
  assert.deepEqual(counts, { 'GET /same': 15, 'POST /same': 4, 'HEAD /same': 1 });
  assert.ok(results.every(({ ok }) => ok));
  const others = ['/same/', '/SAME', '/same?', '/same?a'].map((path) => url + path);
  await downloadAll([...others, ...others, url.replace('://', '://me:secret@')], { dedupe: true });
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count),
    25,
  );
});

test('options are equal however they are written', async (t) => {
  const { url, counts } = await serveCounted(t);
  const headers = [
    { 'X-A': '1', 'x-b': ['2', '3'] },
    new Map([
      ['x-a', ' 1 '],
      ['X-B', '2, 3'],
    ]),
    new Headers({ 'x-a': '1', 'x-b': '2, 3' }),
    [
      ['x-a', '1'],
      ['x-b', '2'],
      ['x-b', '3'],
    ],
  ];
  const items = headers.map((headers) => ({ url, headers, method: 'get' }));
  await downloadAll([...items, ...items, { ...items[0], tag: 1, method: 'GET' }], { dedupe: true });
  // Two fields on the wire are not one.
  assert.deepEqual(counts, { 'GET /': 2 });
});

test('the order in which different fields are given makes no request another', async (t) => {
  const { url, counts } = await serveCounted(t);
  const items = [
    { url, headers: { 'x-a': '1', 'x-b': '2' } },
    { url, headers: { 'x-b': '2', 'x-a': '1' } },
  ];
  const results = await downloadAll(items, { dedupe: true });
  assert.ok(results.every(({ ok }) => ok));
  assert.deepEqual(counts, { 'GET /': 1 });
});

test('an option that says what the call says anyway makes no request another', async (t) => {
  const { url, counts } = await serveCounted(t);
  const headers = { 'x-a': '1' };
  const items = [url, { url, headers }, { url, headers: {} }, { url, retry: 2, method: 'GET' }];
  const results = await downloadAll(items, { dedupe: true, headers });
  assert.ok(results.every(({ ok }) => ok));
  assert.deepEqual(counts, { 'GET /': 1 });
});

test('bodies are equal by their bytes, in whatever form they are given', async (t) => {
  const { url, counts } = await serveCounted(t);
  const bytes = new TextEncoder().encode('body');
  const bodies = ['body', bytes, bytes.buffer, Buffer.from('body'), new Blob(['body'])];
  const headers = { 'content-type': 'text/plain' };
  const items = bodies.map((body) => ({ url, method: 'POST', body, headers }));
  await downloadAll(items, { dedupe: true });
  assert.deepEqual(counts, { 'POST /': 1 });
});

test('all copies of a request that failed have its error, each with its own index', async (t) => {
  const port = await closedPort(t);
  const { url } = await serveCounted(t);
  const dead = `http://127.0.0.1:${port}/`;
  const results = await downloadAll([dead, url, dead, dead], { dedupe: true, retry: false });
  assert.equal(results[1].ok, true);
  const errors = [0, 2, 3].map((i) => results[i].error);
  for (const [i, error] of errors.entries()) {
    assert.deepEqual(
      [error?.code, error?.index, error?.url, error?.message, error?.attempts],
      ['ECONNREFUSED', [0, 2, 3][i], dead, errors[0].message, 1],
    );
    assert.match(error.stack, /dedupe\.test\.js/);
  }
  assert.equal(results[2].error, results[2].error);
  assert.throws(
    () => results[3].json(),
    (thrown) => thrown === results[3].error,
  );
  const { done, ok, failed, errors: counted } = results.stats;
  assert.deepEqual([done, ok, failed, counted], [4, 1, 3, { ECONNREFUSED: 3 }]);
});

test('what cannot be sent is refused in each of its slots', async (t) => {
  const { url, counts } = await serveCounted(t);
  const bad = ['', 'http://', { url: 'ftp://localhost/' }, { url, headers: { 'a b': '' } }];
  const results = await downloadAll([...bad, url, ...bad, url], { dedupe: true });
  for (const [i, { index, error }] of results.entries()) {
    assert.deepEqual([index, error?.code], [i, results[(i + 5) % 10].error?.code]);
    if (i % 5 !== 4) assert.equal(error.index, i);
  }
  assert.equal(results.stats.failed, 8);
  assert.deepEqual(counts, { 'GET /': 1 });
});

test('copies have the redirects of the one that was sent, and its retries', async (t) => {
  let tries = 0;
  const { url, counts } = await serveCounted(t, (request, response) => {
    if (request.url === '/from') return response.writeHead(302, { location: '/to' }).end();
    tries += 1;
    response.writeHead(tries === 1 ? 503 : 200).end('there');
  });
  const urls = [`${url}/from`, `${url}/from`, `${url}/from#part`];
  const results = await downloadAll(urls, { dedupe: true, retry: { backoff: { base: 0 } } });
  for (const { url: at, requestUrl, redirects, redirected, attempts, status } of results) {
    assert.deepEqual(
      { at, requestUrl, redirects, redirected, attempts, status },
      {
        at: `${url}/to`,
        requestUrl: `${url}/from`,
        redirects: [`${url}/to`],
        redirected: true,
        attempts: 2,
        status: 200,
      },
    );
  }
  assert.equal(counts['GET /to'], 2);
  assert.equal(results.stats.retries, 1);
});

test('a copy can be printed and stored as any result', async (t) => {
  const { url } = await serveCounted(t);
  const items = [1, 2].map((tag) => ({ url: `${url}/a`, tag }));
  const results = await downloadAll(items, { dedupe: true });
  const [first, copy] = JSON.parse(JSON.stringify(results));
  assert.deepEqual(copy, { ...first, index: 1, tag: 2 });
  assert.match(inspect(results[1]), /^Result \{[\s\S]*index: 1,[\s\S]*tag: 2/);
  assert.deepEqual(Object.keys(results), ['0', '1']);
});
