// Checksums: which body they are of, and that another body is an error.

'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { Client, downloadAll } = require('../../index.js');
const { serve, serveRaw } = require('./server.js');

const TEXT = 'a body to be checked, '.repeat(5_000);
const NAMES = ['sha256', 'sha384', 'sha512'];

/** The checksum of `body` as a caller writes it. */
function sumOf(body, name = 'sha256', form = 'hex') {
  return `${name}-${createHash(name).update(body).digest(form)}`;
}

/** Replies by path: `[status, fields, body]`, and how often each was asked for. */
async function serveReplies(t, replies) {
  const counts = {};
  const server = await serve(t, (request, response) => {
    const name = request.url.slice(1);
    counts[name] = (counts[name] ?? 0) + 1;
    const [status, fields, body] = replies[name];
    response.writeHead(status, fields).end(body);
  });
  return Object.assign(server, { counts });
}

function codesOf(results) {
  return results.map(({ error }) => error?.code);
}

test('a body that has its checksum is delivered, in every way to write one', async (t) => {
  const { url } = await serveReplies(t, { body: [200, {}, TEXT] });
  const forms = ['hex', 'base64', 'base64url'];
  const sums = NAMES.flatMap((name) => forms.map((form) => sumOf(TEXT, name, form)));
  sums.push(sumOf(TEXT).toUpperCase(), sumOf(TEXT, 'sha256', 'base64').replace('=', ''));
  const items = sums.map((checksum) => ({ url: `${url}/body`, checksum }));
  for (const [i, result] of (await downloadAll(items)).entries()) {
    assert.equal(result.error, undefined, sums[i]);
    assert.equal(result.text(), TEXT);
  }
});

test('another body is an error that names both hashes, and is not delivered', async (t) => {
  const { url } = await serveReplies(t, { body: [200, {}, `${TEXT}!`] });
  const items = NAMES.flatMap((name) =>
    ['hex', 'base64'].map((form) => ({ url: `${url}/body`, checksum: sumOf(TEXT, name, form) })),
  );
  for (const result of await downloadAll(items)) {
    const { status, ok, body, decoded, error } = result;
    assert.deepEqual(
      [status, ok, body.length, decoded, error?.code],
      [200, false, 0, false, 'ERR_CHECKSUM_MISMATCH'],
    );
    const name = items[result.index].checksum.slice(0, 6);
    for (const body of [TEXT, `${TEXT}!`]) {
      assert.ok(error.message.includes(sumOf(body, name).slice(7)), error.message);
    }
    assert.throws(
      () => result.json(),
      (thrown) => thrown === error,
    );
  }
});

test('it is that of the decoded body, however it comes, kept or dropped', async (t) => {
  const replies = {
    announced: [200, { 'content-length': TEXT.length }, TEXT],
    chunked: [200, { 'transfer-encoding': 'chunked' }, TEXT],
    gzip: [200, { 'content-encoding': 'gzip' }, zlib.gzipSync(TEXT)],
    br: [203, { 'content-encoding': 'br' }, zlib.brotliCompressSync(TEXT)],
    part: [206, {}, TEXT],
  };
  const { url } = await serveReplies(t, replies);
  const urls = Object.keys(replies).map((name) => `${url}/${name}`);
  for (const responseType of ['buffer', 'none']) {
    for (const [sum, code] of [
      [TEXT, undefined],
      [replies.gzip[2], 'ERR_CHECKSUM_MISMATCH'],
    ]) {
      const results = await downloadAll(urls, { responseType, checksum: sumOf(sum) });
      assert.deepEqual(codesOf(results), new Array(urls.length).fill(code));
    }
  }
});

test('a body that is not decoded is checked as it came', async (t) => {
  const gzip = zlib.gzipSync(TEXT);
  const { url } = await serveReplies(t, { gzip: [200, { 'content-encoding': 'gzip' }, gzip] });
  const items = [TEXT, gzip].map((body) => ({ url: `${url}/gzip`, checksum: sumOf(body) }));
  const results = await downloadAll(items, { decompress: false });
  assert.deepEqual(codesOf(results), ['ERR_CHECKSUM_MISMATCH', undefined]);
});

test('no body has a checksum too', async (t) => {
  const { url } = await serveReplies(t, {
    empty: [200, {}, ''],
    none: [204, {}, ''],
    full: [200, {}, TEXT],
  });
  const items = [
    { url: `${url}/empty`, checksum: sumOf('') },
    { url: `${url}/none`, checksum: sumOf('') },
    { url: `${url}/full`, checksum: sumOf('') },
    { url: `${url}/empty`, checksum: sumOf(TEXT) },
    { url: `${url}/none`, checksum: sumOf(TEXT) },
    { url: `${url}/full`, checksum: sumOf(''), method: 'HEAD' },
    { url: `${url}/full`, checksum: sumOf(TEXT), method: 'HEAD' },
  ];
  const wrong = 'ERR_CHECKSUM_MISMATCH';
  assert.deepEqual(codesOf(await downloadAll(items)), [
    ...[undefined, undefined, wrong, wrong, wrong],
    ...[undefined, wrong],
  ]);
});

