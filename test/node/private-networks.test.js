// The guard of private networks: what it refuses before a connection is made, in every spelling and by every way there.

'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { listen, serve } = require('./server.js');

const guarded = { denyPrivateNetworks: true, proxy: false };
const onLinux = { skip: process.platform !== 'linux' && 'elsewhere they are not this machine' };

/** A server that hears whatever of this machine's addresses is connected to. */
function serveEverywhere(t) {
  const answer = (_request, response) => response.end('secret');
  return listen(t, http.createServer(answer), 'http', '::');
}

function assertDenied(result, what) {
  assert.deepEqual([what, result.error?.code], [what, 'ERR_ADDRESS_DENIED']);
  assert.deepEqual([result.status, result.text(), result.attempts], [0, '', 1]);
  assert.equal(result.remoteAddress, undefined);
}

const OF_THIS_MACHINE = [
  ...['127.0.0.1', '127.1', '127.255.255.254', '0x7f.1', '0x7f000001', '2130706433', '0177.0.0.1'],
  ...['127.0.0.1.', '%31%32%37.0.0.1', '\uff11\uff12\uff17.\uff10.\uff10.\uff11'],
  ...['0.0.0.0', '0', '[::]', '[::1]', '[0:0:0:0:0:0:0:1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::FFFF:7F00:0001]', '[::ffff:0.0.0.0]'],
  ...['localhost', 'LOCALHOST'],
];

test(
  'every spelling of this machine reaches it, and none does past the guard',
  onLinux,
  async (t) => {
    const open = await serveEverywhere(t);
    const closed = await serveEverywhere(t);
    const urls = (port) => OF_THIS_MACHINE.map((host) => `http://${host}:${port}/`);
    for (const [i, result] of (await downloadAll(urls(open.port))).entries()) {
      assert.deepEqual(
        [OF_THIS_MACHINE[i], result.error, result.text()],
        [OF_THIS_MACHINE[i], undefined, 'secret'],
      );
    }
    const results = await downloadAll(urls(closed.port), guarded);
    for (const [i, result] of results.entries()) assertDenied(result, OF_THIS_MACHINE[i]);
    assert.equal(closed.accepted, 0);
  },
);

const NOT_PUBLIC = [
  ...['0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '169.254.169.254', '172.16.0.1'],
  ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.0.1', '198.18.0.1'],
  ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '0xa9fea9fe'],
  ...['[fc00::1]', '[fd00::1]', '[fd00:ec2::254]', '[fe80::1]', '[fec0::1]', '[ff02::1]'],
  ...['[::10.0.0.1]', '[::ffff:10.0.0.1]', '[::ffff:a9fe:a9fe]', '[64:ff9b::7f00:1]'],
  ...['[64:ff9b::10.0.0.1]', '[64:ff9b:1::1]', '[2002:7f00:1::]', '[2002:a00:1::1]'],
  ...['[2001::1]', '[2001:db8::1]', '[100::1]', '[3fff::1]'],
];

test('addresses of all other networks that are not public are refused', async () => {
  const urls = NOT_PUBLIC.flatMap((host) => [`http://${host}/`, `https://${host}:8443/`]);
  // Where the guard let one through, this would be its timeout.
  const results = await downloadAll(urls, { ...guarded, timeout: { connect: 2_000 } });
  for (const [i, result] of results.entries()) assertDenied(result, urls[i]);
});

test('a name is refused that leads, alone or among others, to what is not public', async (t) => {
  const server = await serve(t);
  const overrides = {
    'loopback.test': '127.0.0.1',
    'six.test': '::1',
    'mapped.test': '::ffff:127.0.0.1',
    'private.test': '10.0.0.1',
    'metadata.test': '169.254.169.254',
    'unspecified.test': '0.0.0.0',
    'first.test': ['127.0.0.1', '8.8.8.8'],
    'last.test': ['8.8.8.8', '2606:4700::1111', '127.0.0.1'],
    'middle.test': ['8.8.8.8', '192.168.1.1', '9.9.9.9'],
  };
  const names = [...Object.keys(overrides), 'localhost', 'FIRST.test', 'first.test.'];
  const urls = names.map((name) => `http://${name}:${server.port}/`);
  const results = await downloadAll(urls, { ...guarded, dns: { overrides } });
  for (const [i, result] of results.entries()) assertDenied(result, names[i]);
  assert.equal(server.accepted, 0);
  // The same names reach it without.
  const [one, two] = await downloadAll(urls.slice(0, 1).concat(urls[6]), { dns: { overrides } });
  assert.deepEqual([one.text(), two.text()], ['/', '/']);
});

