// URLs: read as the URL standard says, and shown without their secrets.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { downloadAll } = require('../../index.js');
const { closedPort, serve } = require('./server.js');

const SECRET = 's3cr3t';

/** Everything of a result that may be printed, logged or stored. */
function shown(result) {
  const { url, requestUrl, redirects, error } = result;
  const texts = [
    url,
    requestUrl,
    ...redirects,
    inspect(result, { depth: 9 }),
    JSON.stringify(result),
  ];
  if (error)
    texts.push(error.message, error.stack, error.url, inspect(error), JSON.stringify(error));
  return texts.join('\n');
}

test('what is no URL, or none for HTTP, is the error of its item', async () => {
  const invalid = [
    '',
    ' ',
    '/x',
    '//a',
    'localhost',
    'http://',
    'http://a b',
    'http://[::1',
    'http://a:99999',
    'http://%zz/',
  ];
  const unsupported = [
    'ftp://a/',
    'file:///etc/passwd',
    'data:,x',
    'javascript:1',
    'blob:http://a/b',
    'ws://a/',
    'a+unix://b',
  ];
  const urls = [...invalid, ...unsupported];
  const results = await downloadAll([...urls, ...urls.map((url) => ({ url }))]);
  for (const [i, { error, status, url, requestUrl, attempts }] of results.entries()) {
    const given = urls[i % urls.length];
    const code = invalid.includes(given) ? 'ERR_INVALID_URL' : 'ERR_UNSUPPORTED_PROTOCOL';
    assert.equal(error?.code, code, given);
    assert.equal(status, 0);
    assert.equal(attempts, 0);
    assert.equal(url, requestUrl);
    assert.equal(error.url, url);
  }
});

test('URLs are read as the URL standard says', async (t) => {
  const { url, port } = await serve(t);
  const given = [
    ` ${url}/spaces\t`,
    `${url}/a\nb\tc\r\n/d`,
    `\n${url.replace('/', '\n/')}/line`,
    `${url.toUpperCase()}/CASE`,
    `${url}/a/../b/./c`,
    `${url}/\ud800/\u00e9?\u00fc=%zz&a b#fragment`,
    `http://\uff11\uff12\uff17.0.0.1:${port}/wide`,
    `http://2130706433:${port}/number`,
    `${url}\\back\\slash`,
    url,
  ];
  const results = await downloadAll([...given, ...given.map((text) => ({ url: text }))]);
  for (const [i, result] of results.entries()) {
    const expected = new URL(given[i % given.length]);
    assert.equal(result.text(), expected.pathname + expected.search);
    expected.hash = '';
    assert.equal(result.url, expected.href);
    assert.equal(result.requestUrl, expected.href);
  }
});

test('a URL of ten megabytes is refused and not repeated', async () => {
  const long = `http://localhost/${'a'.repeat(10 << 20)}`;
  for (const result of await downloadAll([
    long,
    { url: long },
    new URL(long),
    `http://${'a'.repeat(10 << 20)}/`,
  ])) {
    assert.equal(result.error.code, 'ERR_INVALID_URL');
    assert.ok(shown(result).length < 10_000);
  }
});

test('credentials in a URL are sent as Basic authentication and shown nowhere', async (t) => {
  const answers = {
    '/redirect': [302, { location: '/here' }],
    '/missing': [404],
    '/broken': [200, { 'content-encoding': 'gzip' }],
  };
  const received = [];
  const { port } = await serve(t, (request, response) => {
    received.push(request.headers.authorization);
    response.writeHead(...(answers[request.url] ?? [200])).end('body');
  });
  const base = `http://us%40er:${SECRET}%3A%C3%A9@127.0.0.1:${port}`;
  const items = [
    `${base}/`,
    new URL(`${base}/`),
    { url: `${base}/` },
    ...Object.keys(answers).map((path) => base + path),
  ];
  const results = await downloadAll(items);
  const expected = `Basic ${Buffer.from(`us@er:${SECRET}:\u00e9`).toString('base64')}`;
  assert.equal(received.length, items.length + 1);
  assert.ok(received.every((value) => value === expected));
  for (const result of results) assert.ok(!shown(result).includes(SECRET), shown(result));
  assert.equal(results[0].url, `http://127.0.0.1:${port}/`);
});

test("the caller's own Authorization wins over the URL's credentials", async (t) => {
  const { port } = await serve(t, (request, response) =>
    response.end(request.headers.authorization),
  );
  const headers = { authorization: 'Bearer mine' };
  const [result] = await downloadAll([{ url: `http://a:b@127.0.0.1:${port}/`, headers }]);
  assert.equal(result.text(), 'Bearer mine');
});

test('credentials of an item that fails are shown nowhere', async (t) => {
  const closed = await closedPort(t);
  const urls = [
    `http://user:${SECRET}@127.0.0.1:${closed}/`,
    `http://${SECRET}@127.0.0.1:${closed}/`,
    `ftp://user:${SECRET}@localhost/`,
    `http://user:${SECRET}@a b/`,
    `http://user:${SECRET}@a b/path@else`,
    `http:\\\\user:${SECRET}@a b/`,
    `http:/user:${SECRET}@a b/`,
    `http:user:${SECRET}@a b/`,
    `http:///user:${SECRET}@a b/`,
    `//user:${SECRET}@localhost/`,
    `http://us\ner:${SECRET}@a b/`,
    `http://user:${SECRET.repeat(100)}@a b/`,
    `http://user:${SECRET}@localhost/${'a'.repeat(1 << 20)}`,
  ];
  const items = urls.flatMap((url) => [
    url,
    { url },
    { url, metod: 1 },
    { url, headers: { 'a b': 'x' } },
  ]);
  const all = [...items, [urls[0]], { url: [urls[0]] }];
  for (const result of await downloadAll(all, { retry: false })) {
    assert.notEqual(result.error, undefined);
    assert.ok(!shown(result).includes(SECRET), shown(result));
  }
});
