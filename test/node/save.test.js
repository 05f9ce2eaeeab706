// Bodies that go to files: what is on the disk is what was sent, and the result says where.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { bytesOf, filesIn, folder, namesIn, outcomes } = require('./disk.js');
const { serve } = require('./server.js');

/** Around what is gathered before it is written, and around the sizes of pages, frames and buffers. */
const SIZES = [0, 1, 2, 100, 4_096, 16_384, 65_536, 131_072, 262_144, 1_048_576]
  .flatMap((size) => [size - 1, size, size + 1])
  .filter((size) => size >= 0)
  .concat(5_000_003);

/** A server of bodies of any size: `/<size>` with its length, `/chunked/<size>` without, `/gzip/<size>` compressed. */
function serveSizes(t) {
  return serve(t, (request, response) => {
    const [, kind, size] = /^\/(?:(\w+)\/)?(\d+)$/.exec(request.url);
    const body = bytesOf(Number(size), 7);
    if (kind === 'gzip') {
      response.setHeader('content-encoding', 'gzip');
      return response.end(zlib.gzipSync(body));
    }
    if (kind !== 'chunked') response.setHeader('content-length', body.length);
    const middle = Math.floor(body.length / 3);
    response.write(body.subarray(0, middle));
    response.end(body.subarray(middle));
  });
}

function assertSaved(result, dir, body) {
  assert.equal(result.error, undefined);
  assert.ok(path.isAbsolute(result.file));
  assert.equal(path.dirname(result.file), dir);
  assert.deepEqual([result.status, result.ok, result.size], [200, true, body.length]);
  assert.ok(fs.readFileSync(result.file).equals(body), `${result.url} is not what was sent`);
}

test('what is on the disk is what was sent, whatever its size is and however it comes', async (t) => {
  const { url } = await serveSizes(t);
  for (const kind of ['', '/chunked', '/gzip']) {
    const dir = folder(t);
    const results = await downloadAll(
      SIZES.map((size) => `${url}${kind}/${size}`),
      { saveTo: { dir, name: ({ index }) => `body-${index}` } },
    );
    for (const [i, size] of SIZES.entries()) assertSaved(results[i], dir, bytesOf(size, 7));
    assert.equal(namesIn(dir).length, SIZES.length);
  }
});

test('a folder is given as a string or in an object, relative or not, and is made with its parents', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const given = [
    path.join(dir, 'one'),
    { dir: path.join(dir, 'two', 'deep', 'er') },
    path.relative(process.cwd(), path.join(dir, 'three')),
    `${path.join(dir, 'four')}${path.sep}`,
  ];
  for (const saveTo of given) {
    const [result] = await downloadAll([`${url}/name`], { saveTo });
    assert.equal(result.file, path.join(path.resolve(saveTo.dir ?? saveTo), 'name'));
  }
  assert.deepEqual(filesIn(dir), {
    [path.join('one', 'name')]: '/name',
    [path.join('two', 'deep', 'er', 'name')]: '/name',
    [path.join('three', 'name')]: '/name',
    [path.join('four', 'name')]: '/name',
  });
});

test('a thousand small files come in one call, and over any number of connections', async (t) => {
  const { url } = await serve(t);
  const urls = Array.from({ length: 1_000 }, (_, i) => `${url}/file-${i}.txt`);
  for (const concurrency of [10, 64]) {
    const dir = folder(t);
    const options = { saveTo: dir, concurrency, concurrencyPerHost: concurrency };
    const { stats } = await downloadAll(urls, options);
    assert.deepEqual([stats.ok, stats.bytes], [1_000, urls.join('').length - 1_000 * url.length]);
    const expected = urls.map((one, i) => [`file-${i}.txt`, one.slice(url.length)]);
    assert.deepEqual(filesIn(dir), Object.fromEntries(expected));
  }
});

test('large files come at once, and none has bytes of another', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.end(bytesOf(3_000_000, Number(request.url.slice(1))));
  });
  const dir = folder(t);
  const urls = Array.from({ length: 24 }, (_, i) => `${url}/${i}`);
  const results = await downloadAll(urls, { saveTo: dir, concurrencyPerHost: 64 });
  for (const [i, result] of results.entries()) assertSaved(result, dir, bytesOf(3_000_000, i));
});

test('the result of a saved body has its path in place of its bytes', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('{"a":1}'));
  const dir = folder(t);
  const [result] = await downloadAll([`${url}/a`], { saveTo: dir });
  const refused = { name: 'DownloadError', code: 'ERR_NOT_STORED', index: 0 };
  for (const read of ['text', 'json', 'bytes', 'arrayBuffer', 'toResponse']) {
    assert.throws(() => result[read](), refused, read);
  }
  assert.throws(() => result.body, refused);
  const { file, size, wireSize, ok, status } = JSON.parse(JSON.stringify(result));
  assert.deepEqual(
    { file, size, wireSize, ok, status },
    { file: path.join(dir, 'a'), size: 7, wireSize: 7, ok: true, status: 200 },
  );
  assert.equal('body' in JSON.parse(JSON.stringify(result)), false);
});