test('only a success is checked', async (t) => {
  const replies = {
    300: [300, {}, 'x'],
    304: [304, {}, ''],
    404: [404, {}, 'x'],
    500: [500, {}, 'x'],
  };
  const { url } = await serveReplies(t, { ...replies, 200: [200, {}, 'x'], 299: [299, {}, 'x'] });
  const statuses = ['200', '299', ...Object.keys(replies)];
  const results = await downloadAll(
    statuses.map((status) => `${url}/${status}`),
    { checksum: sumOf(TEXT), retry: false },
  );
  const wrong = 'ERR_CHECKSUM_MISMATCH';
  assert.deepEqual(codesOf(results), [wrong, wrong, undefined, undefined, undefined, undefined]);
  assert.deepEqual(
    results.slice(2).map((result) => result.text()),
    ['x', '', 'x', 'x'],
  );
});

test('after a redirect the last body counts', async (t) => {
  const { url } = await serveReplies(t, {
    from: [302, { location: '/to' }, 'moved'],
    to: [200, {}, TEXT],
  });
  const items = [TEXT, 'moved'].map((body) => ({ url: `${url}/from`, checksum: sumOf(body) }));
  assert.deepEqual(codesOf(await downloadAll(items)), [undefined, 'ERR_CHECKSUM_MISMATCH']);
  const [manual] = await downloadAll([items[0]], { redirect: 'manual' });
  assert.deepEqual([manual.status, manual.error, manual.text()], [302, undefined, 'moved']);
});

test('another body is not asked for again, and one that broke off is', async (t) => {
  const { url, counts } = await serveReplies(t, { body: [200, {}, TEXT] });
  const options = { retry: { limit: 5, backoff: { base: 0 } } };
  const [wrong] = await downloadAll([`${url}/body`], { ...options, checksum: sumOf('x') });
  assert.deepEqual([wrong.attempts, counts.body], [1, 1]);
  let tries = 0;
  const flaky = await serveRaw(t, (socket) => {
    tries += 1;
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${tries === 1 ? 'who' : 'whole'}`);
  });
  const [right] = await downloadAll([flaky.url], { ...options, checksum: sumOf('whole') });
  assert.deepEqual([right.error, right.attempts, right.text()], [undefined, 2, 'whole']);
});

test('a body that broke off or cannot be decoded says that, and not that its hash is another', async (t) => {
  const broken = {
    short: ['Content-Length: 100\r\n\r\nshort', 'ERR_BODY_TRUNCATED'],
    coded: ['Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\ntext', 'ERR_DECODE'],
  };
  const { url } = await serveRaw(t, (socket, head) =>
    socket.end(`HTTP/1.1 200 OK\r\n${broken[head.match(/^GET \/(\w+)/)[1]][0]}`),
  );
  const results = await downloadAll(
    Object.keys(broken).map((name) => `${url}/${name}`),
    { checksum: sumOf('short'), retry: false },
  );
  assert.deepEqual(
    codesOf(results),
    Object.values(broken).map(([, code]) => code),
  );
});

test('the checksum of an item wins over that of its call, and that over the one of the client', async (t) => {
  const { url } = await serveReplies(t, { body: [200, {}, TEXT] });
  const [right, wrong] = [sumOf(TEXT), sumOf('x')];
  const item = (checksum) => ({ url: `${url}/body`, checksum });
  const client = new Client({ checksum: wrong });
  const results = [
    ...(await client.downloadAll([item(undefined), item(right)])),
    ...(await client.downloadAll([item(undefined), item(wrong)], { checksum: right })),
  ];
  const mismatch = 'ERR_CHECKSUM_MISMATCH';
  assert.deepEqual(codesOf(results), [mismatch, undefined, undefined, mismatch]);
});

test('what is no checksum is refused before anything is sent', async (t) => {
  const server = await serve(t);
  const { url } = server;
  const hex = sumOf('').slice(7);
  const values = ['', 'sha256', 'sha256-', hex, `md5-${hex}`, `sha256:${hex}`, `sha1-${hex}`];
  values.push(`sha256-${hex}0`, `sha256-${hex.slice(2)}`, `sha512-${hex}`, `sha256-${hex} `);
  const cases = [
    ...values.map((checksum) => [{ checksum }, 'ERR_INVALID_ARG_VALUE']),
    [{ checksum: sumOf(''), responseType: 'head' }, 'ERR_INVALID_ARG_VALUE'],
    ...[null, 5, {}, Buffer.from(hex)].map((checksum) => [{ checksum }, 'ERR_INVALID_ARG_TYPE']),
  ];
  for (const [options, code] of cases) {
    const refusal = { name: 'TypeError', code, message: /checksum/ };
    await assert.rejects(downloadAll([url], options), refusal);
    assert.throws(() => new Client(options), refusal);
    const [{ error }] = await downloadAll([{ url, ...options }]);
    assert.equal(error?.code, code, JSON.stringify(options));
  }
  const [{ error }] = await downloadAll([{ url, checksum: sumOf('') }], { responseType: 'head' });
  assert.equal(error?.code, 'ERR_INVALID_ARG_VALUE');
  assert.equal(server.accepted, 0);
});
