// Proxies that fail: which code that has, and that a tunnel hides no fault of the origin behind it.

'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { serveProxy, serveSocks, tunnel } = require('./proxy-server.js');
const { closedPort, listen, serve, serveRaw, serveTls } = require('./server.js');

const root = makeCertificate({ name: 'root', isCa: true });
const identity = makeCertificate({ name: 'origin', issuer: root });
const tls = { ca: root.cert };

/** An origin for each scheme, with the number of connections that both had. */
async function serveOrigins(t) {
  const [plain, secure] = [await serve(t), await serveTls(t, identity)];
  const accepted = () => plain.accepted + secure.accepted;
  return { urls: [plain.url, secure.url], accepted };
}

function codesOf(results) {
  return results.map(({ error, status }) => error?.code ?? status);
}

for (const scheme of ['http', 'https', 'socks4', 'socks5', 'socks5h']) {
  test(`a dead ${scheme} proxy is ERR_PROXY, and nobody goes around it`, async (t) => {
    const { urls, accepted } = await serveOrigins(t);
    const proxy = `${scheme}://user:s3cr3t@127.0.0.1:${await closedPort(t)}`;
    const results = await downloadAll(urls, { proxy, tls });
    for (const { error, status, remoteAddress, attempts } of results) {
      assert.deepEqual([error?.code, status, remoteAddress], ['ERR_PROXY', 0, undefined]);
      assert.equal(attempts, 1);
      assert.doesNotMatch(`${error.message}${error.stack}`, /s3cr3t/);
    }
    assert.equal(accepted(), 0);
  });

  test(`a ${scheme} proxy whose name is not found is ERR_PROXY`, async (t) => {
    const { urls, accepted } = await serveOrigins(t);
    const options = { proxy: `${scheme}://proxy.invalid:3128`, tls, retry: false };
    assert.deepEqual(codesOf(await downloadAll(urls, options)), ['ERR_PROXY', 'ERR_PROXY']);
    assert.equal(accepted(), 0);
  });

  test(`a ${scheme} proxy that never answers is a timeout of connecting`, async (t) => {
    const { urls } = await serveOrigins(t);
    const silent = await listen(t, net.createServer(), scheme);
    // An http URL makes no tunnel there: it waits for its response, as it does at an origin.
    const results = await downloadAll(scheme === 'http' ? urls.slice(1) : urls, {
      proxy: silent.url,
      tls,
      retry: false,
      timeout: { connect: 200 },
    });
    for (const { error } of results) {
      assert.deepEqual([error?.code, error?.phase], ['ETIMEDOUT', 'connect']);
    }
    assert.equal(silent.accepted, results.length);
  });
}

const raw = (reply) => (socket) => socket.end(reply);
const NOTHING = 'HTTP/1.1 200 Fine\r\n';
for (const [what, onConnect] of Object.entries({
  'is closed at once': (socket) => socket.destroy(),
  'ends without an answer': (socket) => socket.end(),
  'is reset': (socket) => socket.resetAndDestroy(),
  'is answered with a 407': raw('HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n'),
  'is answered with a 502': raw('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad'),
  'is answered with a 302': raw('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n'),
  'is answered with garbage': raw('\x16\x03\x01 not HTTP at all\r\n\r\n'),
  'is answered with HTTP/0.9': raw('<html>hello</html>'),
  'is answered with half a head': raw('HTTP/1.1 200 Fi'),
  'is answered with a head without end': (socket) => {
    const more = () => {
      while (socket.write('x'.repeat(1 << 12)));
    };
    socket.on('drain', more);
    socket.write('HTTP/1.1 200 Fine\r\nx: ');
    more();
  },
})) {
  test(`a tunnel that ${what} is ERR_PROXY, and an http URL does not mind`, async (t) => {
    const { urls, accepted } = await serveOrigins(t);
    const proxy = await serveProxy(t, { onConnect });
    const options = { proxy: proxy.url, tls, retry: false };
    assert.deepEqual(codesOf(await downloadAll(urls, options)), [200, 'ERR_PROXY']);
    assert.deepEqual([proxy.seen.length, accepted()], [2, 1]);
  });
}

