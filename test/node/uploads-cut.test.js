// Bodies whose connection ends while they are sent: what is tried again, and that it is whole then.

'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const http2 = require('node:http2');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { listen } = require('./server.js');

const { key, cert } = makeCertificate({ name: 'localhost' });
const tls = { ca: cert };
const patient = { limit: 2, backoff: { base: 0 } };
const LARGE = Buffer.alloc(20_000_000, 'manyfetch');

/**
 * A server that has `cut(request, count)` see each request before its body, and answers those that it leaves alone with the method
 * once their bodies are whole.
 */
async function serveCutting(t, cut, makeServer = http.createServer, scheme = 'http') {
  let count = 0;
  const bodies = [];
  const server = makeServer((request, response) => {
    count += 1;
    if (cut(request, count)) return;
    const pieces = [];
    request.on('error', () => {});
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces));
      response.end(request.method);
    });
  });
  const served = await listen(t, server, scheme);
  return Object.assign(served, { bodies, count: () => count });
}

const CUTS = {
  'closes at once': (request) => request.socket.destroy(),
  'closes when a part was there': (request) =>
    request.once('data', () => request.once('data', () => request.socket.destroy())),
  'resets at once': (request) => request.socket.resetAndDestroy(),
  'ends in order at once': (request) => request.socket.end(),
};

for (const [what, end] of Object.entries(CUTS)) {
  test(`where a server ${what}, a PUT whose body is on its way is sent again whole and a POST is not`, async (t) => {
    const firstOnly = (request, count) => {
      if (count > 1) return false;
      end(request);
      return true;
    };
    const again = await serveCutting(t, firstOnly);
    const [put] = await downloadAll([{ url: again.url, method: 'PUT', body: LARGE }], {
      retry: patient,
    });
    assert.deepEqual([put.error?.message, put.attempts, put.text()], [undefined, 2, 'PUT']);
    assert.equal(again.bodies.length, 1);
    assert.ok(again.bodies[0].equals(LARGE));

    const once = await serveCutting(t, firstOnly);
    const [post] = await downloadAll([{ url: once.url, method: 'POST', body: LARGE }], {
      retry: patient,
    });
    assert.match(post.error?.code ?? 'none', /^(ECONNRESET|EPIPE)$/);
    assert.deepEqual([post.attempts, post.status, once.count()], [1, 0, 1]);
    assert.equal(once.bodies.length, 0);
  });
}

test('a POST is sent again where the options say so, whole', async (t) => {
  const server = await serveCutting(t, (request, count) => {
    if (count < 3) request.socket.destroy();
    return count < 3;
  });
  const retry = { ...patient, methods: ['POST'] };
  const item = { url: server.url, method: 'POST', body: LARGE };
  const [result] = await downloadAll([item], { retry });
  assert.deepEqual([result.error?.message, result.attempts], [undefined, 3]);
  assert.ok(server.bodies[0].equals(LARGE));
});

for (const [method, attempts, code] of [
  ['PUT', 1, undefined],
  ['DELETE', 1, undefined],
  ['POST', 1, 'ECONNRESET'],
  ['PATCH', 1, 'ECONNRESET'],
]) {
  for (const size of [1, 100_000, LARGE.length]) {
    test(`over a kept connection that died, a ${method} of ${size} bytes: ${code ?? 'whole'}`, async (t) => {
      const served = new WeakMap();
      const server = await serveCutting(t, ({ socket }) => {
        const count = (served.get(socket) ?? 0) + 1;
        served.set(socket, count);
        if (count === 2) socket.resetAndDestroy();
        return count === 2;
      });
      const client = new Client({ keepAlive: 60_000, retry: false });
      await client.downloadAll([{ url: server.url, method }]);
      const body = LARGE.subarray(0, size);
      const results = await client.downloadAll([{ url: server.url, method, body }]);
      const [result] = results;
      // Whoever writes into a connection that is gone may be told so in either way.
      const given = result.error?.code.replace('EPIPE', 'ECONNRESET');
      assert.deepEqual([given, result.attempts], [code, attempts]);
      assert.equal(server.accepted, code ? 1 : 2);
      assert.equal(results.stats.retries, 0);
      if (!code) assert.ok(server.bodies.at(-1).equals(body));
    });
  }
}

const SERVERS = {
  'HTTP/1.1': [http.createServer, 'http'],
  'HTTP/2': [(handle) => http2.createSecureServer({ key, cert }, handle), 'https'],
};

for (const [version, [makeServer, scheme]] of Object.entries(SERVERS)) {
  test(`over ${version}, an abort in the middle of a body ends it at the server`, async (t) => {
    const stop = new AbortController();
    const ended = [];
    const aborting = (request) => {
      request.on('error', () => {});
      request.once('data', () => {
        ended.push(new Promise((resolve) => request.on('close', resolve)));
        stop.abort();
        request.resume();
      });
      return true;
    };
    const server = await serveCutting(t, aborting, makeServer, scheme);
    const run = downloadAll([{ url: server.url, method: 'PUT', body: LARGE }], {
      tls,
      signal: stop.signal,
    });
    await assert.rejects(run, { name: 'AbortError' });
    await Promise.all(ended);
    assert.deepEqual([ended.length, server.count(), server.bodies.length], [1, 1, 0]);
    await server.gone();
  });

  test(`over ${version}, the neighbours of a body that is cut lose nothing`, async (t) => {
    const cut = (request) => {
      if (request.url !== '/cut') return false;
      request.once('data', () =>
        request.stream ? request.stream.close(2) : request.socket.destroy(),
      );
      return true;
    };
    const server = await serveCutting(t, cut, makeServer, scheme);
    const body = LARGE.subarray(0, 1_000_000);
    const items = Array.from({ length: 12 }, (_, i) => ({
      url: `${server.url}/${i % 4 ? i : 'cut'}`,
      method: 'POST',
      body,
    }));
    const results = await downloadAll(items, { tls, retry: false });
    for (const [i, result] of results.entries()) {
      const code = version === 'HTTP/2' ? /^ERR_HTTP2$/ : /^(ECONNRESET|EPIPE)$/;
      if (i % 4) assert.equal(result.error?.message ?? result.text(), 'POST');
      else assert.match(result.error?.code ?? 'none', code);
    }
    assert.equal(server.bodies.length, 9);
    for (const received of server.bodies) assert.ok(received.equals(body));
  });
}
