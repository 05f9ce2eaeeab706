// Results as what fetch has: a Response, an ArrayBuffer, a Uint8Array.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { closedPort, serve, serveRaw } = require('./server.js');

/** The result of one request that is answered with these bytes. */
async function fetchRaw(t, reply, options) {
  const server = await serveRaw(t, (socket) => socket.end(reply, 'latin1'));
  const [result] = await downloadAll([server.url], { retry: false, ...options });
  return result;
}

function withStatus(status, rest = 'Content-Length: 0\r\n\r\n') {
  return `HTTP/1.1 ${status}\r\n${rest}`;
}

test('a result is a fetch Response with all that it has', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/from') return response.writeHead(302, { location: '/to#part' }).end();
    const fields = [
      ['Content-Type', 'application/json'],
      ['Set-Cookie', 'a=1'],
      ['X-Two', '1'],
      ['X-Two', '2'],
      ['Set-Cookie', 'b=2; Path=/'],
    ];
    response.writeHead(201, 'Made Up', fields).end('{"a":"\u20ac"}');
  });
  const [result] = await downloadAll([`${url}/from`]);
  const response = result.toResponse();
  assert.ok(response instanceof Response);
  const { status, statusText, ok, redirected, bodyUsed } = response;
  assert.deepEqual(
    { url: response.url, status, statusText, ok, redirected, bodyUsed },
    {
      url: `${url}/to`,
      status: 201,
      statusText: 'Made Up',
      ok: true,
      redirected: true,
      bodyUsed: false,
    },
  );
  assert.deepEqual([...response.headers], [...result.headers]);
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2; Path=/']);
  assert.equal(response.headers.get('x-two'), '1, 2');
  assert.deepEqual(await response.json(), { a: '\u20ac' });
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
});

test('an answer without a redirect says so, and its status decides what is ok', async (t) => {
  const { url } = await serve(t, (_request, response) => response.writeHead(404).end('none'));
  const response = (await downloadAll([url]))[0].toResponse();
  assert.deepEqual(
    [response.url, response.redirected, response.ok, await response.text()],
    [`${url}/`, false, false, 'none'],
  );
});

test('every way to read its body gives the same bytes, from one response after the other', async (t) => {
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
  const { url } = await serve(t, (_request, response) => response.end(body));
  const [result] = await downloadAll([url]);
  const streamed = [];
  for await (const piece of result.toResponse().body) streamed.push(piece);
  const forms = [
    Buffer.from(await result.toResponse().arrayBuffer()),
    Buffer.from(await (await result.toResponse().blob()).arrayBuffer()),
    Buffer.concat(streamed),
    result.body,
  ];
  for (const [i, bytes] of forms.entries()) assert.ok(bytes.equals(body), String(i));
  assert.equal(await result.toResponse().text(), body.toString());
});

test('a clone is read apart from its original', async (t) => {
  const { url } = await serve(t);
  const response = (await downloadAll([`${url}/path`]))[0].toResponse();
  const clone = response.clone();
  assert.deepEqual([await response.text(), await clone.text()], ['/path', '/path']);
  assert.deepEqual([clone.status, [...clone.headers]], [200, [...response.headers]]);
});

test('a clone has the url and the redirect of its original, as one of fetch has', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/to') return response.end();
    response.writeHead(302, { location: '/to' }).end();
  });
  const [[result], fetched] = await Promise.all([downloadAll([url]), fetch(url)]);
  for (const response of [fetched, result.toResponse()]) {
    const clone = response.clone();
    assert.deepEqual([clone.url, clone.redirected], [`${url}/to`, true]);
    assert.equal(clone.clone().url, `${url}/to`);
  }
});

test('what is done to the bytes of a response changes nothing of the result', async (t) => {
  const { url } = await serve(t);
  const results = await downloadAll([`${url}/first`, `${url}/second`]);
  for (const result of results) {
    const { value } = await result.toResponse().body.getReader().read();
    value.fill(0x21);
    new Uint8Array(await result.toResponse().arrayBuffer()).fill(0x21);
  }
  assert.deepEqual(
    results.map((result) => result.text()),
    ['/first', '/second'],
  );
});

test('a response that is given away takes no bytes of the result along', async (t) => {
  const { url } = await serve(t);
  const results = await downloadAll([`${url}/first`, `${url}/second`]);
  const buffer = await results[0].toResponse().arrayBuffer();
  structuredClone(buffer, { transfer: [buffer] });
  assert.deepEqual(
    results.map((result) => result.text()),
    ['/first', '/second'],
  );
});

