// Handshakes: which versions of TLS are spoken, what breaks one off, which HTTP comes after it, and who resumes which session.

'use strict';

const assert = require('node:assert/strict');
const https = require('node:https');
const net = require('node:net');
const { test } = require('node:test');
const tls = require('node:tls');
const { Client, downloadAll } = require('../../index.js');
const { identity, makeCertificate } = require('./certificate.js');
const { listen, serveTls } = require('./server.js');

const root = makeCertificate({ name: 'root', isCa: true });
const hosts = ['a.test', 'b.test'];
const good = makeCertificate({ name: 'good', hosts, issuer: root });
const rsa = makeCertificate({ name: 'rsa', kind: 'rsa', issuer: root });
const trusting = { ca: root.cert };
const patient = { limit: 2, backoff: { base: 0 } };
const answer = (request, response) => response.end(request.socket.getProtocol());

/** One request, and whether a refused one was sent to the server or tried again. */
async function outcome(server, minVersion) {
  const options = { tls: { ...trusting, minVersion }, retry: patient };
  const [result] = await downloadAll([server.url], options);
  assert.deepEqual([result.attempts, server.accepted], [1, 1]);
  return result.error?.code ?? result.text();
}

const VERSIONS = [
  [undefined, 'TLSv1.3', 'TLSv1.3'],
  [undefined, 'TLSv1.2', 'TLSv1.2'],
  ['1.2', 'TLSv1.3', 'TLSv1.3'],
  ['1.2', 'TLSv1.2', 'TLSv1.2'],
  ['1.3', 'TLSv1.3', 'TLSv1.3'],
  ['1.3', 'TLSv1.2', 'ERR_TLS'],
];

for (const [minVersion, maxVersion, expected] of VERSIONS) {
  test(`with minVersion ${minVersion}, a server of ${maxVersion} at most: ${expected}`, async (t) => {
    const server = await serveTls(t, { ...identity(good), maxVersion }, answer);
    assert.equal(await outcome(server, minVersion), expected);
  });
}

test('a minVersion that is none is misuse', async () => {
  for (const [minVersion, kind] of [
    ...['1.1', '1.0', '1', 'TLSv1.2', 'tls1.3', '', '1.4'].map((text) => [text, 'VALUE']),
    ...[1.2, 1.3, null, true, ['1.2']].map((value) => [value, 'TYPE']),
  ]) {
    const expected = { name: 'TypeError', code: `ERR_INVALID_ARG_${kind}`, message: /minVersion/ };
    assert.throws(() => new Client({ tls: { minVersion } }), expected, String(minVersion));
    await assert.rejects(downloadAll([], { tls: { minVersion } }), expected);
  }
});

const OLD = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
const UNCOMMON = {
  'speaks TLS 1.0 alone': { ...OLD, maxVersion: 'TLSv1' },
  'speaks TLS 1.1 alone': { ...OLD, maxVersion: 'TLSv1.1' },
  'has only ciphers without forward secrecy': { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' },
  'has only a curve that nobody uses': { maxVersion: 'TLSv1.3', ecdhCurve: 'secp521r1' },
};

for (const [what, options] of Object.entries(UNCOMMON)) {
  test(`a server that ${what} has nothing in common with us: ERR_TLS, and no second try`, async (t) => {
    const server = await serveTls(t, { ...identity(rsa), ...options }, answer);
    const asked = { ...OLD, ...options, ca: root.cert, agent: false };
    const status = await new Promise((resolve, reject) => {
      https.get(server.url, asked, ({ statusCode }) => resolve(statusCode)).on('error', reject);
    });
    assert.equal(status, 200, 'who accepts it is answered');
    server.accepted = 0;
    assert.equal(await outcome(server), 'ERR_TLS');
  });
}

const EMPTY = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n';
const ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 40]);
const BROKEN = {
  'answers in plain HTTP': [(socket) => socket.end(EMPTY), 'ERR_TLS', 1],
  'is of another protocol': [(socket) => socket.end('SSH-2.0-OpenSSH_9.0\r\n'), 'ERR_TLS', 1],
  'sends an alert': [(socket) => socket.end(ALERT), 'ERR_TLS', 1],
  'says nothing and closes': [(socket) => socket.end(), 'ECONNRESET', 3],
  'says nothing and resets': [(socket) => socket.resetAndDestroy(), 'ECONNRESET', 3],
};

for (const [what, [reply, code, tries]] of Object.entries(BROKEN)) {
  test(`a server that ${what} in the handshake: ${code}, tried ${tries} times`, async (t) => {
    const server = await listen(
      t,
      net.createServer((socket) => socket.once('data', () => reply(socket))),
      'https',
    );
    const [{ error }] = await downloadAll([server.url], { tls: trusting, retry: patient });
    assert.deepEqual([error?.code, error?.attempts, server.accepted], [code, tries, tries]);
  });
}

