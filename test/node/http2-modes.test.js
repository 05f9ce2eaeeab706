// The three modes of `http2`: which version is spoken with whom, what comes of it where that is not understood, and bodies.

'use strict';

const assert = require('node:assert/strict');
const { createHash, randomBytes } = require('node:crypto');
const http2 = require('node:http2');
const { test } = require('node:test');
const nodeTls = require('node:tls');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { listen, serve, serveTls } = require('./server.js');

const { key, cert } = makeCertificate({ name: 'localhost' });
const tls = { ca: cert };
const KNOWN = 'prior-knowledge';
const version = (request, response) => response.end(request.httpVersion);

const SERVERS = {
  'both over TLS': (t) =>
    listen(t, http2.createSecureServer({ key, cert, allowHTTP1: true }, version), 'https'),
  'HTTP/2 over TLS': (t) => listen(t, http2.createSecureServer({ key, cert }, version), 'https'),
  'HTTP/1.1 over TLS': (t) => serveTls(t, { key, cert }, version),
  'HTTP/1.1 over TLS, without ALPN': (t) => {
    const server = nodeTls.createServer({ key, cert }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        const isKnown = data.toString('latin1').startsWith('GET ');
        socket.end(`HTTP/1.1 ${isKnown ? 200 : 400} X\r\nContent-Length: 3\r\n\r\n1.1`);
      });
    });
    return listen(t, server, 'https');
  },
  'HTTP/1.1 in the clear': (t) => serve(t, version),
  'HTTP/2 in the clear': (t) => listen(t, http2.createServer(version), 'http'),
};

/** Node's server resets the connection behind what it says, which may then be lost on the way. */
const UNREADABLE = 'ERR_HTTP_PARSE or ECONNRESET';

const SPOKEN = [
  ['both over TLS', true, '2.0'],
  ['both over TLS', false, '1.1'],
  ['both over TLS', KNOWN, '2.0'],
  ['HTTP/2 over TLS', true, '2.0'],
  ['HTTP/2 over TLS', false, 'ERR_TLS'],
  ['HTTP/2 over TLS', KNOWN, '2.0'],
  ['HTTP/1.1 over TLS', true, '1.1'],
  ['HTTP/1.1 over TLS', false, '1.1'],
  ['HTTP/1.1 over TLS', KNOWN, 'ERR_TLS'],
  ['HTTP/1.1 over TLS, without ALPN', true, '1.1'],
  ['HTTP/1.1 over TLS, without ALPN', false, '1.1'],
  ['HTTP/1.1 over TLS, without ALPN', KNOWN, 'ERR_HTTP2'],
  ['HTTP/1.1 in the clear', true, '1.1'],
  ['HTTP/1.1 in the clear', false, '1.1'],
  ['HTTP/1.1 in the clear', KNOWN, 'ERR_HTTP2'],
  ['HTTP/2 in the clear', true, UNREADABLE],
  ['HTTP/2 in the clear', false, UNREADABLE],
  ['HTTP/2 in the clear', KNOWN, '2.0'],
];

for (const [what, mode, expected] of SPOKEN) {
  test(`http2: ${mode} with a server of ${what}: ${expected}`, async (t) => {
    const { url } = await SERVERS[what](t);
    const options = { http2: mode, tls };
    const urls = Array.from({ length: 5 }, () => url);
    const client = new Client(options);
    const runs = [downloadAll(urls, options), client.downloadAll(urls), client.downloadAll([url])];
    for (const result of (await Promise.all(runs)).flat()) {
      const given = result.error?.code ?? result.text();
      assert.ok(expected.split(' or ').includes(given), result.error?.message ?? given);
      assert.equal(result.httpVersion, { 1.1: '1.1', '2.0': '2' }[expected]);
    }
  });
}

test('http2 without a value is true', async (t) => {
  const { url } = await SERVERS['both over TLS'](t);
  for (const options of [{ tls }, { tls, http2: undefined }]) {
    assert.equal((await downloadAll([url], options))[0].httpVersion, '2');
  }
});

