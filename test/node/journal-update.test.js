// `ifExists: 'update'`: what the journal knows of a file is asked again with its validator, and only what changed is fetched.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { gzipSync } = require('node:zlib');
const { downloadAll } = require('../../index.js');
const { WAYS, makeFolder } = require('./journals.js');
const { serveRequests } = require('./server.js');
const { conditions, serveVersions } = require('./versions.js');

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';

for (const [name, fetchAll] of Object.entries(WAYS)) {
  test(`${name} asks again with the validator, and 304 leaves the file and is fine`, async (t) => {
    const { server, options, read, files } = await serveVersions(t);
    const list = ['/a', '/b'].map((path) => `${server.url}${path}`);
    await fetchAll(list, options);
    assert.deepEqual(conditions(server, 0), [
      ['/a', undefined, undefined],
      ['/b', undefined, undefined],
    ]);
    const before = fs.statSync(path.join(files, 'a'), { bigint: true });
    for (let run = 1; run <= 3; run++) {
      const results = await fetchAll(list, options);
      assert.deepEqual(conditions(server, 2 * run), [
        ['/a', '"1"', undefined],
        ['/b', '"1"', undefined],
      ]);
      for (const [index, result] of results.entries()) {
        const { status, ok, size, error, file, fromJournal, attempts } = result;
        assert.deepEqual([status, ok, size, error], [304, true, 4, undefined]);
        assert.deepEqual([fromJournal, attempts], [undefined, 1]);
        assert.equal(file, path.join(files, 'ab'[index]));
        assert.throws(() => result.body, { code: 'ERR_NOT_STORED' });
      }
    }
    const { ino, mtimeNs } = fs.statSync(path.join(files, 'a'), { bigint: true });
    assert.deepEqual([ino, mtimeNs, read('a')], [before.ino, before.mtimeNs, '1 /a']);
  });

  test(`${name} replaces what has changed, and asks with its new validator after that`, async (t) => {
    const { server, pages, options, read } = await serveVersions(t);
    const list = [`${server.url}/a`];
    for (pages.version = 1; pages.version <= 4; pages.version++) {
      const [result] = await fetchAll(list, options);
      assert.deepEqual([result.status, result.ok, result.size], [200, true, 4]);
      assert.equal(read('a'), `${pages.version} /a`);
    }
    pages.version = 4;
    assert.equal((await fetchAll(list, options))[0].status, 304);
    const asked = conditions(server, 0).map(([, tag]) => tag);
    assert.deepEqual(asked.sort(), ['"1"', '"2"', '"3"', '"4"', undefined]);
  });
}

