// Proxies of SOCKS: who looks names up, who is asked, and how credentials are shown.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { serveSocks } = require('./proxy-server.js');
const { closedPort, serveHeads, serveTls } = require('./server.js');

const identity = makeCertificate({ name: 'origin', hosts: ['origin.test', 'localhost'] });
const tls = { ca: identity.cert };
const REFUSED_BY_VERSION = { 4: 0x5b, 5: 2 };

/** An origin for each scheme, by the name that only `overrides` and proxies know. */
async function serveOrigins(t) {
  const plain = await serveHeads(t);
  const secure = await serveTls(t, identity);
  const urls = [`http://origin.test:${plain.port}/`, `https://origin.test:${secure.port}/`];
  return { plain, secure, urls, ports: [plain.port, secure.port] };
}

for (const [scheme, version] of [
  ['socks5h', 5],
  ['socks4a', 4],
]) {
  test(`${scheme} leaves names to the proxy, for http and https alike`, async (t) => {
    const { plain, urls, ports } = await serveOrigins(t);
    const proxy = await serveSocks(t);
    const options = { proxy: `${scheme}://127.0.0.1:${proxy.port}`, tls, concurrency: 1 };
    const results = await downloadAll(urls, options);
    assert.deepEqual(
      results.map(({ error, status }) => error ?? status),
      [200, 200],
    );
    assert.deepEqual(
      proxy.seen.map((asked) => [asked.version, asked.host, asked.port]),
      ports.map((port) => [version, 'origin.test', port]),
    );
    assert.match(plain.heads[0], /^GET \/ HTTP\/1\.1\r\n/);
    assert.match(plain.heads[0], new RegExp(`^host: origin\\.test:${plain.port}$`, 'im'));
  });
}

for (const [scheme, version] of [
  ['socks5', 5],
  ['socks4', 4],
]) {
  test(`${scheme} has names looked up here, by dns.overrides too`, async (t) => {
    const { urls, ports, plain } = await serveOrigins(t);
    const proxy = await serveSocks(t);
    const options = { proxy: `${scheme}://127.0.0.1:${proxy.port}`, tls, concurrency: 1 };
    // One of no machine: the servers would not be reached here, and the proxy does not mind.
    const overrides = { 'origin.test': '192.0.2.1' };
    const results = await downloadAll(urls, { ...options, dns: { overrides } });
    assert.deepEqual(
      results.map(({ error, status }) => error ?? status),
      [200, 200],
    );
    assert.deepEqual(
      proxy.seen.map((asked) => [asked.version, asked.host, asked.port]),
      ports.map((port) => [version, '192.0.2.1', port]),
    );
    assert.match(plain.heads[0], new RegExp(`^host: origin\\.test:${plain.port}$`, 'im'));
  });

  test(`a name that is not found for ${scheme} is the fault of the name`, async (t) => {
    const proxy = await serveSocks(t);
    const [result] = await downloadAll(['http://name.invalid/'], {
      proxy: `${scheme}://127.0.0.1:${proxy.port}`,
      retry: false,
    });
    assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(result.error?.code), result.error?.code);
    assert.deepEqual(proxy.seen, []);
  });
}

test('an address in a URL is asked for as it is', async (t) => {
  const { url, port } = await serveHeads(t);
  for (const scheme of ['socks5', 'socks5h', 'socks4', 'socks4a']) {
    const proxy = await serveSocks(t);
    const [result] = await downloadAll([url], { proxy: `${scheme}://127.0.0.1:${proxy.port}` });
    assert.deepEqual([scheme, result.error, result.status], [scheme, undefined, 200]);
    assert.deepEqual(
      proxy.seen.map((asked) => [asked.host, asked.port]),
      [['127.0.0.1', port]],
    );
  }
});

for (const scheme of ['socks5', 'socks5h']) {
  test(`an address of IPv6 in a URL is asked of ${scheme} as it is`, async (t) => {
    const { ports } = await serveOrigins(t);
    const proxy = await serveSocks(t);
    const urls = [`http://[::1]:${ports[0]}/`, `https://[::1]:${ports[1]}/`];
    const options = { proxy: `${scheme}://127.0.0.1:${proxy.port}`, concurrency: 1, retry: false };
    const results = await downloadAll(urls, { ...options, tls: { rejectUnauthorized: false } });
    // The transport cannot speak TLS to an address of IPv6 through a tunnel.
    assert.deepEqual(
      results.map(({ error, status }) => error?.code ?? status),
      [200, 'ERR_PROXY'],
    );
    assert.deepEqual(
      proxy.seen.map((asked) => [asked.host, asked.port]),
      ports.map((port) => ['[::1]', port]),
    );
  });
}

