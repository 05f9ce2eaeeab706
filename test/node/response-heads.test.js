// What a result tells of the head of its response: who answered, in which version of HTTP, and each of its cookies.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve, serveRaw } = require('./server.js');

/** A server on that address of this machine, unless it has no such address. */
async function serveOn(t, address) {
  const server = http.createServer((_request, response) => response.end());
  t.after(() => server.close().closeAllConnections());
  server.listen(0, address);
  const isThere = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  return isThere ? server.address() : undefined;
}

test('a result says who answered and in which version of HTTP', async (t) => {
  const lines = { '/one': 'HTTP/1.1 200 OK', '/zero': 'HTTP/1.0 200 OK' };
  const { url, port } = await serveRaw(t, (socket, head) => {
    const line = lines[head.split(' ')[1]];
    if (line === undefined) return socket.end('no HTTP\r\n\r\n');
    socket.end(`${line}\r\nContent-Length: 2\r\n\r\nok`);
  });
  const urls = [`${url}/one`, `${url}/zero`, `http://localhost:${port}/one`, `${url}/none`];
  const results = await downloadAll(urls, { retry: false });
  assert.deepEqual(
    results.map(({ httpVersion, remoteAddress }) => [httpVersion, remoteAddress]),
    [
      ['1.1', '127.0.0.1'],
      ['1.0', '127.0.0.1'],
      ['1.1', '127.0.0.1'],
      [undefined, undefined],
    ],
  );
});

test('the address is of who answered last, without its port and the brackets of IPv6', async (t) => {
  const first = await serve(t, (_request, response) => {
    response.writeHead(302, { location: `http://[::1]:${last.port}/` }).end();
  });
  const last = await serveOn(t, '::1');
  if (last === undefined) return t.skip('there is no IPv6 here');
  const [moved, direct] = await downloadAll([first.url, `http://[::1]:${last.port}/`]);
  assert.deepEqual([moved.remoteAddress, direct.remoteAddress], ['::1', '::1']);
  assert.equal(moved.url, `http://[::1]:${last.port}/`);
});

test('with an error after the head, the head is there', async (t) => {
  const { url } = await serveRaw(t, (socket) => {
    socket.end('HTTP/1.0 203 Half\r\nSet-Cookie: a=1\r\nContent-Length: 9\r\n\r\nhalf');
  });
  const [result] = await downloadAll([url], { retry: false });
  const { status, statusText, ok, httpVersion, remoteAddress, decoded, error } = result;
  assert.deepEqual(
    { status, statusText, ok, httpVersion, remoteAddress, decoded, code: error?.code },
    {
      status: 203,
      statusText: 'Half',
      ok: false,
      httpVersion: '1.0',
      remoteAddress: '127.0.0.1',
      decoded: false,
      code: 'ERR_BODY_TRUNCATED',
    },
  );
  assert.deepEqual(result.headers.getSetCookie(), ['a=1']);
  assert.deepEqual([result.body.length, result.text()], [0, '']);
});

test('each Set-Cookie is whole, with the commas of its date, and so is each in JSON', async (t) => {
  const cookies = [
    'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/',
    'b="x, y"',
    'a=2',
    'caf\xe9=\xff',
    '',
  ];
  const { url } = await serveRaw(t, (socket) => {
    const fields = cookies.map((cookie, i) => `${i % 2 ? 'set-cookie' : 'Set-Cookie'}: ${cookie}`);
    const head = ['HTTP/1.1 200 OK', 'X: 1', ...fields, 'X: 2', 'Content-Length: 0', '', ''];
    socket.end(head.join('\r\n'), 'latin1');
  });
  const [result] = await downloadAll([url]);
  assert.deepEqual(result.headers.getSetCookie(), cookies);
  assert.equal(result.headers.get('x'), '1, 2');
  assert.deepEqual(JSON.parse(JSON.stringify(result)).headers['set-cookie'], cookies);
});
