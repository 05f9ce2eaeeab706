// Names: where those lead that the options give an address, and how long an answer is believed.

'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { closedPort, listen, serve, serveHeads, serveTls } = require('./server.js');

const NONE = Number.POSITIVE_INFINITY;
const onLinux = {
  skip: process.platform !== 'linux' && 'elsewhere 127.0.0.2 is not of this machine',
};

function fieldOf(head, name) {
  return head.match(new RegExp(`^${name}: (.*)$`, 'im'))?.[1];
}

test('a name that is overridden leads to its address, and stays itself for the server', async (t) => {
  const { port, heads } = await serveHeads(t);
  const url = `http://api.nowhere.test:${port}/path`;
  const overrides = { 'api.nowhere.test': '127.0.0.1' };
  const [result] = await downloadAll([url], { dns: { overrides } });
  assert.deepEqual([result.error, result.url], [undefined, url]);
  assert.equal(result.remoteAddress, '127.0.0.1');
  assert.equal(fieldOf(heads[0], 'host'), `api.nowhere.test:${port}`);
});

test('TLS knows an overridden server by the name in the URL', async (t) => {
  const identity = makeCertificate({ name: 'x', hosts: ['good.test'], ips: [] });
  const server = await serveTls(t, identity);
  const names = [];
  server.server.on('secureConnection', ({ servername }) => names.push(servername));
  const overrides = { 'good.test': '127.0.0.1', 'other.test': '127.0.0.1' };
  const urls = ['good', 'other'].map((name) => `https://${name}.test:${server.port}/`);
  const options = { tls: { ca: identity.cert }, dns: { overrides } };
  const [good, other] = await downloadAll(urls, options);
  assert.deepEqual([good.error, good.text()], [undefined, '/']);
  assert.equal(other.error?.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.deepEqual(names, ['good.test']);
});

test('a name is the same in capitals, with a dot at its end, and in Unicode', async (t) => {
  const { port } = await serveHeads(t);
  const cases = [
    ['a.test', 'A.TEST'],
    ['A.Test', 'a.test'],
    ['a.test', 'a.test.'],
    ['a.test.', 'a.test'],
    ['b\u00fccher.test', 'xn--bcher-kva.test'],
    ['xn--bcher-kva.test', 'B\u00dcCHER.test'],
  ];
  for (const [name, host] of cases) {
    const overrides = { [name]: '127.0.0.1' };
    const [result] = await downloadAll([`http://${host}:${port}/`], { dns: { overrides } });
    assert.deepEqual([name, host, result.error], [name, host, undefined]);
  }
});

test('names beside and below an overridden one are looked up', async (t) => {
  const { port, url } = await serveHeads(t);
  const overrides = { 'a.invalid': '127.0.0.1', localhost: ['192.0.2.1'] };
  const urls = ['b.a.invalid', 'aa.invalid', 'invalid', 'a.invalid'].map(
    (host) => `http://${host}:${port}/`,
  );
  const results = await downloadAll([...urls, url], { dns: { overrides }, retry: false });
  const isNotFound = ({ error }) => ['ENOTFOUND', 'EAI_AGAIN'].includes(error?.code);
  assert.deepEqual(results.map(isNotFound), [true, true, true, false, false]);
  assert.deepEqual([results[3].status, results[4].status], [200, 200]);
});

test('of several addresses the next one is tried where nobody listens', async (t) => {
  const server = await serveHeads(t);
  const overrides = { 'a.test': ['127.0.0.3', '::1', '127.0.0.1'] };
  const [result] = await downloadAll([`http://a.test:${server.port}/`], { dns: { overrides } });
  assert.deepEqual([result.error, result.attempts, server.accepted], [undefined, 1, 1]);
  assert.equal(result.remoteAddress, '127.0.0.1');
});

test('the first of several addresses is taken where somebody listens', onLinux, async (t) => {
  const server = await listen(t, net.createServer(), 'http', '0.0.0.0');
  server.server.on('connection', (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  const overrides = { 'a.test': ['127.0.0.4', '127.0.0.1', '127.0.0.2'] };
  const [result] = await downloadAll([`http://a.test:${server.port}/`], { dns: { overrides } });
  assert.deepEqual([result.remoteAddress, server.accepted], ['127.0.0.4', 1]);
});

test('when nobody listens at any of them, the error has the code and all addresses', async (t) => {
  const port = await closedPort(t);
  const addresses = ['127.0.0.1', '::1'];
  const overrides = { 'a.test': addresses };
  const options = { dns: { overrides }, retry: false };
  const [{ error }] = await downloadAll([`http://a.test:${port}/`], options);
  assert.ok(['ECONNREFUSED', 'EADDRNOTAVAIL', 'ENETUNREACH'].includes(error?.code), error?.code);
  for (const address of addresses) assert.ok(error.message.includes(address), error.message);
});

test('a redirect finds overridden names too', async (t) => {
  const { port } = await serve(t, (request, response) => {
    if (request.headers.host === `b.test:${port}`) return response.end('there');
    response.writeHead(302, { location: `http://b.test:${port}/` }).end();
  });
  const overrides = { 'a.test': '127.0.0.1', 'b.test': '127.0.0.1' };
  const [result] = await downloadAll([`http://a.test:${port}/`], { dns: { overrides } });
  assert.equal(result.text(), 'there');
});

test('overrides are those of one client', async (t) => {
  const { port } = await serveHeads(t);
  const urls = [`http://a.invalid:${port}/`];
  const mine = new Client({ dns: { overrides: { 'a.invalid': '127.0.0.1' } }, retry: false });
  const other = new Client({ retry: false });
  const outcomes = [];
  for (const client of [mine, other, mine]) {
    const [{ error, status }] = await client.downloadAll(urls);
    outcomes.push(error === undefined ? status : 'failed');
  }
  assert.deepEqual(outcomes, [200, 'failed', 200]);
});

test('overrides that are none are refused', async (t) => {
  const server = await serveHeads(t);
  const value = [
    ...['', 'b.test', '127.1', '127.0.0.1:80', '[::1]', ' 127.0.0.1', '127.0.0.256', 'fe80::1%lo'],
    ...[[], [''], ['127.0.0.1', 'x']],
  ].map((addresses) => [{ 'a.test': addresses }, 'VALUE']);
  const names = ['', '.', '127.0.0.1', '[::1]', 'a.test:80', 'http://a.test', 'a b'];
  const keys = names.map((name) => [{ [name]: '127.0.0.1' }, 'VALUE']);
  const type = [
    ...[5, null, true, ['127.0.0.1'], { 'a.test': ['127.0.0.1', 4] }],
    ...[5, null, { address: '127.0.0.1' }].map((addresses) => ({ 'a.test': addresses })),
  ].map((overrides) => [overrides, 'TYPE']);
  for (const [overrides, kind] of [...value, ...keys, ...type]) {
    const refusal = { name: 'TypeError', code: `ERR_INVALID_ARG_${kind}` };
    const what = JSON.stringify(overrides);
    await assert.rejects(downloadAll([server.url], { dns: { overrides } }), refusal, what);
    assert.throws(() => new Client({ dns: { overrides } }), refusal, what);
  }
  assert.equal(server.accepted, 0);
});

test('a pattern is no name, and is refused: nothing would match it', async (t) => {
  const server = await serveHeads(t);
  for (const name of ['*', '*.a.test']) {
    const overrides = { [name]: '127.0.0.1' };
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
    await assert.rejects(downloadAll([server.url], { dns: { overrides } }), refusal, name);
  }
});

test('a time for which names are believed may be none and for ever, and must be a time', async (t) => {
  const { port } = await serveHeads(t);
  const urls = [`http://localhost:${port}/`];
  for (const ttl of [0, 0.5, 1000, NONE]) {
    const client = new Client({ dns: { ttl }, keepAlive: 0 });
    for (let call = 0; call < 2; call++) {
      const [{ error, status }] = await client.downloadAll(urls);
      assert.deepEqual([ttl, error, status], [ttl, undefined, 200]);
    }
  }
  for (const [ttl, code] of [
    [-1, 'ERR_OUT_OF_RANGE'],
    [Number.NaN, 'ERR_OUT_OF_RANGE'],
    ['5', 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [5n, 'ERR_INVALID_ARG_TYPE'],
  ]) {
    await assert.rejects(downloadAll(urls, { dns: { ttl } }), { code });
  }
});