for (const [form, credentials, plain] of [
  ['as they are', 'user:secret', 'user:secret'],
  ['percent-encoded', 'us%40er:s%3Ac%2Fr%23t%20%C3%A9', 'us@er:s:c/r#t \u00e9'],
]) {
  test(`credentials, ${form}, are shown to the proxy and never to an origin`, async (t) => {
    const { plain: origin, urls } = await serveOrigins(t);
    const proxy = await serveSocks(t, { credentials: plain });
    const url = `socks5h://${credentials}@127.0.0.1:${proxy.port}`;
    const results = await downloadAll(urls, { proxy: url, tls });
    assert.deepEqual(
      results.map(({ error, status }) => error ?? status),
      [200, 200],
    );
    assert.deepEqual(
      proxy.seen.map((asked) => asked.credentials),
      [plain, plain],
    );
    assert.doesNotMatch(origin.heads[0], /authorization/i);
  });
}

test('a proxy that wants other credentials is ERR_PROXY, without a word of them', async (t) => {
  const { plain, urls } = await serveOrigins(t);
  const proxy = await serveSocks(t, { credentials: 'user:right' });
  for (const credentials of ['', 'user:s3cr3t@']) {
    const options = { proxy: `socks5h://${credentials}127.0.0.1:${proxy.port}`, tls, retry: false };
    for (const { error } of await downloadAll(urls, options)) {
      assert.equal(error?.code, 'ERR_PROXY', credentials);
      assert.ok(!error.message.includes('s3cr3t'), error.message);
    }
  }
  assert.deepEqual([proxy.accepted, plain.accepted], [4, 0]);
});

test('a proxy that does not let a request through is ERR_PROXY', async (t) => {
  const { plain, urls } = await serveOrigins(t);
  for (const [scheme, version] of Object.entries({ socks5h: 5, socks4a: 4 })) {
    const proxy = await serveSocks(t, { reply: REFUSED_BY_VERSION[version] });
    const options = { proxy: `${scheme}://127.0.0.1:${proxy.port}`, tls, retry: false };
    for (const { error } of await downloadAll(urls, options)) {
      assert.equal(error?.code, 'ERR_PROXY', scheme);
    }
    assert.equal(proxy.seen.length, 2);
  }
  assert.equal(plain.accepted, 0);
});

test('an origin that refuses the proxy is ERR_PROXY, as the proxy says', async (t) => {
  const port = await closedPort(t);
  const proxy = await serveSocks(t);
  const options = { proxy: proxy.url, retry: false };
  const urls = [`http://127.0.0.1:${port}/`, `https://127.0.0.1:${port}/`];
  for (const { error } of await downloadAll(urls, options)) assert.equal(error?.code, 'ERR_PROXY');
  assert.equal(proxy.seen.length, 2);
});

test('connections through it are kept, and are those of one client', async (t) => {
  const { urls } = await serveOrigins(t);
  const proxy = await serveSocks(t, { credentials: 'a:1' });
  const mine = new Client({ proxy: `socks5h://a:1@127.0.0.1:${proxy.port}`, tls });
  const wrong = new Client({ proxy: `socks5h://b:2@127.0.0.1:${proxy.port}`, tls, retry: false });
  const rounds = [];
  for (let round = 0; round < 3; round++) rounds.push(await mine.downloadAll(urls));
  assert.deepEqual(
    rounds.map((results) => results.map(({ timings }) => timings.reused)),
    [
      [false, false],
      [true, true],
      [true, true],
    ],
  );
  assert.equal(proxy.accepted, 2);
  for (const { error } of await wrong.downloadAll(urls)) assert.equal(error?.code, 'ERR_PROXY');
});

test('a certificate for another name is refused through it', async (t) => {
  const { secure } = await serveOrigins(t);
  const proxy = await serveSocks(t);
  const [result] = await downloadAll([`https://other.test:${secure.port}/`], {
    proxy: `socks5h://127.0.0.1:${proxy.port}`,
    tls,
  });
  assert.equal(result.error?.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(proxy.seen[0].host, 'other.test');
});