test('what follows the head of a tunnel is not taken for the origin', async (t) => {
  const { urls, accepted } = await serveOrigins(t);
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake';
  const proxy = await serveProxy(t, { onConnect: raw(`${NOTHING}\r\n${answer}`) });
  const [result] = await downloadAll(urls.slice(1), { proxy: proxy.url, tls, retry: false });
  assert.ok(
    ['ERR_PROXY', 'ERR_TLS', 'ECONNRESET'].includes(result.error?.code),
    result.error?.code,
  );
  assert.deepEqual([result.status, result.text(), accepted()], [0, '', 0]);
});

for (const [what, reply] of Object.entries({
  'a 200': `${NOTHING}\r\n`,
  'HTTP/1.0': 'HTTP/1.0 200 Connection established\r\n\r\n',
  'no reason': 'HTTP/1.1 200\r\n\r\n',
  'fields of its own': `${NOTHING}Proxy-Agent: it/1\r\nX: y\r\n\r\n`,
  // These two mean nothing here, and any 2xx is a yes (RFC 9110, section 9.3.6).
  'a Content-Length': `${NOTHING}Content-Length: 100\r\n\r\n`,
  'a Transfer-Encoding': `${NOTHING}Transfer-Encoding: chunked\r\n\r\n`,
})) {
  test(`a tunnel may be granted with ${what}`, async (t) => {
    const { urls } = await serveOrigins(t);
    const onConnect = (socket, request, head) => tunnel(socket, request, head, reply);
    const proxy = await serveProxy(t, { onConnect });
    const [result] = await downloadAll(urls.slice(1), { proxy: proxy.url, tls, retry: false });
    assert.deepEqual([result.error?.message, result.text()], [undefined, '/']);
  });
}

test('a proxy that wants to know who asks is a response to http, and ERR_PROXY to https', async (t) => {
  const { urls, accepted } = await serveOrigins(t);
  const proxy = await serveProxy(t, { credentials: 'user:right' });
  for (const credentials of ['', 'user:s3cr3t@']) {
    const options = { proxy: proxy.url.replace('://', `://${credentials}`), tls, retry: false };
    const [plain, secure] = await downloadAll(urls, options);
    assert.deepEqual([plain.status, plain.error, plain.text()], [407, undefined, 'who are you?']);
    assert.deepEqual([secure.status, secure.error?.code], [0, 'ERR_PROXY']);
    assert.doesNotMatch(secure.error.message, /s3cr3t/);
  }
  assert.equal(accepted(), 0);
});

test('an origin that refuses the proxy is a 502 to http, and ERR_PROXY to https', async (t) => {
  const port = await closedPort(t);
  const proxy = await serveProxy(t);
  const urls = ['http', 'https'].map((scheme) => `${scheme}://127.0.0.1:${port}/`);
  const results = await downloadAll(urls, { proxy: proxy.url, tls, retry: false });
  assert.deepEqual(codesOf(results), [502, 'ERR_PROXY']);
});

