// Many requests at once, each with a secret of its own: none gets what belongs to another.

'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const http2 = require('node:http2');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { listen } = require('./server.js');

const COUNT = 2_000;
const identity = makeCertificate({ name: 'localhost' });

/** What a server answers here: the token and the body of the request, or a way round to the same. */
async function answer(seen, request, response) {
  let body = '';
  for await (const piece of request) body += piece;
  const { 'x-token': token, authorization, cookie } = request.headers;
  const [, way, id] = request.url.match(/^\/(\w+)\/(\d+)$/);
  seen.push({ id, way, token, authorization, cookie, body });
  response.setHeader('x-token', String(token));
  response.setHeader('set-cookie', `own=${id}`);
  if (way === 'moved') response.writeHead(307, { location: `/direct/${id}` });
  response.end(`${token} ${body}`);
}

function itemAt(url, i) {
  // Of ten, one is redirected, and two go without a body.
  const item = {
    url: `${url}/${i % 10 === 0 ? 'moved' : 'direct'}/${i}`,
    headers: { 'x-token': `token-${i}`, cookie: `item=${i}` },
    auth: { bearer: `bearer-${i}` },
    tag: `tag-${i}`,
  };
  const body = `body-${i} ${'x'.repeat((i * 7) % 300)}`;
  return i % 10 < 2 ? item : { ...item, method: 'POST', body };
}

async function check(url, seen, { downloadAll }, options) {
  const items = Array.from({ length: COUNT }, (_, i) => itemAt(url, i));
  const results = await downloadAll(items, { ...options, concurrency: 50, concurrencyPerHost: 50 });
  for (const [i, result] of results.entries()) {
    assert.equal(result.error, undefined);
    const expected = `token-${i} ${items[i].body ?? ''}`;
    assert.ok(result.text() === expected, `${i}: ${result.text()}`);
    assert.equal(result.headers.get('x-token'), `token-${i}`);
    assert.deepEqual(result.headers.getSetCookie(), [`own=${i}`]);
    assert.deepEqual([result.tag, result.url], [`tag-${i}`, `${url}/direct/${i}`]);
  }
  assert.equal(seen.length, COUNT + COUNT / 10);
  for (const { id, token, authorization, cookie, body } of seen) {
    assert.deepEqual(
      { token, authorization, cookie, body },
      {
        token: `token-${id}`,
        authorization: `Bearer bearer-${id}`,
        cookie: `item=${id}`,
        body: items[id].body ?? '',
      },
    );
  }
  const direct = seen.filter(({ way }) => way === 'direct').map(({ id }) => Number(id));
  direct.sort((left, right) => left - right);
  assert.deepEqual(direct, Array.from(items.keys()));
  return results;
}

test('over HTTP/1.1 every request has its own fields and body, and every result its own answer', async (t) => {
  const seen = [];
  const server = http.createServer((...pair) => answer(seen, ...pair));
  const { url } = await listen(t, server, 'http');
  const results = await check(url, seen, { downloadAll });
  assert.ok(results.some(({ timings }) => timings.reused));
});

test('the same over HTTP/2, on connections that all of them share', async (t) => {
  const seen = [];
  const server = http2.createSecureServer(identity, (...pair) => answer(seen, ...pair));
  const { url } = await listen(t, server, 'https');
  const results = await check(url, seen, { downloadAll }, { tls: { ca: identity.cert } });
  assert.ok(results.every(({ httpVersion }) => httpVersion === '2'));
});

test('the same over HTTP/2 without TLS', async (t) => {
  const seen = [];
  const server = http2.createServer((...pair) => answer(seen, ...pair));
  const { url } = await listen(t, server, 'http');
  const results = await check(url, seen, { downloadAll }, { http2: 'prior-knowledge' });
  assert.ok(results.every(({ httpVersion }) => httpVersion === '2'));
});

test('calls of one client at once keep what each of them gives to themselves', async (t) => {
  const seen = [];
  const server = http.createServer((...pair) => answer(seen, ...pair));
  const { url } = await listen(t, server, 'http');
  const client = new Client({ cookies: false, headers: { 'x-token': 'nobody' } });
  const calls = Array.from({ length: 20 }, (_, call) =>
    client.downloadAll(
      Array.from({ length: 20 }, (_, i) => `${url}/direct/${call * 100 + i}`),
      { headers: { 'x-token': `token-${call}` }, auth: { bearer: `bearer-${call}` } },
    ),
  );
  for (const [call, results] of (await Promise.all(calls)).entries()) {
    for (const result of results) assert.equal(result.text(), `token-${call} `);
  }
  assert.equal(seen.length, 400);
  for (const { id, token, authorization, cookie } of seen) {
    const call = Math.floor(id / 100);
    assert.deepEqual(
      [token, authorization, cookie],
      [`token-${call}`, `Bearer bearer-${call}`, undefined],
    );
  }
});