test('all validators that there are are sent, weak ones too, and none where there is none', async (t) => {
  const { server, pages, options } = await serveVersions(t);
  const validators = {
    '/both': { etag: '"x"', 'last-modified': DATE },
    '/date': { 'last-modified': DATE },
    '/none': {},
    '/weak': { etag: 'W/"x"' },
  };
  pages.headersOf = (_version, url) => validators[url];
  const list = Object.keys(validators).map((path) => `${server.url}${path}`);
  await downloadAll(list, options);
  const results = await downloadAll(list, options);
  assert.deepEqual(conditions(server, 4), [
    ['/both', '"x"', DATE],
    ['/date', undefined, DATE],
    ['/none', undefined, undefined],
    ['/weak', 'W/"x"', undefined],
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [304, 304, 200, 304],
  );
  assert.ok(results.every(({ ok }) => ok));
});

test('a file that is gone is asked for without a condition', async (t) => {
  const { server, options, files, read } = await serveVersions(t);
  const list = ['/a', '/b'].map((path) => `${server.url}${path}`);
  await downloadAll(list, options);
  fs.rmSync(path.join(files, 'a'));
  const results = await downloadAll(list, options);
  assert.deepEqual(conditions(server, 2), [
    ['/a', undefined, undefined],
    ['/b', '"1"', undefined],
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [200, 304],
  );
  assert.equal(read('a'), '1 /a');
});

test('a file that the journal does not know is fetched and replaced', async (t) => {
  const { server, options, files, read } = await serveVersions(t);
  fs.mkdirSync(files);
  for (const name of ['a', 'b']) fs.writeFileSync(path.join(files, name), 'old');
  await downloadAll([`${server.url}/a`], options);
  const results = await downloadAll([`${server.url}/a`, `${server.url}/b`], options);
  assert.deepEqual(conditions(server, 1), [
    ['/a', '"1"', undefined],
    ['/b', undefined, undefined],
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [304, 200],
  );
  assert.deepEqual([read('a'), read('b')], ['1 /a', '1 /b']);
});

test('a condition of the caller’s own wins', async (t) => {
  const { server, pages, options, read } = await serveVersions(t);
  pages.headersOf = (version) => ({ etag: `"${version}"`, 'last-modified': DATE });
  const list = ['/item', '/run'].map((path) => ({ url: `${server.url}${path}` }));
  list[0].headers = { 'If-None-Match': '"mine"' };
  await downloadAll(list, options);
  const headers = { 'if-modified-since': 'Mon, 07 Nov 1994 08:49:37 GMT' };
  const results = await downloadAll(list, { ...options, headers });
  assert.deepEqual(conditions(server, 2), [
    ['/item', '"mine"', headers['if-modified-since']],
    ['/run', '"1"', headers['if-modified-since']],
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [200, 304],
  );
  assert.equal(read('item'), '1 /item');
});

test('an answer that is no file leaves the one that is there', async (t) => {
  const { server, pages, options, read } = await serveVersions(t);
  const list = [`${server.url}/a`];
  await downloadAll(list, options);
  pages.version = 2;
  pages.status = 500;
  const [failed] = await downloadAll(list, options);
  assert.deepEqual([failed.status, failed.ok, failed.file], [500, false, undefined]);
  assert.equal(read('a'), '1 /a');
  pages.status = 200;
  assert.equal((await downloadAll(list, options))[0].ok, true);
  assert.equal(read('a'), '2 /a');
  assert.equal((await downloadAll(list, options))[0].status, 304);
});

test('while a file is replaced, and if that fails, the old one is there and whole', async (t) => {
  const { dir, journal } = makeFolder(t);
  const file = path.join(dir, 'files', 'a');
  const seen = [];
  const server = await serveRequests(t, ({ headers }, response) => {
    const count = server.requests.length;
    response.writeHead(200, { etag: `"${count}"`, 'content-length': 200_000 });
    const look = () => {
      if (count > 1) seen.push([fs.statSync(file).size, headers['if-none-match']]);
      if (count === 2) response.destroy();
      else response.end(Buffer.alloc(100_000, `${count}`));
    };
    response.write(Buffer.alloc(100_000, `${count}`), look);
  });
  const options = { journal, saveTo: { dir: `${dir}/files`, ifExists: 'update' }, retry: false };
  const list = [`${server.url}/a`];
  await downloadAll(list, options);
  const [cut] = await downloadAll(list, options);
  assert.match(cut.error.code, /^(ERR_BODY_TRUNCATED|ECONNRESET)$/);
  assert.ok(fs.readFileSync(file).equals(Buffer.alloc(200_000, '1')));
  assert.equal((await downloadAll(list, options))[0].ok, true);
  assert.ok(fs.readFileSync(file).equals(Buffer.alloc(200_000, '3')));
  assert.deepEqual(
    seen.map(([size]) => size),
    [200_000, 200_000],
  );
  assert.equal(seen[0][1], '"1"');
});

test('where a redirect leads to the file, its validator is asked with, and 304 keeps it', async (t) => {
  const { server, pages, options, read } = await serveVersions(t);
  pages.headersOf = (version, url) =>
    url === '/from' ? { location: '/to' } : { etag: `"${version}"` };
  const redirecting = await serveRequests(t, (_request, response) => {
    response.writeHead(302, { location: `${server.url}/to` }).end();
  });
  const list = [`${redirecting.url}/from`];
  await downloadAll(list, options);
  const [result] = await downloadAll(list, options);
  assert.deepEqual([result.status, result.ok, result.url], [304, true, `${server.url}/to`]);
  assert.equal(read('from'), '1 /to');
  assert.equal(conditions(server, 1)[0][1], '"1"');
});

test('what came encoded is asked again as anything else', async (t) => {
  const { dir, journal } = makeFolder(t);
  const server = await serveRequests(t, ({ headers }, response) => {
    if (headers['if-none-match'] === '"z"') return response.writeHead(304).end();
    response
      .writeHead(200, { etag: '"z"', 'content-encoding': 'gzip' })
      .end(gzipSync('a'.repeat(1_000)));
  });
  const options = { journal, saveTo: { dir: `${dir}/files`, ifExists: 'update' } };
  await downloadAll([`${server.url}/a`], options);
  const [result] = await downloadAll([`${server.url}/a`], options);
  assert.deepEqual([result.status, result.ok, result.size], [304, true, 1_000]);
});