const EXPIRED = { name: 'expired', issuer: root, days: [-9, -3] };
for (const [certificate, code] of [
  [makeCertificate({ name: 'self' }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [makeCertificate(EXPIRED), 'CERT_HAS_EXPIRED'],
  [makeCertificate({ name: 'x', issuer: root, ips: [] }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
]) {
  test(`a certificate of the origin keeps its code through a tunnel: ${code}`, async (t) => {
    const origin = await serveTls(t, certificate);
    for (const proxy of [await serveProxy(t), await serveSocks(t)]) {
      const [result] = await downloadAll([origin.url], { proxy: proxy.url, tls });
      assert.deepEqual([result.error?.code, result.status], [code, 0]);
      assert.equal(proxy.seen.length, 1);
    }
  });
}

test('an origin that talks no TLS is no fault of the proxy', async (t) => {
  const plain = await serve(t);
  for (const proxy of [await serveProxy(t), await serveSocks(t)]) {
    const url = plain.url.replace('http:', 'https:');
    const [result] = await downloadAll([url], { proxy: proxy.url, tls, retry: false });
    assert.equal(result.error?.code, 'ERR_TLS');
    assert.equal(proxy.seen.length, 1);
  }
});

test('an origin that breaks off in TLS cannot be told from a proxy that does', async (t) => {
  const cut = await serveRaw(t, () => {});
  cut.server.on('connection', (socket) => socket.once('data', () => socket.destroy()));
  for (const proxy of [await serveProxy(t), await serveSocks(t)]) {
    const url = cut.url.replace('http:', 'https:');
    const [result] = await downloadAll([url], { proxy: proxy.url, tls, retry: false });
    assert.ok(['ERR_PROXY', 'ECONNRESET'].includes(result.error?.code), result.error?.code);
    assert.deepEqual([proxy.seen.length, cut.accepted > 0], [1, true]);
  }
});

test('an origin that breaks off after that is itself to blame', async (t) => {
  const plain = await serve(t, ({ socket }) => socket.destroy());
  const secure = await serveTls(t, identity, ({ socket }) => socket.destroy());
  for (const proxy of [await serveProxy(t), await serveSocks(t)]) {
    const options = { proxy: proxy.url, tls, retry: false };
    const [tunnelled] = await downloadAll([secure.url], options);
    assert.equal(tunnelled.error?.code, 'ECONNRESET');
  }
  // One that sends requests on answers for what it asks.
  const proxy = await serveProxy(t);
  const [sentOn] = await downloadAll([plain.url], { proxy: proxy.url, retry: false });
  assert.equal(sentOn.status, 502);
});

test('a certificate of the proxy that nobody vouches for is refused before it learns anything', async (t) => {
  const { urls, accepted } = await serveOrigins(t);
  const proxy = await serveProxy(t, { identity: makeCertificate({ name: 'stranger' }) });
  for (const { error } of await downloadAll(urls, { proxy: proxy.url, tls, retry: false })) {
    assert.ok(['ERR_PROXY', 'DEPTH_ZERO_SELF_SIGNED_CERT'].includes(error?.code), error?.code);
  }
  assert.deepEqual([proxy.seen, accepted()], [[], 0]);
});

test('what is no proxy is refused, and nothing of it is shown', async (t) => {
  const server = await serve(t);
  const bad = [
    'ftp://user:s3cr3t@proxy',
    'unix:///s3cr3t',
    'http://user:s3cr3t@',
    'http://user:s3/cr3t@proxy',
    'user:s3cr3t@proxy:65536',
    '',
  ];
  for (const proxy of bad) {
    const refusal = (error) => {
      assert.deepEqual([error.name, error.code], ['TypeError', 'ERR_INVALID_ARG_VALUE'], proxy);
      assert.doesNotMatch(`${error.message}${error.stack}`, /s3\/?cr3t/);
      return true;
    };
    await assert.rejects(downloadAll([server.url], { proxy }), refusal);
    assert.throws(() => new Client({ proxy }), refusal);
  }
  assert.equal(server.accepted, 0);
});

test('what is no text is refused as a proxy, and nothing of it is shown', async (t) => {
  const server = await serve(t);
  const url = 'http://user:s3cr3t@proxy';
  for (const proxy of [true, 5, null, {}, new URL(url), [url], { url }]) {
    const refusal = (error) => {
      assert.deepEqual([error.name, error.code], ['TypeError', 'ERR_INVALID_ARG_TYPE']);
      assert.doesNotMatch(error.message, /s3cr3t/);
      return true;
    };
    await assert.rejects(downloadAll([server.url], { proxy }), refusal);
    assert.throws(() => new Client({ proxy }), refusal);
  }
  assert.equal(server.accepted, 0);
});

test('what would go around a proxy, or past it, cannot be combined with one', async (t) => {
  const { urls, accepted } = await serveOrigins(t);
  const server = await serveProxy(t);
  for (const beside of [{ denyPrivateNetworks: true }, { unixSocket: '/tmp/none' }]) {
    const options = { proxy: server.url.replace('://', '://user:s3cr3t@'), ...beside };
    const refusal = (error) => {
      assert.deepEqual([error.name, error.code], ['TypeError', 'ERR_INVALID_ARG_VALUE']);
      assert.match(error.message, new RegExp(Object.keys(beside)[0]));
      assert.doesNotMatch(error.message, /s3cr3t/);
      return true;
    };
    await assert.rejects(downloadAll(urls, options), refusal);
    assert.throws(() => new Client(options), refusal);
  }
  assert.deepEqual([server.accepted, accepted()], [0, 0]);
});
