// What servers do wrong: each fault is its item's error under a stable code, and never a body.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { closedPort, serve, serveRaw } = require('./server.js');

/** The fault of the only attempt is the outcome. */
const ONCE = { retry: false };
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** What the server sends before it closes the connection. */
const REPLIES = {
  ECONNRESET: ['', 'HTTP/1.1 200 OK\r\nContent-', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ERR_BODY_TRUNCATED: [
    `${OK}Content-Length: 10\r\n\r\nabc`,
    `${OK}Content-Length: 10\r\n\r\n`,
    `${CHUNKED}a\r\nabc`,
    `${CHUNKED}3\r\nabc\r\n`,
    `${CHUNKED}`,
  ],
  ERR_HTTP_PARSE: [
    'hello world\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    '\x15\x03\x01\x00\x02\x02\x28',
    ...['099', '99', '1000', 'abc', '-1', ''].map((status) => `HTTP/1.1 ${status} X\r\n\r\n`),
    ...['HTTP/1.2', 'HTTP/2', 'HTTP/3.0', 'ICY'].map((protocol) => `${protocol} 200 OK\r\n\r\n`),
    ...['+5', '5abc', '-1', '0x5', '18446744073709551621'].map(
      (length) => `${OK}Content-Length: ${length}\r\n\r\nabcde`,
    ),
    `${OK}Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde`,
    `${OK}Content-Length : 3\r\n\r\nabc`,
    `${OK}no colon\r\n\r\n`,
    `${OK}X: a\rb\r\n\r\n`,
    `${OK}X: a\0b\r\n\r\n`,
    `${OK}X: a\r\n folded\r\n\r\n`,
    `${CHUNKED}zz\r\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}3\nabc\n0\n\n`,
    `${CHUNKED}3\r\nabcdef0\r\n\r\n`,
    `${CHUNKED}fffffffffffffffff\r\nabc\r\n0\r\n\r\n`,
    ...['xchunked', 'chunked, identity', 'gzip'].map(
      (te) => `${OK}Transfer-Encoding: ${te}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    ),
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ],
  ERR_HEADERS_TOO_LARGE: [`${OK}${'X: a\r\n'.repeat(5_000)}\r\n`],
};

/** Each of `replies` at a path of its own. */
async function serveReplies(t, replies, end = (socket) => socket.end()) {
  const { url } = await serveRaw(t, (socket, head) => {
    socket.write(replies[head.match(/\d+/)[0]], 'latin1', () => end(socket));
  });
  return replies.map((_, i) => `${url}/${i}`);
}

for (const [code, replies] of Object.entries(REPLIES)) {
  test(`an answer that breaks the protocol or breaks off is ${code}, and its neighbours are whole`, async (t) => {
    const { url } = await serve(t);
    const bad = await serveReplies(t, replies);
    const urls = bad.flatMap((broken, i) => [broken, `${url}/${i}`]);
    const results = await downloadAll(urls, ONCE);
    for (const [i, reply] of replies.entries()) {
      const result = results[2 * i];
      assert.equal(result.error?.code, code, JSON.stringify(reply));
      assert.equal(result.body.length, 0);
      assert.equal(result.ok, false);
      assert.ok(
        !/hyper|httparse|reqwest|Incomplete|\(\w+\)$/.test(result.error.message),
        result.error.message,
      );
      assert.equal(results[2 * i + 1].text(), `/${i}`);
    }
  });
}

test('a connection that is reset is ECONNRESET, wherever it had come to', async (t) => {
  const replies = [
    '',
    'HTTP/1.1 2',
    `${OK}Content-Length: 10\r\n\r\nabc`,
    `${OK}\r\nabc`,
    `${CHUNKED}3\r\nabc\r\n`,
  ];
  const urls = await serveReplies(t, replies, (socket) => socket.resetAndDestroy());
  for (const [i, { error, ok, body }] of (await downloadAll(urls, ONCE)).entries()) {
    assert.deepEqual([error?.code, ok, body.length], ['ECONNRESET', false, 0], replies[i]);
  }
});

test('what is odd but clear is accepted', async (t) => {
  const replies = [
    `${OK}\r\nabc`,
    `${OK}Content-Length: 3\r\n\r\nabcdef`,
    `${OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    `${OK}Content-Length: 3, 3\r\n\r\nabc`,
    'HTTP/1.1 200 OK\nContent-Length: 3\n\nabc',
    'HTTP/1.0 200 OK\r\n\r\nabc',
    `HTTP/1.1 100 Continue\r\n\r\n${'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(9)}${OK}Content-Length: 3\r\n\r\nabc`,
    `${CHUNKED}3;extension=1\r\nabc\r\n0\r\nTrailer: x\r\n\r\n`,
    `${OK}${'X: a\r\n'.repeat(90)}Content-Length: 3\r\n\r\nabc`,
    `${OK}X: ${'a'.repeat(100_000)}\r\nContent-Length: 3\r\n\r\nabc`,
  ];
  const results = await downloadAll(await serveReplies(t, replies), ONCE);
  for (const [i, result] of results.entries()) {
    assert.equal(result.error, undefined, replies[i].slice(0, 200));
    assert.equal(result.text(), 'abc');
  }
  assert.equal(results[5].httpVersion, '1.0');
});

test('bytes after a body reach nobody else', async (t) => {
  const { url } = await serveRaw(t, (socket, head) => {
    const path = head.split(' ')[1];
    socket.write(
      `${OK}Content-Length: ${path.length}\r\n\r\n${path}${OK}Content-Length: 4\r\n\r\nevil`,
    );
  });
  const urls = Array.from({ length: 300 }, (_, i) => `${url}/${i}`);
  for (const [i, result] of (await downloadAll(urls, { ...ONCE, concurrency: 5 })).entries()) {
    assert.equal(result.error?.code ?? result.text(), `/${i}`);
  }
});

test('an answer with two framings leaks into no other', async (t) => {
  const { url } = await serveRaw(t, (socket, head) => {
    const path = head.split(' ')[1];
    const body = `${path.length.toString(16)}\r\n${path}\r\n0\r\n\r\n`;
    socket.write(`${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
  });
  const urls = Array.from({ length: 100 }, (_, i) => `${url}/${i}`);
  for (const [i, result] of (await downloadAll(urls, { ...ONCE, concurrency: 5 })).entries()) {
    assert.ok(result.error?.code === 'ERR_HTTP_PARSE' || result.text() === `/${i}`, result.text());
  }
});

test('nobody listening is ECONNREFUSED', async (t) => {
  const port = await closedPort(t);
  for (const host of ['127.0.0.1', 'localhost']) {
    const [{ error, status }] = await downloadAll([`http://${host}:${port}/`], ONCE);
    assert.deepEqual([error.code, error.phase, status], ['ECONNREFUSED', undefined, 0]);
  }
});

test('a name that does not exist is ENOTFOUND, or EAI_AGAIN where nobody can say', async () => {
  // Without a name server, systems try for a long time.
  const options = { ...ONCE, timeout: { connect: Number.POSITIVE_INFINITY } };
  const [{ error }] = await downloadAll(['http://nonexistent.invalid/'], options);
  assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code), error.code);
  assert.match(error.message, /^GET http:\/\/nonexistent\.invalid\/: .*nonexistent\.invalid/);
});

test('404 and 500 are answers, not errors', async (t) => {
  const { url } = await serve(t, (request, response) =>
    response.writeHead(Number(request.url.slice(1))).end('sorry'),
  );
  const results = await downloadAll([`${url}/404`, `${url}/500`], ONCE);
  for (const { ok, status, error, body } of results) {
    assert.deepEqual([ok, error, body.toString()], [false, undefined, 'sorry'], String(status));
  }
});

test('a connection that the server closed while it was idle is not used again', async (t) => {
  const server = await serve(t, (request, response) => {
    response.end(request.url);
    response.on('finish', () => request.socket.end());
  });
  for (let run = 1; run <= 5; run++) {
    const [result] = await downloadAll([`${server.url}/${run}`], ONCE);
    assert.equal(result.error?.code ?? result.text(), `/${run}`);
    await server.gone();
    assert.equal(server.accepted, run);
  }
});
