// HTTP with a server that we did not write, in clear text.

'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { startNginx, withNginx } = require('./nginx.js');

const FILES = 1_000;
const LARGE = Array.from({ length: 50_000 }, (_, i) => `line ${i}`).join('\n');
const REDIRECTS = [301, 302, 303, 307, 308];

let server;
let url;
let files;

before(async () => {
  server = await startNginx(1, ([port], folder) => {
    files = path.join(folder, 'files');
    const redirects = REDIRECTS.map(
      (status) => `location = /to-${status} { return ${status} /echo; }`,
    );
    return `
      limit_req_zone $binary_remote_addr zone=few:1m rate=50r/s;
      gzip_types *; gzip_min_length 1; gzip_proxied any;
      server {
        listen 127.0.0.1:${port};
        root ${files};
        client_max_body_size 32m;
        location = /echo { return 200 "$request_method $content_length [$http_x_mine] $server_protocol"; }
        location = /count { return 200 "$connection $connection_requests"; }
        ${redirects.join('\n')}
        location /zipped/ { alias ${files}/; gzip on; }
        location /index/ { alias ${files}/; autoindex on; }
        location /private/ { alias ${files}/; auth_basic "who"; auth_basic_user_file ${folder}/users; }
        location /limited/ { alias ${files}/; limit_req zone=few; limit_req_status 503; }
        location /small { client_max_body_size 1k; return 200 "taken"; }
        location /put/ { alias ${folder}/put/; dav_methods PUT DELETE; create_full_put_path on; }
      }`.replace(/location \/put.*/, (line) => (withNginx('http_dav').skip ? '' : line));
  });
  if (server === undefined) return;
  url = `http://127.0.0.1:${server.ports[0]}`;
  fs.mkdirSync(files);
  fs.writeFileSync(path.join(server.folder, 'users'), 'user:{PLAIN}p\u00e4ss w\u00f6rd\n');
  fs.writeFileSync(path.join(files, 'large'), LARGE);
  for (let i = 0; i < FILES; i++) fs.writeFileSync(path.join(files, `${i}`), `file ${i}`);
});

after(() => server?.stop());

test('a thousand files come each in its place, over few connections', withNginx(), async () => {
  const urls = Array.from({ length: FILES }, (_, i) => `${url}/${i}`);
  const results = await downloadAll(urls);
  for (const [i, result] of results.entries()) {
    assert.deepEqual([result.error, result.text()], [undefined, `file ${i}`]);
  }
  assert.equal(results.stats.ok, FILES);
  assert.ok(results.stats.connections.opened <= 20, `${results.stats.connections.opened}`);
});

test('a connection is kept, as the server counts', withNginx(), async () => {
  const client = new Client({ concurrency: 1 });
  const seen = [];
  for (let call = 0; call < 4; call++) {
    for (const result of await client.downloadAll([`${url}/count`])) {
      const [connection, requests] = result.text().split(' ');
      seen.push({ connection, requests, reused: result.timings.reused });
    }
  }
  assert.deepEqual(
    seen,
    seen.map((_, i) => ({ connection: seen[0].connection, requests: `${i + 1}`, reused: i > 0 })),
  );
});

test('methods and fields arrive', withNginx(), async () => {
  const items = [
    { method: 'GET', headers: { 'x-mine': 'caf\u00e9' } },
    { method: 'POST', body: 'x'.repeat(100_000) },
    { method: 'POST' },
    { method: 'PUT', body: 'four' },
    { method: 'DELETE' },
    { method: 'PATCH', json: { a: 1 } },
  ].map((item) => ({ ...item, url: `${url}/echo` }));
  const results = await downloadAll(items);
  assert.deepEqual(
    results.map((result) => Buffer.from(result.body).toString('latin1')),
    [
      'GET  [caf\u00e9] HTTP/1.1',
      'POST 100000 [] HTTP/1.1',
      'POST 0 [] HTTP/1.1',
      'PUT 4 [] HTTP/1.1',
      'DELETE  [] HTTP/1.1',
      'PATCH 7 [] HTTP/1.1',
    ],
  );
});

test('HEAD has the size of the file and no body', withNginx(), async () => {
  const [result] = await downloadAll([{ url: `${url}/large`, method: 'HEAD' }]);
  assert.deepEqual([result.status, result.size], [200, 0]);
  assert.equal(result.headers.get('content-length'), `${LARGE.length}`);
});

test('redirects of all kinds are followed', withNginx(), async () => {
  const items = REDIRECTS.map((status) => ({
    url: `${url}/to-${status}`,
    method: 'POST',
    body: 'b',
  }));
  const results = await downloadAll(items);
  assert.deepEqual(
    results.map((result) => result.text().split(' ')[0]),
    ['GET', 'GET', 'GET', 'POST', 'POST'],
  );
  for (const { redirects } of results) assert.deepEqual(redirects, [`${url}/echo`]);
});

