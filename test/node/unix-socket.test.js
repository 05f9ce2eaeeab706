// Requests over a socket with a path in place of an address.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { runInChild } = require('./child.js');
const { serve } = require('./server.js');

const elsewhere = { skip: process.platform === 'win32' && 'it has no such sockets' };
const identity = makeCertificate({ name: 'x', hosts: ['a.test'], ips: [] });
const { key, cert } = identity;
const tls = { ca: cert };

/** A folder of the test. Its name is short: so must paths of sockets be. */
function folderOf(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'many-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

/** `server` at a path of its own. It counts its connections. */
async function serveAt(t, server) {
  const served = { server, unixSocket: path.join(folderOf(t), 's'), accepted: 0 };
  const sockets = new Set();
  server.on('connection', (socket) => {
    served.accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.listen(served.unixSocket);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return served;
}

const showHost = ({ headers, url }, response) => response.end(`${headers.host} ${url}`);

test('all requests go to the socket, and Host stays that of the URL', elsewhere, async (t) => {
  const { unixSocket } = await serveAt(t, http.createServer(showHost));
  const urls = [
    'http://localhost/a?b',
    'http://a.invalid:81/',
    'http://192.0.2.1/',
    'http://[::1]/',
  ];
  const results = await downloadAll(urls, { unixSocket });
  assert.deepEqual(
    results.map((result) => result.error ?? result.text()),
    ['localhost /a?b', 'a.invalid:81 /', '192.0.2.1 /', '[::1] /'],
  );
  assert.deepEqual(
    results.map(({ url, remoteAddress }) => [url, remoteAddress]),
    urls.map((url) => [url, undefined]),
  );
});

test('TLS goes over it, and checks the name in the URL', elsewhere, async (t) => {
  const served = await serveAt(t, https.createServer({ key, cert }, showHost));
  const options = { unixSocket: served.unixSocket, tls };
  const [good, other] = await downloadAll(['https://a.test/x', 'https://b.test/'], options);
  assert.deepEqual(
    [good.error, good.text(), good.remoteAddress],
    [undefined, 'a.test /x', undefined],
  );
  assert.equal(other.error?.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('HTTP/2 goes over it, with TLS and without', elsewhere, async (t) => {
  const answer = (request, response) => response.end(request.httpVersion);
  const secure = await serveAt(t, http2.createSecureServer({ key, cert }, answer));
  const plain = await serveAt(t, http2.createServer(answer));
  const known = { http2: 'prior-knowledge', unixSocket: plain.unixSocket };
  const results = [
    ...(await downloadAll(['https://a.test/'], { unixSocket: secure.unixSocket, tls })),
    ...(await downloadAll(['http://a.test/'], known)),
  ];
  assert.deepEqual(
    results.map((result) => result.error ?? result.text()),
    ['2.0', '2.0'],
  );
});

test('its connections are kept, for each origin', elsewhere, async (t) => {
  for (const [scheme, server] of [
    ['http', http.createServer(showHost)],
    ['https', https.createServer({ key, cert }, showHost)],
  ]) {
    const served = await serveAt(t, server);
    const client = new Client({ unixSocket: served.unixSocket, tls, concurrency: 1 });
    const reused = [];
    for (let call = 0; call < 2; call++) {
      const results = await client.downloadAll([`${scheme}://a.test/1`, `${scheme}://a.test/2`]);
      assert.deepEqual(
        results.map((result) => result.text()),
        ['a.test /1', 'a.test /2'],
      );
      reused.push(...results.map(({ timings }) => timings.reused));
    }
    assert.deepEqual(reused, [false, true, true, true]);
    assert.equal(served.accepted, 1);
  }
});

test('a redirect to another host goes to the same socket', elsewhere, async (t) => {
  const bait = await serve(t);
  const served = await serveAt(
    t,
    http.createServer((request, response) => {
      if (request.url === '/there') return showHost(request, response);
      response.writeHead(302, { location: `${bait.url}/there` }).end();
    }),
  );
  const [result] = await downloadAll(['http://a.test/'], { unixSocket: served.unixSocket });
  assert.equal(result.text(), `127.0.0.1:${bait.port} /there`);
  assert.equal(bait.accepted, 0);
});

test('a body goes over it both ways', elsewhere, async (t) => {
  const echo = (request, response) => request.pipe(response);
  const { unixSocket } = await serveAt(t, http.createServer(echo));
  const body = 'x'.repeat(1 << 20);
  const [result] = await downloadAll(['http://a.test/'], { unixSocket, method: 'POST', body });
  assert.ok(result.text() === body, result.error?.message);
});

test('where there is no socket, the item says which way it is not there', elsewhere, async (t) => {
  const folder = folderOf(t);
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, 'no socket');
  const left = await serveAt(t, http.createServer(showHost));
  // Under another name it stays when its server goes, as those of dead processes do.
  const dead = path.join(folder, 'dead');
  fs.renameSync(left.unixSocket, dead);
  left.server.close();
  await once(left.server, 'close');
  for (const [unixSocket, code, attempts] of [
    [path.join(folder, 'missing'), 'ENOENT', 1],
    [path.join(folder, 'no', 'folder'), 'ENOENT', 1],
    [file, 'ECONNREFUSED', 2],
    [dead, 'ECONNREFUSED', 2],
  ]) {
    const retry = { limit: 1, backoff: { base: 0 } };
    const [result] = await downloadAll(['http://a.test/'], { unixSocket, retry });
    assert.deepEqual([result.error?.code, result.attempts], [code, attempts], unixSocket);
    assert.deepEqual([result.status, result.remoteAddress], [0, undefined]);
  }
});

test('a path that no socket can have is refused', elsewhere, async () => {
  for (const unixSocket of ['', '/tmp/a\0b', `/tmp/${'x'.repeat(5_000)}`]) {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
    await assert.rejects(downloadAll(['http://a.test/'], { unixSocket }), refusal);
  }
});

test('a path of a wrong type is refused', elsewhere, async () => {
  for (const unixSocket of [5, null, true, new URL('file:///tmp/s'), Buffer.from('/tmp/s')]) {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    await assert.rejects(downloadAll(['http://a.test/'], { unixSocket }), refusal);
  }
});

test('what would have no effect beside it is refused', elsewhere, async (t) => {
  const served = await serveAt(t, http.createServer(showHost));
  const { unixSocket } = served;
  for (const beside of [
    { proxy: 'http://127.0.0.1:1' },
    { localAddress: '127.0.0.1' },
    { dns: { overrides: { 'a.test': '127.0.0.1' } } },
    { denyPrivateNetworks: true },
  ]) {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message: /unixSocket/ };
    await assert.rejects(downloadAll(['http://a.test/'], { unixSocket, ...beside }), refusal);
    assert.throws(() => new Client({ unixSocket, ...beside }), refusal);
  }
  assert.equal(served.accepted, 0);
  for (const beside of [{ proxy: false }, { dns: { ttl: 0 } }, { denyPrivateNetworks: false }]) {
    const [{ status }] = await downloadAll(['http://a.test/'], { unixSocket, ...beside });
    assert.equal(status, 200, JSON.stringify(beside));
  }
});

test('an item, and a call of a client, have no socket of their own', elsewhere, async (t) => {
  const served = await serveAt(t, http.createServer(showHost));
  const { unixSocket } = served;
  const [{ error }] = await downloadAll([{ url: 'http://a.test/', unixSocket }]);
  assert.equal(error?.code, 'ERR_INVALID_ARG_VALUE');
  await assert.rejects(new Client().downloadAll(['http://a.test/'], { unixSocket }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  assert.equal(served.accepted, 0);
});

test('proxies of the environment are passed by', elsewhere, async (t) => {
  const { unixSocket } = await serveAt(t, http.createServer(showHost));
  const main = async (unixSocket) => {
    const [result] = await require('manyfetch').downloadAll(['http://a.test/'], { unixSocket });
    console.log(result.error?.code ?? result.text());
  };
  for (const ALL_PROXY of ['http://127.0.0.1:1', 'ftp://no.proxy']) {
    const { stdout, stderr } = await runInChild(main, unixSocket, { env: { ALL_PROXY } });
    assert.deepEqual([stdout, stderr], ['a.test /\n', '']);
  }
});
