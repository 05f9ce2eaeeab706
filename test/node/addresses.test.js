// Addresses: in how many ways one may be written, which one is told, and which one connections come from.

'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { listen, serve, serveHeads } = require('./server.js');

const onLinux = {
  skip: process.platform !== 'linux' && 'elsewhere 127.0.0.2 is not of this machine',
};

/** Whether connections to `address` can be made on this machine at all. */
async function hasAddress(t, address) {
  const server = net.createServer();
  t.after(() => server.close());
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(0, address, () => resolve(true));
  });
}

function fieldOf(head, name) {
  return head.match(new RegExp(`^${name}: (.*)$`, 'im'))?.[1];
}

test('connections come from the local address', onLinux, async (t) => {
  const server = await serve(t, (request, response) => response.end(request.socket.remoteAddress));
  for (const localAddress of ['127.0.0.2', '127.0.0.1', '127.0.0.3']) {
    const [result] = await downloadAll([server.url], { localAddress });
    assert.deepEqual([result.text(), result.remoteAddress], [localAddress, '127.0.0.1']);
  }
});

test('a local address of no machine, or of another one, is refused', async (t) => {
  const server = await serve(t);
  const cases = [
    ...['', 'x', '127.1', 'localhost', '127.0.0.1:80', '[::1]', '192.0.2.77', '2001:db8::77'],
  ].map((localAddress) => [localAddress, 'ERR_INVALID_ARG_VALUE']);
  const wrong = [5, null, ['127.0.0.1'], true].map((value) => [value, 'ERR_INVALID_ARG_TYPE']);
  for (const [localAddress, code] of [...cases, ...wrong]) {
    await assert.rejects(downloadAll([server.url], { localAddress }), { name: 'TypeError', code });
    assert.throws(() => new Client({ localAddress }), { code }, String(localAddress));
  }
  assert.equal(server.accepted, 0);
});

test('an address of IPv6 reaches no server that has IPv4 alone, and says so', async (t) => {
  if (!(await hasAddress(t, '::1'))) return t.skip('there is no ::1');
  const server = await serve(t);
  const [{ error }] = await downloadAll([server.url], { localAddress: '::1', retry: false });
  // curl finds no address to bind to, the system's own word would be the family.
  const honest = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH', 'EHOSTUNREACH'];
  assert.ok(honest.includes(error?.code), `${error?.code}: ${error?.message}`);
  assert.equal(server.accepted, 0);
});

test('an address may be written in all the ways that URLs know', async (t) => {
  const server = await serveHeads(t);
  const spellings = {
    '127.0.0.1': '127.0.0.1',
    127.1: '127.0.0.1',
    '0x7f.1': '127.0.0.1',
    '0x7f000001': '127.0.0.1',
    2130706433: '127.0.0.1',
    '0177.0.0.01': '127.0.0.1',
    '127.0.0.1.': '127.0.0.1',
    '%31%32%37.1': '127.0.0.1',
    '\uff11\uff12\uff17.0.0.1': '127.0.0.1',
  };
  for (const [spelling, address] of Object.entries(spellings)) {
    const [result] = await downloadAll([`http://${spelling}:${server.port}/`]);
    assert.deepEqual([spelling, result.error, result.status], [spelling, undefined, 200]);
    assert.deepEqual(
      [result.url, result.remoteAddress],
      [`http://${address}:${server.port}/`, address],
    );
    assert.equal(fieldOf(server.heads.at(-1), 'host'), `${address}:${server.port}`);
  }
  assert.equal(server.heads.length, Object.keys(spellings).length);
});

test('an address of IPv4 in one of IPv6 reaches the server', onLinux, async (t) => {
  const server = await serveHeads(t);
  for (const host of ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:FFFF:127.0.0.1]']) {
    const [result] = await downloadAll([`http://${host}:${server.port}/`]);
    assert.deepEqual([host, result.error, result.status], [host, undefined, 200]);
    assert.equal(fieldOf(server.heads.at(-1), 'host'), `[::ffff:7f00:1]:${server.port}`);
  }
});

test('the other end is told as an address, of either family', async (t) => {
  if (!(await hasAddress(t, '::1'))) return t.skip('there is no ::1');
  const answer = (_request, response) => response.end();
  const six = await listen(t, http.createServer(answer), 'http', '::1');
  const four = await serve(t, answer);
  const results = await downloadAll([six.url, four.url, 'http://a.invalid/'], { retry: false });
  assert.deepEqual(
    results.map(({ remoteAddress }) => remoteAddress),
    ['::1', '127.0.0.1', undefined],
  );
});

test('localhost is this machine, in capitals too', async (t) => {
  const { port, heads } = await serveHeads(t);
  for (const host of ['localhost', 'LOCALHOST', 'LocalHost']) {
    const [result] = await downloadAll([`http://${host}:${port}/`]);
    assert.deepEqual([host, result.error, result.remoteAddress], [host, undefined, '127.0.0.1']);
  }
  assert.deepEqual(
    heads.map((head) => fieldOf(head, 'host')),
    Array(3).fill(`localhost:${port}`),
  );
});