test('another value is misuse', async () => {
  const strings = ['always', 'h2', '2', '', 'Prior-Knowledge', 'true'];
  for (const http2 of [...strings, 1, 2, null, [], {}, [true]]) {
    const kind = typeof http2 === 'string' ? 'VALUE' : 'TYPE';
    const expected = { name: 'TypeError', code: `ERR_INVALID_ARG_${kind}`, message: /http2/ };
    assert.throws(() => new Client({ http2 }), expected, String(http2));
    await assert.rejects(downloadAll([], { http2 }), expected);
  }
  await assert.rejects(new Client().downloadAll([], { http2: true }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

/** A server of HTTP/2 that answers with the hash of the body that came. */
async function serveHashes(t, options, isSecure = true) {
  const hashing = (request, response) => {
    const hash = createHash('sha256');
    let size = 0;
    request.on('data', (piece) => {
      size += piece.length;
      hash.update(piece);
    });
    request.on('end', () =>
      response.end(JSON.stringify([request.method, size, hash.digest('hex')])),
    );
  };
  return isSecure
    ? listen(t, http2.createSecureServer({ key, cert, ...options }, hashing), 'https')
    : listen(t, http2.createServer(options, hashing), 'http');
}

const WINDOWS = {
  'the usual window': [{}, true],
  'the usual window, in the clear': [{}, false],
  'a window of a kilobyte': [{ settings: { initialWindowSize: 1_000 } }, true],
  'a window of a byte at first': [{ settings: { initialWindowSize: 1 } }, true],
  'room for three at once': [{ settings: { maxConcurrentStreams: 3 } }, true],
};

for (const [what, [options, isSecure]] of Object.entries(WINDOWS)) {
  test(`twenty bodies at once arrive whole at a server with ${what}`, async (t) => {
    const server = await serveHashes(t, options, isSecure);
    const size = options.settings?.initialWindowSize ? 50_000 : 1 << 20;
    const bodies = Array.from({ length: 20 }, (_, i) => randomBytes(size + i));
    const items = bodies.map((body, i) => ({
      url: `${server.url}/${i}`,
      method: i % 2 ? 'PUT' : 'POST',
      body,
    }));
    const results = await downloadAll(items, {
      ...{ tls, concurrencyPerHost: 20 },
      http2: isSecure || KNOWN,
    });
    for (const [i, result] of results.entries()) {
      assert.equal(result.error, undefined);
      const hash = createHash('sha256').update(bodies[i]).digest('hex');
      assert.deepEqual(result.json(), [items[i].method, size + i, hash]);
    }
    if (isSecure) assert.equal(server.accepted, 1);
  });
}

for (const [what, http2Mode] of [
  ['both over TLS', true],
  ['HTTP/2 in the clear', KNOWN],
]) {
  test(`over HTTP/2 all methods share one connection, whichever comes first: ${what}`, async (t) => {
    for (const methods of [
      ['GET', 'POST', 'GET', 'DELETE'],
      ['PUT', 'GET', 'POST'],
    ]) {
      const server = await SERVERS[what](t);
      const client = new Client({ tls, http2: http2Mode });
      for (const method of methods) {
        const [result] = await client.downloadAll([{ url: server.url, method }]);
        assert.deepEqual([result.error?.message, result.text()], [undefined, '2.0']);
      }
      assert.equal(server.accepted, 1, methods.join());
    }
  });
}

test('an empty body, and none, are whole over HTTP/2', async (t) => {
  const { url } = await serveHashes(t);
  const items = ['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) => [
    { url, method },
    { url, method, body: '' },
  ]);
  const results = await downloadAll(items, { tls });
  for (const [i, result] of results.entries()) {
    assert.deepEqual(result.json().slice(0, 2), [items[i].method, 0]);
  }
});

test('a head of 60 KB and large bodies arrive over HTTP/2 as they were sent', async (t) => {
  const value = (i) => `${i} `.repeat(250).trim();
  const body = randomBytes(3 << 20);
  const server = http2.createSecureServer({ key, cert }, (_request, response) => {
    for (let i = 100; i < 160; i++) response.setHeader(`x-${i}`, value(i));
    response.end(body);
  });
  const { url } = await listen(t, server, 'https');
  const results = await downloadAll([url, url, url], { tls });
  for (const result of results) {
    assert.equal(result.error, undefined);
    for (let i = 100; i < 160; i++) assert.equal(result.headers.get(`x-${i}`), value(i));
    assert.ok(result.body.equals(body));
  }
});

test('where no connection is kept, requests over HTTP/2 wait for none of each other', async (t) => {
  const server = await SERVERS['HTTP/2 over TLS'](t);
  const urls = new Array(60).fill(server.url);
  const limits = { concurrencyPerHost: 60, timeout: { connect: 2_500 }, retry: false };
  const results = await downloadAll(urls, { tls, keepAlive: 0, ...limits });
  assert.deepEqual([...new Set(results.map((r) => r.error?.message ?? r.text()))], ['2.0']);
  assert.equal(server.accepted, 60);
});