test('a password opens what is closed without it', withNginx(), async () => {
  const login = { username: 'user', password: 'p\u00e4ss w\u00f6rd' };
  const results = await downloadAll([
    { url: `${url}/private/1` },
    { url: `${url}/private/1`, auth: login },
    { url: `${url}/private/1`.replace('://', '://user:p%C3%A4ss%20w%C3%B6rd@') },
    { url: `${url}/private/1`, auth: { ...login, password: 'wrong' } },
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [401, 200, 200, 401],
  );
  assert.match(results[0].headers.get('www-authenticate'), /^Basic/);
});

test('what is zipped on the way is the file again, in chunks', withNginx(), async () => {
  const [zipped, plain] = await downloadAll([
    `${url}/zipped/large`,
    { url: `${url}/zipped/large`, decompress: false },
  ]);
  assert.equal(zipped.headers.get('content-encoding'), 'gzip');
  assert.equal(zipped.headers.get('transfer-encoding'), 'chunked');
  assert.deepEqual([zipped.decoded, zipped.text() === LARGE], [true, true]);
  assert.ok(zipped.wireSize < zipped.size);
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.ok(plain.text() === LARGE);
});

test('a part of a file comes when it is asked for', withNginx(), async () => {
  const ranges = ['bytes=0-3', 'bytes=-4', 'bytes=99999999-'];
  const results = await downloadAll(
    ranges.map((range) => ({ url: `${url}/zipped/large`, headers: { range } })),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    [206, 206, 416],
  );
  assert.deepEqual([results[0].text(), results[1].text()], [LARGE.slice(0, 4), LARGE.slice(-4)]);
  assert.equal(results[0].headers.get('content-range'), `bytes 0-3/${LARGE.length}`);
});

test('a file that is as it was is 304, and 200 otherwise', withNginx(), async () => {
  const [first] = await downloadAll([`${url}/1`]);
  const etag = first.headers.get('etag');
  const results = await downloadAll([
    { url: `${url}/1`, headers: { 'if-none-match': etag } },
    { url: `${url}/1`, headers: { 'if-none-match': '"other"' } },
  ]);
  assert.deepEqual(
    results.map((result) => [result.status, result.error, result.text()]),
    [
      [304, undefined, ''],
      [200, undefined, 'file 1'],
    ],
  );
});

test('a checksum of a file is that of what came', withNginx(), async () => {
  const sha256 = createHash('sha256').update(LARGE).digest('hex');
  const sha512 = createHash('sha512').update(LARGE).digest('base64');
  const checksums = [`sha256-${sha256}`, `sha512-${sha512}`, `sha256-${'0'.repeat(64)}`];
  const results = await downloadAll(
    ['large', 'zipped/large'].flatMap((file) =>
      checksums.map((checksum) => ({ url: `${url}/${file}`, checksum })),
    ),
  );
  const codes = [undefined, undefined, 'ERR_CHECKSUM_MISMATCH'];
  assert.deepEqual(
    results.map(({ error }) => error?.code),
    [...codes, ...codes],
  );
});

test('links are checked by their heads, the dead ones among them', withNginx(), async () => {
  const paths = Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? `missing-${i}` : `${i}`));
  paths[1] = 'large';
  const urls = paths.map((name) => `${url}/${name}`);
  const results = await downloadAll(urls, { responseType: 'head' });
  for (const [i, result] of results.entries()) {
    assert.deepEqual([result.error, result.status], [undefined, i % 3 === 0 ? 404 : 200]);
    assert.equal(result.body.length, 0);
  }
});

test('a folder is a page with its files', withNginx(), async () => {
  const [page, missing] = await downloadAll([`${url}/index/`, `${url}/no-folder/`]);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.ok(page.text().includes('<a href="999">'));
  assert.deepEqual([missing.status, missing.ok, missing.error], [404, false, undefined]);
});

test(
  'a file that is put is there, and gone when it is deleted',
  withNginx('http_dav'),
  async () => {
    const bytes = Buffer.alloc(300_000, 'ab\0\r\n');
    const file = path.join(server.folder, 'put', 'sub', 'file');
    const target = `${url}/put/sub/file`;
    const [put] = await downloadAll([{ url: target, method: 'PUT', body: bytes }]);
    assert.deepEqual([put.error, put.status], [undefined, 201]);
    assert.ok(fs.readFileSync(file).equals(bytes));
    const [deleted] = await downloadAll([{ url: target, method: 'DELETE' }]);
    assert.deepEqual([deleted.error, deleted.status], [undefined, 204]);
    assert.ok(!fs.existsSync(file));
  },
);

test('an upload that is too large is answered while it is under way', withNginx(), async () => {
  const target = `${url}/small`;
  const body = Buffer.alloc(20 << 20, 'x');
  for (const method of ['POST', 'PUT']) {
    const [result] = await downloadAll([target], { method, body, retry: false });
    assert.deepEqual([method, result.error, result.status], [method, undefined, 413]);
    assert.match(result.text(), /413 Request Entity Too Large/);
  }
  const [fits] = await downloadAll([target], { method: 'POST', body: 'x' });
  assert.equal(fits.text(), 'taken');
});

test('what the server puts off with a 503 is tried again until it comes', withNginx(), async () => {
  const urls = Array.from({ length: 30 }, (_, i) => `${url}/limited/${i}`);
  const once = await downloadAll(urls, { retry: false });
  assert.ok(once.some(({ status }) => status === 503));
  const retry = { limit: 50, backoff: { base: 20, max: 400 }, budget: Number.POSITIVE_INFINITY };
  const results = await downloadAll(urls, { retry });
  for (const [i, result] of results.entries()) {
    assert.deepEqual([result.error, result.text()], [undefined, `file ${i}`]);
  }
  const attempts = results.reduce((sum, result) => sum + result.attempts, 0);
  assert.equal(attempts - urls.length, results.stats.retries);
  assert.ok(results.stats.retries > 0);
});
