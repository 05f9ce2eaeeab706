// What a server sends to those who read a terminal: escape sequences and line breaks reach no message and no printed result.

'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { listen, serve, serveRaw } = require('./server.js');

const ESCAPES = {
  colour: '\x1b[31m',
  title: '\x1b]0;owned\x07',
  link: '\x1b]8;;http://evil.test\x1b\\x',
  clear: '\x1bc',
  bell: '\x07\x08\x7f',
  'of one byte': '\x9b31m\x9d0;owned\x9c\x85',
};
const CONTROL = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  line: /[\x00-\x1f\x7f-\x9f]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the same, but for the lines that printing makes
  printed: /[\x00-\x09\x0b-\x1f\x7f-\x9f]/,
};

function assertClean(result, what) {
  const texts = [inspect(result), inspect([result], { depth: 9 })];
  const lines = [result.url, result.requestUrl, ...result.redirects];
  const { error } = result;
  if (error !== undefined) {
    lines.push(error.message, error.url, String(error));
    texts.push(error.stack, inspect(error), inspect(structuredClone(error)));
  }
  for (const text of texts)
    assert.ok(!CONTROL.printed.test(text), `${what}: ${JSON.stringify(text)}`);
  for (const line of lines) assert.ok(!CONTROL.line.test(line), `${what}: ${JSON.stringify(line)}`);
}

/** Answers `/N` with the N-th of these bytes. */
async function fetchRaw(t, replies) {
  const { url } = await serveRaw(t, (socket, head) => {
    const reply =
      replies[Number(head.match(/^GET \/(\d+)/)?.[1])] ?? 'HTTP/1.1 404 Not Found\r\n\r\n';
    socket.end(reply, 'latin1');
  });
  return downloadAll(
    replies.map((_, i) => `${url}/${i}`),
    { retry: false },
  );
}

for (const [place, replyWith] of Object.entries({
  'a reason phrase': (text) => `HTTP/1.1 404 ${text}\r\nContent-Length: 0\r\n\r\n`,
  'a header value': (text) => `HTTP/1.1 200 OK\r\nX: ${text}\r\nContent-Length: 0\r\n\r\n`,
  'a header name': (text) => `HTTP/1.1 200 OK\r\nX${text}: 1\r\nContent-Length: 0\r\n\r\n`,
  'a status line': (text) => `HTTP/1.1 ${text} OK\r\nContent-Length: 0\r\n\r\n`,
  'a version': (text) => `${text}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`,
  'the length': (text) => `HTTP/1.1 200 OK\r\nContent-Length: ${text}\r\n\r\n`,
  'a coding': (text) =>
    `HTTP/1.1 200 OK\r\nContent-Encoding: gzip${',gzip'.repeat(6)} ${text}\r\nContent-Length: 1\r\n\r\nx`,
  'the size of a chunk': (text) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text}\r\n\r\n`,
  'a Location': (text) =>
    `HTTP/1.1 302 Found\r\nLocation: /x${text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  'the host of a Location': (text) =>
    `HTTP/1.1 302 Found\r\nLocation: http://${text}/\r\nContent-Length: 0\r\n\r\n`,
  'the protocol of a Location': (text) =>
    `HTTP/1.1 302 Found\r\nLocation: x${text}:y\r\nContent-Length: 0\r\n\r\n`,
  'a Retry-After': (text) =>
    `HTTP/1.1 503 Busy\r\nRetry-After: ${text}\r\nContent-Length: 0\r\n\r\n`,
})) {
  test(`escape sequences in ${place} reach no message and no printed result`, async (t) => {
    const results = await fetchRaw(t, Object.values(ESCAPES).map(replyWith));
    for (const [i, what] of Object.keys(ESCAPES).entries()) assertClean(results[i], what);
    // Bytes from 0x80 on may stand in a value: that one shows that they came this far.
    if (place === 'a header value') {
      assert.equal(results.at(-1).headers.get('x'), ESCAPES['of one byte']);
    }
  });
}

test('a line in a folded or a broken header starts no line of a message', async (t) => {
  const results = await fetchRaw(t, [
    'HTTP/1.1 200 OK\r\nX: a\r\n\x1b[31m b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nY: b\rZ: c\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 302 Found\r\nLocation: http://a\tb\r\nContent-Length: 0\r\n\r\n',
  ]);
  for (const [i, result] of results.entries()) assertClean(result, String(i));
});

test('nor do those that HTTP/2 carries', async (t) => {
  const identity = makeCertificate({ name: 'localhost' });
  const server = http2.createSecureServer(identity);
  server.on('stream', (stream, headers) => {
    const value = Object.values(ESCAPES)[Number(headers[':path'].slice(1))];
    stream.on('error', () => {});
    stream.respond({ ':status': 302, 'x-value': value, location: `http://${value}/` });
    stream.end();
  });
  const { url } = await listen(t, server, 'https');
  const results = await downloadAll(
    Object.keys(ESCAPES).map((_, i) => `${url}/${i}`),
    { tls: { ca: identity.cert }, retry: false },
  );
  for (const [i, what] of Object.keys(ESCAPES).entries()) assertClean(results[i], what);
});

/** Checks the results of the items that `make` makes of each text with an escape sequence. */
async function checkItems(t, make) {
  const { url } = await serve(t);
  for (const [what, text] of Object.entries(ESCAPES)) {
    const results = await downloadAll(make(url, text), { retry: false });
    for (const result of results) assertClean(result, `${what} ${result.index}`);
  }
}

test("nor do those in the caller's own URLs and values", (t) =>
  checkItems(t, (url, text) => [
    ...[`${url}/${text}`, `${url}/?${text}`, `http://${text}/`, `${text}://localhost/`, text],
    ...[`http://[${text}]/`, `http://localhost:${text}/`, `http://me:${text}@localhost:99999/`],
    { url: `x${text}y`, method: 5 },
    { url, method: text },
    { url, headers: { [text]: '1' } },
    { url, headers: { x: `${text}\0` } },
    { url, checksum: text },
    { url, redirect: text },
  ]));

test('nor do those in the names of options and headers', (t) =>
  checkItems(t, (url, text) => [
    { url, [text]: 1 },
    { url, auth: { [text]: 1 } },
    { url, headers: { [text]: 5 } },
  ]));

test('a body that is no JSON has no control characters in its SyntaxError', async (t) => {
  const bodies = Object.values(ESCAPES);
  const { url } = await serve(t, (request, response) => {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(bodies[Number(request.url.slice(1))]);
  });
  for (const result of await downloadAll(bodies.map((_, i) => `${url}/${i}`))) {
    assert.throws(
      () => result.json(),
      (error) => {
        assert.ok(error instanceof SyntaxError);
        assert.ok(!CONTROL.line.test(error.message), JSON.stringify(error.message));
        return true;
      },
    );
  }
});
