// Which codings are asked for, and when they are undone.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { Client, downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

const TEXT = 'again and again, '.repeat(1_000);
const GZIP = zlib.gzipSync(TEXT);
const ALL = 'gzip, deflate, br, zstd';

/** Answers `/gzip` encoded and all else plain, and keeps what was asked for. */
async function serveBoth(t) {
  const asked = [];
  const server = await serve(t, (request, response) => {
    asked.push(request.headers['accept-encoding']);
    const fields = request.url === '/gzip' ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(200, fields).end(request.url === '/gzip' ? GZIP : TEXT);
  });
  return Object.assign(server, { asked });
}

test('without decompress nothing is asked for, and a body is as it came', async (t) => {
  const { url, asked } = await serveBoth(t);
  const urls = [`${url}/gzip`, `${url}/plain`];
  for (const options of [{ decompress: false }, { decompress: false, responseType: 'none' }]) {
    const [encoded, plain] = await downloadAll(urls, options);
    assert.deepEqual(
      [encoded.error, encoded.size, encoded.decoded],
      [undefined, GZIP.length, false],
    );
    assert.equal(encoded.wireSize, GZIP.length);
    assert.deepEqual([plain.error, plain.size, plain.decoded], [undefined, TEXT.length, true]);
    if (options.responseType === undefined) assert.deepEqual(encoded.body, GZIP);
  }
  assert.deepEqual(asked, [undefined, undefined, undefined, undefined]);
  const [control] = await downloadAll(urls, { decompress: true });
  assert.deepEqual([control.text(), control.decoded, asked.at(-1)], [TEXT, true, ALL]);
});

test('an item may want the codings undone where its call or client does not', async (t) => {
  const server = await serveBoth(t);
  const url = `${server.url}/gzip`;
  const client = new Client({ decompress: false, concurrency: 1 });
  const results = await client.downloadAll([url, { url, decompress: true }]);
  const [byCall] = await client.downloadAll([url], { decompress: true });
  assert.deepEqual(
    [...results, byCall].map(({ size }) => size),
    [GZIP.length, TEXT.length, TEXT.length],
  );
  assert.deepEqual(server.asked, [undefined, ALL, ALL]);
});

test('an unknown or a broken coding is no error where none is undone', async (t) => {
  const fields = [['gzip, made-up'], [new Array(6).fill('gzip').join()], ['gzip']];
  const { url } = await serve(t, (request, response) => {
    const [coding] = fields[Number(request.url.slice(1))];
    response.writeHead(200, { 'content-encoding': coding }).end('no such thing');
  });
  const results = await downloadAll(
    fields.map((_, i) => `${url}/${i}`),
    { decompress: false },
  );
  for (const result of results) {
    const { error, decoded } = result;
    assert.deepEqual([error, decoded, result.text()], [undefined, false, 'no such thing']);
  }
});

test("the caller's own Accept-Encoding is sent as it is, and what comes is decoded", async (t) => {
  const server = await serveBoth(t);
  const url = `${server.url}/gzip`;
  for (const own of ['gzip', 'identity', 'br;q=1.0, *;q=0', '']) {
    const headers = { 'Accept-Encoding': own };
    const [decoded] = await downloadAll([url], { headers });
    const [raw] = await downloadAll([{ url, headers, decompress: false }]);
    assert.deepEqual([decoded.text(), decoded.decoded], [TEXT, true]);
    assert.deepEqual([raw.body, raw.decoded], [GZIP, false]);
    assert.deepEqual(server.asked.splice(0), [own, own]);
  }
});

test('with a Range of the caller nothing encoded is asked for, and nothing decoded', async (t) => {
  const server = await serveBoth(t);
  const url = `${server.url}/gzip`;
  const headers = { Range: 'bytes=0-' };
  const client = new Client({ headers });
  const results = [
    ...(await downloadAll([{ url, headers }, `${server.url}/plain`], { concurrency: 1 })),
    ...(await downloadAll([url], { headers })),
    ...(await client.downloadAll([url])),
    ...(await client.downloadAll([{ url, decompress: true }])),
    ...(await downloadAll([url], { headers: { ...headers, 'Accept-Encoding': 'br' } })),
  ];
  assert.deepEqual(server.asked, ['identity', ALL, 'identity', 'identity', 'identity', 'br']);
  assert.equal(results.splice(1, 1)[0].decoded, true);
  for (const { body, decoded, error } of results) {
    assert.deepEqual([body, decoded, error], [GZIP, false, undefined]);
  }
});

test('a part that is not encoded is decoded already', async (t) => {
  const server = await serveBoth(t);
  const [result] = await downloadAll([server.url], { headers: { Range: 'bytes=0-' } });
  assert.deepEqual([result.text(), result.decoded], [TEXT, true]);
});

test('only true and false are said of decompress', async (t) => {
  const { url } = await serve(t);
  for (const decompress of [null, 0, 'gzip', {}]) {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    await assert.rejects(downloadAll([url], { decompress }), refusal);
  }
});
