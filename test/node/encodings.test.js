// Content codings and the cap on bodies, which counts decoded bytes.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

const TEXT = 'again and again, '.repeat(1_000);
const ENCODERS = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  ...(zlib.zstdCompressSync && { zstd: zlib.zstdCompressSync }),
};

/** Serves one body, with these header fields, for every path of `replies`. */
async function serveReplies(t, replies) {
  const server = await serve(t, (request, response) => {
    const [status, fields, body] = replies[request.url.slice(1)];
    response.writeHead(status, fields).end(body);
  });
  return Object.keys(replies).map((name) => `${server.url}/${name}`);
}

test('every coding is undone, and both sizes are told', async (t) => {
  const replies = {};
  for (const [name, encode] of Object.entries(ENCODERS))
    replies[name] = [200, { 'content-encoding': name }, encode(TEXT)];
  replies.raw = [200, { 'content-encoding': 'deflate' }, zlib.deflateRawSync(TEXT)];
  replies.upper = [200, { 'content-encoding': ' GZIP ' }, zlib.gzipSync(TEXT)];
  replies.old = [200, { 'content-encoding': 'x-gzip' }, zlib.gzipSync(TEXT)];
  replies.two = [
    200,
    { 'content-encoding': 'gzip, br' },
    zlib.brotliCompressSync(zlib.gzipSync(TEXT)),
  ];
  replies.lines = [
    200,
    [
      ['content-encoding', 'gzip'],
      ['content-encoding', 'br'],
    ],
    replies.two[2],
  ];
  replies.members = [
    200,
    { 'content-encoding': 'gzip' },
    Buffer.concat([zlib.gzipSync(TEXT.slice(0, 99)), zlib.gzipSync(TEXT.slice(99))]),
  ];
  const results = await downloadAll(await serveReplies(t, replies));
  for (const [i, [name, [, , body]]] of Object.entries(replies).entries()) {
    assert.equal(results[i].text(), TEXT, name);
    assert.deepEqual(
      [results[i].size, results[i].wireSize, results[i].decoded],
      [TEXT.length, body.length, true],
      name,
    );
    assert.ok(results[i].headers.has('content-encoding'));
  }
});

test('an unknown coding, or the part of a body, is handed over as it came', async (t) => {
  const body = zlib.gzipSync(TEXT);
  const [unknown, part] = await serveReplies(t, {
    unknown: [200, { 'content-encoding': 'gzip, made-up' }, body],
    part: [206, { 'content-encoding': 'gzip' }, body],
  });
  for (const result of await downloadAll([
    unknown,
    { url: part, headers: { range: 'bytes=0-' } },
  ])) {
    assert.deepEqual(result.body, body);
    assert.deepEqual([result.decoded, result.error, result.size], [false, undefined, body.length]);
    assert.match(result.headers.get('content-encoding'), /^gzip/);
  }
});

test('what has no body is empty, whatever its head says of one', async (t) => {
  const encoded = { 'content-encoding': 'gzip' };
  const [head, none, same, empty] = await serveReplies(t, {
    head: [200, { ...encoded, 'content-length': 1e9 }],
    none: [204, encoded],
    same: [304, { ...encoded, 'content-length': 500 }],
    empty: [200, { ...encoded, 'content-length': 0 }],
  });
  const results = await downloadAll([{ url: head, method: 'HEAD' }, none, same, empty], {
    maxBodySize: 100,
  });
  for (const result of results) {
    assert.deepEqual(
      [result.error, result.size, result.body.length, result.text()],
      [undefined, 0, 0, ''],
    );
  }
  assert.deepEqual(
    results.map((result) => result.status),
    [200, 204, 304, 200],
  );
});

test('a body that is not what its coding says is an error, and never a body', async (t) => {
  const replies = {};
  for (const [name, encode] of Object.entries(ENCODERS)) {
    const body = encode(TEXT);
    replies[`${name}-cut`] = [200, { 'content-encoding': name }, body.subarray(0, body.length - 3)];
    replies[`${name}-not`] = [200, { 'content-encoding': name }, `\xff\xff${TEXT}`];
  }
  const crc = zlib.gzipSync(TEXT);
  crc[crc.length - 6] ^= 1;
  replies.crc = [200, { 'content-encoding': 'gzip' }, crc];
  replies.six = [200, { 'content-encoding': 'gzip, gzip, gzip, gzip, gzip, gzip' }, 'x'];
  const results = await downloadAll(await serveReplies(t, replies));
  for (const [i, name] of Object.keys(replies).entries()) {
    assert.equal(results[i].error?.code, 'ERR_DECODE', name);
    assert.deepEqual(
      [results[i].body.length, results[i].ok, results[i].status],
      [0, false, 200],
      name,
    );
    assert.throws(() => results[i].json(), results[i].error);
  }
});

test('maxBodySize counts decoded bytes, in every way a body can come', async (t) => {
  const over = 'x'.repeat(1_001);
  const [announced, chunked, gzip, bomb, exact] = await serveReplies(t, {
    announced: [200, { 'content-length': 1_001 }, over],
    chunked: [200, { 'transfer-encoding': 'chunked' }, over],
    gzip: [200, { 'content-encoding': 'gzip' }, zlib.gzipSync(over)],
    bomb: [
      200,
      { 'content-encoding': 'gzip, br' },
      zlib.brotliCompressSync(zlib.gzipSync(Buffer.alloc(64 << 20))),
    ],
    exact: [200, { 'content-encoding': 'gzip' }, zlib.gzipSync('x'.repeat(1_000))],
  });
  const items = [
    announced,
    chunked,
    gzip,
    bomb,
    exact,
    { url: announced, maxBodySize: 1_001 },
    { url: exact, maxBodySize: 9 },
  ];
  const results = await downloadAll(items, { maxBodySize: 1_000 });
  const tooLarge = 'ERR_BODY_TOO_LARGE';
  assert.deepEqual(
    results.map((result) => result.error?.code ?? result.size),
    [...[tooLarge, tooLarge, tooLarge, tooLarge, 1_000, 1_001], tooLarge],
  );
  for (const result of results) if (result.error) assert.equal(result.body.length, 0);
});

test('an endless body is stopped at the cap', async (t) => {
  const server = await serve(t, (_request, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(1 << 16)));
    };
    response.on('drain', more);
    more();
  });
  const [result] = await downloadAll([server.url], { maxBodySize: 1 << 20 });
  assert.equal(result.error.code, 'ERR_BODY_TOO_LARGE');
  await server.gone();
});
