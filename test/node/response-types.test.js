// What becomes of a body: kept, read and dropped, or let go of after the head.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { Client, downloadAll } = require('../../index.js');
const { measure } = require('./measure.js');
const { serve, serveRaw } = require('./server.js');

const MIB = 1 << 20;
const TEXT = 'again and again, '.repeat(1_000);
const GZIP = zlib.gzipSync(TEXT);

/** What a result says of its body. */
function accountOf({ size, wireSize, body, decoded, error }) {
  return { size, wireSize, kept: body.length, decoded, code: error?.code };
}

/** Answers everything with these fields and this body. */
function serveBody(t, fields, body) {
  return serve(t, (_request, response) => response.writeHead(200, fields).end(body));
}

/** Writes for as long as the other end takes it. */
function writeForEver(response) {
  const more = () => {
    while (response.write(Buffer.alloc(1 << 16)));
  };
  response.on('drain', more);
  more();
}

test('a body is kept, or dropped and measured, or not waited for', async (t) => {
  const { url } = await serveBody(t, {}, TEXT);
  const types = [undefined, 'buffer', 'none', 'head'];
  const results = await downloadAll(types.map((responseType) => ({ url, responseType })));
  const whole = { size: TEXT.length, wireSize: TEXT.length, decoded: true, code: undefined };
  const head = { ...whole, size: 0, decoded: false };
  assert.deepEqual(results.map(accountOf), [
    { ...whole, kept: TEXT.length },
    { ...whole, kept: TEXT.length },
    { ...whole, kept: 0 },
    { ...head, wireSize: results[3].wireSize, kept: 0 },
  ]);
  assert.ok(results[3].wireSize <= TEXT.length);
  for (const result of results) assert.deepEqual([result.status, result.ok], [200, true]);
  for (const result of results.slice(2)) assert.equal(result.text(), '');
  assert.equal(results.stats.bytes, 3 * TEXT.length);
});

test('it may be said for a client, a call and an item', async (t) => {
  const { url } = await serveBody(t, {}, TEXT);
  const client = new Client({ responseType: 'none' });
  const item = { url, responseType: 'buffer' };
  const [byClient, byItem] = await client.downloadAll([url, item]);
  const [byCall] = await client.downloadAll([url], { responseType: 'buffer' });
  const kept = [byClient, byItem, byCall].map((result) => result.body.length);
  assert.deepEqual(kept, [0, TEXT.length, TEXT.length]);
});

test('another word is refused', async (t) => {
  const server = await serve(t);
  const { url } = server;
  for (const [responseType, code] of [
    ['text', 'ERR_INVALID_ARG_VALUE'],
    ['BUFFER', 'ERR_INVALID_ARG_VALUE'],
    ['', 'ERR_INVALID_ARG_VALUE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [true, 'ERR_INVALID_ARG_TYPE'],
  ]) {
    await assert.rejects(downloadAll([url], { responseType }), { name: 'TypeError', code });
    const [result] = await downloadAll([{ url, responseType }]);
    assert.equal(result.error?.code, code);
  }
  assert.equal(server.accepted, 0);
});

test('a body that is dropped is decoded all the same', async (t) => {
  const { url } = await serveBody(t, { 'content-encoding': 'gzip' }, GZIP);
  const [result] = await downloadAll([url], { responseType: 'none' });
  assert.deepEqual(accountOf(result), {
    size: TEXT.length,
    wireSize: GZIP.length,
    kept: 0,
    decoded: true,
    code: undefined,
  });
});

test('what is wrong with a body is an error for who reads it, and none for who wants the head', async (t) => {
  const gzip = (body) => [
    `Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
    body.toString('latin1'),
  ];
  const crc = Buffer.from(GZIP);
  crc[crc.length - 6] ^= 1;
  const replies = {
    short: ['Content-Length: 100\r\n\r\n', 'not all', 'ERR_BODY_TRUNCATED'],
    chunked: ['Transfer-Encoding: chunked\r\n\r\n', '7\r\nnot all\r\n', 'ERR_BODY_TRUNCATED'],
    noChunks: ['Transfer-Encoding: chunked\r\n\r\n', 'no chunk\r\n', 'ERR_HTTP_PARSE'],
    cut: [...gzip(GZIP.subarray(0, -20)), 'ERR_DECODE'],
    crc: [...gzip(crc), 'ERR_DECODE'],
    text: [...gzip(Buffer.from('no gzip at all')), 'ERR_DECODE'],
  };
  const { url } = await serveRaw(t, (socket, head) => {
    const [fields, body] = replies[head.match(/^GET \/(\w+)/)[1]];
    socket.end(`HTTP/1.1 200 OK\r\n${fields}${body}`, 'latin1');
  });
  const urls = Object.keys(replies).map((name) => `${url}/${name}`);
  const codes = {};
  for (const responseType of ['buffer', 'none', 'head']) {
    const results = await downloadAll(urls, { responseType, retry: false });
    for (const { body, decoded, ok, error } of results) {
      assert.equal(body.length, 0);
      assert.deepEqual([decoded, ok], [false, error === undefined]);
    }
    codes[responseType] = results.map(({ error }) => error?.code);
  }
  const expected = Object.values(replies).map(([, , code]) => code);
  assert.deepEqual(codes, {
    buffer: expected,
    none: expected,
    head: expected.map(() => undefined),
  });
});

test('a bomb that is dropped is decoded to its end, unless a limit is given', async (t) => {
  const size = 64 * MIB;
  const bomb = zlib.brotliCompressSync(zlib.gzipSync(Buffer.alloc(size)));
  const { url } = await serveBody(t, { 'content-encoding': 'gzip, br' }, bomb);
  const item = (maxBodySize) => ({ url, responseType: 'none', maxBodySize });
  const results = await downloadAll([item(undefined), item(size), item(size - 1), item(1)]);
  assert.deepEqual(
    results.map(({ error, size }) => error?.code ?? size),
    [size, size, 'ERR_BODY_TOO_LARGE', 'ERR_BODY_TOO_LARGE'],
  );
  assert.equal(results[0].wireSize, bomb.length);
});

test('a body that is dropped has no limit of its own, and any that is given', async (t) => {
  // More than a body in memory may have by default, announced and never sent.
  const { url } = await serveRaw(t, (socket) => {
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${300 * MIB}\r\n\r\n`);
  });
  const codeFor = async (options, client = new Client()) => {
    const [{ error }] = await client.downloadAll([url], { retry: false, ...options });
    return error.code;
  };
  assert.equal(await codeFor({}), 'ERR_BODY_TOO_LARGE');
  assert.equal(await codeFor({ responseType: 'none' }), 'ERR_BODY_TRUNCATED');
  const limits = { responseType: 'none', maxBodySize: 200 * MIB };
  assert.equal(await codeFor(limits), 'ERR_BODY_TOO_LARGE');
  assert.equal(await codeFor({}, new Client(limits)), 'ERR_BODY_TOO_LARGE');
  const none = { maxBodySize: Number.POSITIVE_INFINITY };
  assert.equal(await codeFor(none, new Client(limits)), 'ERR_BODY_TRUNCATED');
});

