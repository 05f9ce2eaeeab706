// Bodies: the right one for every item, whole, and read as bytes, text or JSON.

'use strict';

const assert = require('node:assert/strict');
const { createHash, randomBytes } = require('node:crypto');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { closedPort, serve } = require('./server.js');

const MIB = 1 << 20;

function sha256(...data) {
  const hash = createHash('sha256');
  for (const piece of data) hash.update(piece);
  return hash.digest('hex');
}

test('text is UTF-8, without its mark, and never throws', async (t) => {
  const bodies = {
    plain: [Buffer.from('gr\u00fc\u00df'), 'gr\u00fc\u00df'],
    marked: [Buffer.from('\ufeffmarked'), 'marked'],
    onlyMark: [Buffer.from('\ufeff'), ''],
    broken: [Buffer.from([0x61, 0xff, 0xfe, 0x80, 0x62]), 'a\ufffd\ufffd\ufffdb'],
    cut: [Buffer.from('\u20ac').subarray(0, 2), '\ufffd'],
    zero: [Buffer.from('a\0b'), 'a\0b'],
    empty: [Buffer.alloc(0), ''],
  };
  const { url } = await serve(t, (request, response) =>
    response.end(bodies[request.url.slice(1)][0]),
  );
  const results = await downloadAll(Object.keys(bodies).map((name) => `${url}/${name}`));
  for (const [i, [bytes, text]] of Object.values(bodies).entries()) {
    assert.equal(results[i].text(), text);
    assert.deepEqual(results[i].body, bytes);
    assert.deepEqual(results[i].bytes(), new Uint8Array(bytes));
  }
});

test('json() parses, or says which URL has no JSON', async (t) => {
  const { url } = await serve(t, (request, response) =>
    response.end(request.url === '/bad' ? '{"a":' : '\ufeff{"a":1}'),
  );
  const port = await closedPort(t);
  const [good, bad, failed] = await downloadAll(
    [`${url}/good`, `${url}/bad`, `http://127.0.0.1:${port}`],
    { retry: false },
  );
  assert.deepEqual(good.json(), { a: 1 });
  assert.throws(
    () => bad.json(),
    (error) => error instanceof SyntaxError && error.message.includes(`${url}/bad`),
  );
  assert.throws(
    () => failed.json(),
    (error) => error === failed.error,
  );
});

test('every item gets its own body, whatever its size', async (t) => {
  const bodyOf = (path) => {
    const id = Number(path.slice(1));
    const text = sha256(path);
    // Around the sizes at which small bodies share a block of memory and large ones do not.
    const length = id % 97 === 0 ? 65_535 + (id % 3) : id % 200;
    return text.repeat(Math.ceil(length / 64)).slice(0, length);
  };
  const { url } = await serve(t, (request, response) => response.end(bodyOf(request.url)));
  const urls = Array.from({ length: 2_000 }, (_, i) => `${url}/${i}`);
  const results = await downloadAll(urls, { concurrencyPerHost: 50 });
  for (const [i, result] of results.entries()) {
    assert.equal(result.requestUrl, urls[i]);
    assert.ok(result.text() === bodyOf(`/${i}`), `body of item ${i}`);
  }
});

test('a body of 50 MiB comes whole, with its length announced and without', async (t) => {
  const pieces = Array.from({ length: 50 }, () => randomBytes(MIB));
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/announced') response.setHeader('content-length', 50 * MIB);
    let sent = 0;
    const send = () => {
      while (sent < pieces.length)
        if (!response.write(pieces[sent++])) return void response.once('drain', send);
      response.end();
    };
    send();
  });
  for (const path of ['/announced', '/chunked']) {
    const [result] = await downloadAll([url + path]);
    assert.equal(result.error, undefined);
    assert.equal(result.size, 50 * MIB);
    assert.equal(sha256(result.body), sha256(...pieces));
  }
});

test('a body byte by byte is the same body', async (t) => {
  const text = 'one byte after the other';
  const { url } = await serve(t, (_request, response) => {
    response.socket.setNoDelay(true);
    for (const letter of text) response.write(letter);
    response.end();
  });
  const [result] = await downloadAll([url]);
  assert.equal(result.text(), text);
});

test('giving one body away leaves its neighbours whole', async (t) => {
  const { url } = await serve(t);
  const results = await downloadAll(Array.from({ length: 20 }, (_, i) => `${url}/${i}`));
  const { buffer } = results[3].body;
  for (const give of [
    () => structuredClone(buffer, { transfer: [buffer] }),
    () => buffer.transfer?.(),
  ]) {
    try {
      give();
    } catch (error) {
      assert.ok(error instanceof DOMException || error instanceof TypeError);
    }
  }
  for (const [i, result] of results.entries()) assert.equal(result.text(), `/${i}`);
});

test('bodies outlive everything else of their run', async (t) => {
  const { url } = await serve(t);
  const bodies = (await downloadAll(Array.from({ length: 500 }, (_, i) => `${url}/${i}`))).map(
    (result) => result.body,
  );
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await downloadAll(Array.from({ length: 500 }, () => `${url}/other`));
  }
  for (const [i, body] of bodies.entries()) assert.equal(body.toString(), `/${i}`);
});