test('the guard says which address it refused, and what asked for that', async (t) => {
  const { port } = await serve(t);
  const dns = { overrides: { 'a.test': '10.1.2.3' } };
  const urls = [`http://127.1:${port}/`, 'http://a.test/'];
  const [literal, named] = await downloadAll(urls, { ...guarded, dns });
  assert.match(literal.error.message, /127\.0\.0\.1.*denyPrivateNetworks/);
  assert.match(named.error.message, /10\.1\.2\.3.*denyPrivateNetworks/);
});

test('a refusal is final: it is not tried again unless that is asked for', async (t) => {
  const server = await serve(t);
  const [result] = await downloadAll([server.url], { ...guarded, retry: 5 });
  assertDenied(result);
  const retry = { limit: 2, errorCodes: ['ERR_ADDRESS_DENIED'], backoff: { base: 0 } };
  const [asked] = await downloadAll([server.url], { ...guarded, retry });
  assert.deepEqual([asked.error?.code, asked.attempts], ['ERR_ADDRESS_DENIED', 3]);
  assert.equal(server.accepted, 0);
});

test('https, and HTTP/2 without TLS, are guarded as http is', async (t) => {
  const server = await serve(t);
  const urls = ['http', 'https'].flatMap((scheme) =>
    ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${scheme}://${host}:${server.port}/`),
  );
  for (const http2 of [true, false, 'prior-knowledge']) {
    const results = await downloadAll(urls, { ...guarded, http2 });
    for (const [i, result] of results.entries()) assertDenied(result, urls[i]);
  }
  assert.equal(server.accepted, 0);
});

test('a Host of the caller changes nothing for the guard', async (t) => {
  const server = await serve(t);
  const headers = { host: 'example.com' };
  const [result] = await downloadAll([server.url], { ...guarded, headers });
  assertDenied(result);
  assert.equal(server.accepted, 0);
});

test('the guard belongs to its client: neither pools nor names come from another', async (t) => {
  const server = await serve(t);
  const urls = [server.url, `http://localhost:${server.port}/`];
  const [open, closed] = [new Client({ proxy: false }), new Client(guarded)];
  for (let round = 0; round < 2; round++) {
    for (const { error } of await open.downloadAll(urls)) assert.equal(error, undefined);
    const before = server.accepted;
    for (const result of await closed.downloadAll(urls)) assertDenied(result);
    for (const result of await downloadAll(urls, guarded)) assertDenied(result);
    assert.equal(server.accepted, before);
  }
  for (const denyPrivateNetworks of [true, false]) {
    await assert.rejects(closed.downloadAll(urls, { denyPrivateNetworks }), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
});

test('an item can neither ask for the guard nor lift it', async (t) => {
  const server = await serve(t);
  for (const denyPrivateNetworks of [true, false]) {
    const item = { url: server.url, denyPrivateNetworks };
    const [{ error }] = await downloadAll([item], guarded);
    assert.equal(error?.code, 'ERR_INVALID_ARG_VALUE');
  }
  assert.equal(server.accepted, 0);
});

test('where the guard could not see, it is refused', async (t) => {
  const server = await serve(t);
  for (const beside of [
    { unixSocket: '/tmp/none' },
    { proxy: server.url },
    { proxy: `socks5://127.0.0.1:${server.port}` },
  ]) {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
    await assert.rejects(downloadAll([server.url], { ...guarded, ...beside }), refusal);
    assert.throws(() => new Client({ ...guarded, ...beside }), refusal);
  }
  for (const denyPrivateNetworks of ['yes', 1, null, {}]) {
    await assert.rejects(downloadAll([server.url], { denyPrivateNetworks }), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  assert.equal(server.accepted, 0);
});