test('an endless body that nobody wants is given up, and so is its connection', async (t) => {
  const closed = [];
  const server = await serve(t, (request, response) => {
    closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
    writeForEver(response);
  });
  const results = await downloadAll([server.url, server.url], { responseType: 'head' });
  for (const result of results) {
    assert.deepEqual([result.status, result.ok, result.error], [200, true, undefined]);
    assert.deepEqual([result.size, result.body.length, result.decoded], [0, 0, false]);
    assert.ok(result.wireSize > 0 && result.wireSize < MIB, `${result.wireSize} bytes`);
  }
  assert.equal(closed.length, 2);
  await Promise.all(closed);
});

test('a body that does not come is not waited for, and its connection is given up', async (t) => {
  const server = await serve(t, (_request, response) => response.write('begun'));
  const [result] = await downloadAll([server.url], { responseType: 'head' });
  assert.deepEqual([result.status, result.ok, result.error], [200, true, undefined]);
  await server.gone();
});

test('limits of time that pass while nobody wants the body any more are no error', async (t) => {
  const { url } = await serve(t, (_request, response) => response.write('begun'));
  const limits = [{ request: 300 }, { total: 300 }, { idle: 300 }];
  const items = limits.map((timeout) => ({ url, timeout, responseType: 'head', retry: false }));
  for (const [i, { status, error }] of (await downloadAll(items)).entries()) {
    assert.deepEqual([status, error?.phase], [200, undefined], JSON.stringify(limits[i]));
  }
});

test('a small body that nobody wants leaves the connection to the next request', async (t) => {
  const bodies = { none: '', small: 'x'.repeat(1_000), more: 'x'.repeat(60_000) };
  const server = await serve(t, (request, response) => response.end(bodies[request.url.slice(1)]));
  const client = new Client({ responseType: 'head', concurrency: 1 });
  const urls = Object.keys(bodies).map((name) => `${server.url}/${name}`);
  const results = [...(await client.downloadAll(urls)), ...(await client.downloadAll(urls))];
  assert.deepEqual(
    results.map(({ timings, error }) => error ?? timings.reused),
    [false, true, true, true, true, true],
  );
  assert.equal(server.accepted, 1);
});

test('maxBodySize does not count for a head, whatever it announces', async (t) => {
  const { url } = await serveBody(t, {}, TEXT);
  const [result] = await downloadAll([url], { responseType: 'head', maxBodySize: 1 });
  assert.deepEqual([result.ok, result.error], [true, undefined]);
});

test('heads are followed through redirects, and retried', async (t) => {
  let tries = 0;
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/from') return response.writeHead(302, { location: '/to' }).end(TEXT);
    tries += 1;
    response.writeHead(tries === 1 ? 503 : 200).end(TEXT);
  });
  const retry = { backoff: { base: 0 } };
  const [result] = await downloadAll([`${url}/from`], { responseType: 'head', retry });
  assert.deepEqual(
    [result.status, result.url, result.attempts, result.body.length],
    [200, `${url}/to`, 2, 0],
  );
});

test('200 MB that are dropped take no memory', async (t) => {
  const server = await serve(t, (_request, response) => response.end(Buffer.alloc(10e6)));
  const grown = await measure(async (url) => {
    const { downloadAll } = require('manyfetch');
    const fetch = async (count, responseType) => {
      const results = await downloadAll(new Array(count).fill(url), { responseType });
      if (results.stats.ok !== count) throw results.find(({ error }) => error).error;
      return results;
    };
    const rss = () => {
      gc();
      return process.memoryUsage.rss();
    };
    await fetch(2, 'none');
    const before = rss();
    const dropped = await fetch(20, 'none');
    const grown = { dropped: rss() - before, bytes: dropped.stats.bytes };
    const kept = await fetch(20, 'buffer');
    grown.kept = rss() - before;
    console.log(JSON.stringify({ ...grown, count: kept.length }));
  }, server.url);
  assert.equal(grown.bytes, 200e6);
  assert.ok(grown.dropped < 60e6, `${Math.round(grown.dropped / MIB)} MiB`);
  assert.ok(grown.kept > 150e6, 'what is kept can be seen');
});