/** A way to `port` that ends with `finish(socket)` after `count` bytes of the answer, wherever they were cut before. */
function cutAfter(t, port, count, finish) {
  const way = net.createServer((socket) => {
    const onward = net.connect(port, '127.0.0.1');
    let left = count;
    socket.pipe(onward);
    onward.on('error', () => {}).on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    onward.on('data', (data) => {
      socket.write(data.subarray(0, left));
      left -= data.length;
      if (left <= 0) socket.write('', () => finish(socket));
    });
  });
  return listen(t, way, 'https');
}

test('a handshake that breaks off anywhere is ECONNRESET, and no fault of a certificate', async (t) => {
  const finishes = { close: (socket) => socket.end(), reset: (socket) => socket.resetAndDestroy() };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const server = await serveTls(t, { ...identity(good), maxVersion }, answer);
    for (const [name, finish] of Object.entries(finishes)) {
      for (const count of [1, 5, 6, 60, 100, 200, 500]) {
        const { url } = await cutAfter(t, server.port, count, finish);
        const [{ error }] = await downloadAll([url], { tls: trusting, retry: false });
        assert.equal(error?.code, 'ECONNRESET', `${name} after ${count} bytes of ${maxVersion}`);
      }
    }
    const whole = await cutAfter(t, server.port, 1e9, () => {});
    assert.equal((await downloadAll([whole.url], { tls: trusting }))[0].text(), maxVersion);
  }
});

const TEXT = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext';
const ALPN = {
  'names none': [{}, 'text'],
  'chooses HTTP/1.1': [{ ALPNProtocols: ['http/1.1'] }, 'text'],
  'knows only others': [{ ALPNProtocols: ['spdy/3'] }, 'ERR_TLS'],
  'chooses HTTP/2 and speaks HTTP/1.1': [{ ALPNProtocols: ['h2'] }, 'ERR_HTTP2'],
};

/** Whether `bytes` hold a request: of HTTP/2 they begin with its preface of 24 bytes, and the request is a frame of type 1. */
function isRequest(bytes) {
  if (bytes.toString('latin1', 0, 3) !== 'PRI') return true;
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === 1) return true;
  }
  return false;
}

for (const [what, [options, expected]] of Object.entries(ALPN)) {
  test(`a server that ${what} by ALPN: ${expected}`, async (t) => {
    const server = tls.createServer({ ...identity(good), ...options }, (socket) => {
      let received = Buffer.alloc(0);
      socket.on('error', () => {});
      // Not before the request is there: one that was never sent may be sent again.
      socket.on('data', (data) => {
        received = Buffer.concat([received, data]);
        if (isRequest(received)) socket.write(TEXT);
      });
    });
    assert.equal(await outcome(await listen(t, server, 'https')), expected);
  });
}

/** A server that says of each request whether its session had been one before. */
function serveSessions(t, maxVersion, head = {}) {
  return serveTls(t, { ...identity(good), maxVersion }, (request, response) => {
    response.writeHead(200, head).end(String(request.socket.isSessionReused()));
  });
}

const ANEW = {
  'keepAlive: 0': [{ keepAlive: 0 }, {}],
  'a server that closes': [{}, { connection: 'close' }],
};

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  for (const [what, [options, head]] of Object.entries(ANEW)) {
    test(`with ${what}, the next connection resumes the session of ${maxVersion}`, async (t) => {
      const server = await serveSessions(t, maxVersion, head);
      const client = new Client({ tls: trusting, ...options });
      const said = [];
      for (let call = 0; call < 3; call++) {
        said.push((await client.downloadAll([server.url]))[0].text());
      }
      assert.deepEqual([said, server.accepted], [['false', 'true', 'true'], 3]);
    });
  }

  test(`a session of ${maxVersion} is resumed by no other client, and under no other name`, async (t) => {
    const server = await serveSessions(t, maxVersion, { connection: 'close' });
    const overrides = Object.fromEntries(hosts.map((host) => [host, '127.0.0.1']));
    const dns = { overrides };
    const make = (tls) => new Client({ tls, dns });
    const [a, b] = hosts.map((host) => server.url.replace('127.0.0.1', host));
    const one = make(trusting);
    const said = async (client, url) => (await client.downloadAll([url]))[0].text();
    assert.deepEqual([await said(one, a), await said(one, a)], ['false', 'true']);
    assert.equal(await said(one, b), 'false');
    assert.equal(await said(make(trusting), a), 'false');
    assert.equal(await said(make({ rejectUnauthorized: false }), a), 'false');
    const [free] = await downloadAll([a], { tls: trusting, dns });
    assert.equal(free.text(), 'false');
    assert.equal(await said(one, a), 'true');
  });
}

test('a session that was begun without a check spares nobody the check', async (t) => {
  const server = await serveSessions(t, 'TLSv1.3', { connection: 'close' });
  const open = new Client({ tls: { rejectUnauthorized: false } });
  assert.equal((await open.downloadAll([server.url]))[0].text(), 'false');
  assert.equal((await open.downloadAll([server.url]))[0].text(), 'true');
  const [{ error }] = await new Client().downloadAll([server.url]);
  assert.equal(error?.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});