test('results that are saved come one by one, too, and over a client', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const client = new Client();
  const urls = Array.from({ length: 200 }, (_, i) => `${url}/${i}`);
  const seen = new Set();
  for await (const result of client.downloadEach(urls, { saveTo: dir })) {
    // It is there as soon as it is told of.
    assert.equal(fs.readFileSync(result.file, 'utf8'), `/${result.index}`);
    seen.add(result.file);
  }
  assert.equal(seen.size, 200);
  for await (const result of downloadEach([`${url}/free`], { saveTo: dir })) {
    assert.equal(fs.readFileSync(result.file, 'utf8'), '/free');
  }
  await client.close();
});

test('what is saved takes no room in memory', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end(bytesOf(1_000_000)));
  const urls = Array.from({ length: 10 }, (_, i) => `${url}/${i}`);
  const options = { saveTo: folder(t), maxBufferedBytes: 100_000 };
  assert.equal((await downloadAll(urls, options)).stats.ok, 10);
});

test('only a 2xx is written: others keep their bodies and leave nothing', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(Number(request.url.slice(1))).end(`body of ${request.url}`);
  });
  const dir = folder(t);
  const statuses = [200, 201, 203, 204, 300, 304, 400, 404, 410, 416, 500, 503];
  const urls = statuses.map((status) => `${url}/${status}`);
  const results = await downloadAll(urls, { saveTo: dir, retry: false });
  for (const [i, status] of statuses.entries()) {
    const [result, isGood] = [results[i], status < 300];
    assert.deepEqual([result.status, result.error], [status, undefined]);
    assert.deepEqual([result.ok, result.file !== undefined], [isGood, isGood]);
    if (!isGood) assert.equal(result.text(), status === 304 ? '' : `body of /${status}`);
  }
  assert.deepEqual(namesIn(dir), ['200', '201', '203', '204']);
  assert.equal(fs.readFileSync(path.join(dir, '204'), 'utf8'), '');
});

test('the body of an error counts against its limit in memory', async (t) => {
  const { url } = await serve(t, (_request, response) =>
    response.writeHead(404).end('x'.repeat(5_000)),
  );
  const options = { saveTo: folder(t), maxBodySize: 4_999 };
  assert.deepEqual(outcomes(await downloadAll([url], options)), ['ERR_BODY_TOO_LARGE']);
});

test('a file may be larger than memory may hold, but not than it is said', async (t) => {
  const { url } = await serveSizes(t);
  const dir = folder(t);
  const list = ['/999', '/1000', '/1001', '/chunked/1001', '/gzip/1001', '/300000'];
  const urls = list.map((path) => url + path);
  const results = await downloadAll(urls, {
    saveTo: { dir, name: ({ index }) => `${index}` },
    maxBodySize: 1_000,
  });
  const tooLarge = 'ERR_BODY_TOO_LARGE';
  assert.deepEqual(outcomes(results), [200, 200, tooLarge, tooLarge, tooLarge, tooLarge]);
  assert.deepEqual(namesIn(dir), ['0', '1']);
});

test('what has no body is not written: HEAD saves nothing', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const [result] = await downloadAll([`${url}/a`], { method: 'HEAD', saveTo: dir });
  assert.deepEqual([result.ok, result.file, result.text()], [true, undefined, '']);
  assert.deepEqual(namesIn(dir), []);
});

test('other methods save what they are answered, after a redirect, too', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url !== '/moved') return response.end(`${request.method} ${request.url}`);
    response.writeHead(307, { location: '/elsewhere' }).end('moved');
  });
  const dir = folder(t);
  const options = { method: 'POST', body: 'x', saveTo: dir };
  const results = await downloadAll([`${url}/a`, `${url}/moved`], options);
  assert.deepEqual(outcomes(results), [200, 200]);
  // A name is that of what was asked for.
  assert.deepEqual(filesIn(dir), { a: 'POST /a', moved: 'POST /elsewhere' });
});

test('a durable file is as any other', async (t) => {
  const { url } = await serveSizes(t);
  const dir = folder(t);
  const urls = [0, 10, 300_000].map((size) => `${url}/${size}`);
  const items = urls.map((one, i) => ({ url: one, file: `sub/${i}/file` }));
  const results = await downloadAll([...items, ...urls], { saveTo: { dir, durable: true } });
  for (const [i, size] of [0, 10, 300_000, 0, 10, 300_000].entries()) {
    assert.ok(fs.readFileSync(results[i].file).equals(bytesOf(size, 7)));
  }
  assert.deepEqual(namesIn(dir), ['0', '10', '300000', 'sub']);
});