test('204, 205 and 304 have no body, and all others have one', async (t) => {
  for (const status of [204, 205, 304]) {
    const [response] = [(await fetchRaw(t, withStatus(status))).toResponse()];
    assert.deepEqual([response.status, response.body], [status, null]);
    assert.equal(await response.text(), '');
  }
  for (const status of [200, 206, 299, 300, 404, 599]) {
    const response = (await fetchRaw(t, withStatus(status))).toResponse();
    assert.equal(response.status, status);
    assert.ok(response.body instanceof ReadableStream);
    assert.equal(await response.text(), '');
  }
});

test('a status that a Response cannot have is a RangeError that names it', async (t) => {
  for (const status of [600, 700, 999]) {
    const result = await fetchRaw(t, withStatus(status));
    assert.deepEqual([result.status, result.error], [status, undefined]);
    assert.throws(
      () => result.toResponse(),
      (error) => error instanceof RangeError && error.message.includes(String(status)),
    );
  }
});

test('without a response the RangeError has the error of the item as its cause', async (t) => {
  const port = await closedPort(t);
  const [result] = await downloadAll([`http://127.0.0.1:${port}/`], { retry: false });
  assert.throws(
    () => result.toResponse(),
    (error) => error instanceof RangeError && error.cause === result.error,
  );
  assert.equal(result.error.code, 'ECONNREFUSED');
});

test('an item that failed after its head throws its error', async (t) => {
  const cut = 'Content-Length: 100\r\n\r\nnot all';
  const result = await fetchRaw(t, withStatus('200 OK', cut));
  assert.deepEqual([result.status, result.error?.code], [200, 'ERR_BODY_TRUNCATED']);
  for (let i = 0; i < 2; i++) {
    assert.throws(
      () => result.toResponse(),
      (error) => error === result.error,
    );
  }
});

test('any reason phrase that came is the one of the response', async (t) => {
  const phrases = ['', 'OK', 'Gone  Fishing', 'a\tb', '<b>"', 'x'.repeat(1_000)];
  for (const phrase of phrases) {
    const result = await fetchRaw(t, withStatus(`404 ${phrase}`));
    assert.equal(result.error, undefined, phrase);
    assert.equal(result.statusText, phrase);
    assert.equal(result.toResponse().statusText, phrase);
  }
});

test('a reason phrase beyond ASCII, which the parser leaves out, is none of the response', async (t) => {
  const result = await fetchRaw(t, withStatus('404 \xfcml\xe4ut'));
  assert.equal(result.error, undefined);
  assert.equal(result.toResponse().statusText, '');
});

test('header values of any bytes go into the response', async (t) => {
  const fields = 'X-Latin: caf\xe9 \xff\r\nX-Empty:\r\nX-Tab: a\tb\r\nContent-Length: 0\r\n\r\n';
  const result = await fetchRaw(t, withStatus('200 OK', fields));
  const { headers } = result.toResponse();
  assert.deepEqual(
    ['x-latin', 'x-empty', 'x-tab'].map((name) => headers.get(name)),
    ['caf\xe9 \xff', '', 'a\tb'],
  );
});

test('what is set on the headers of a response stays there', async (t) => {
  const { url } = await serve(t);
  const [result] = await downloadAll([url]);
  const response = result.toResponse();
  response.headers.set('x-mine', '1');
  assert.equal(response.headers.get('x-mine'), '1');
  assert.equal(result.headers.has('x-mine'), false);
  assert.equal(result.toResponse().headers.has('x-mine'), false);
});

test('arrayBuffer() is a copy of exactly the body', async (t) => {
  const { url } = await serve(t);
  const results = await downloadAll(Array.from({ length: 20 }, (_, i) => `${url}/${i}`));
  for (const [i, result] of results.entries()) {
    const buffer = result.arrayBuffer();
    assert.ok(buffer instanceof ArrayBuffer);
    assert.equal(buffer.byteLength, result.size);
    assert.equal(Buffer.from(buffer).toString(), `/${i}`);
    assert.notEqual(result.arrayBuffer(), buffer);
    new Uint8Array(buffer).fill(0);
    structuredClone(buffer, { transfer: [buffer] });
  }
  for (const [i, result] of results.entries()) assert.equal(result.text(), `/${i}`);
});

test('bytes() is the memory of the body', async (t) => {
  const { url } = await serve(t);
  const [first, second] = await downloadAll([`${url}/first`, `${url}/second`]);
  first.bytes()[0] = 0x21;
  assert.equal(first.body.toString(), '!first');
  assert.deepEqual([first.text(), first.bytes().length], ['!first', 6]);
  assert.equal(second.text(), '/second');
});

test('an empty body is empty in every form', async (t) => {
  const port = await closedPort(t);
  const { url } = await serve(t, (_request, response) => response.end());
  const urls = [url, `http://127.0.0.1:${port}/`];
  for (const result of await downloadAll(urls, { retry: false })) {
    assert.equal(result.arrayBuffer().byteLength, 0);
    assert.equal(result.bytes().byteLength, 0);
    assert.equal(result.body.length, 0);
  }
});
