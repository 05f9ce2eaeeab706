// What becomes of a file that is there already.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { filesIn, folder, namesIn, outcomes } = require('./disk.js');
const { serve, serveRequests } = require('./server.js');
const { until } = require('./until.js');

const onUnix = { skip: process.platform === 'win32' && 'Windows has no modes' };

/** A folder with a file `a`, whose text is `old`. */
function folderWithFile(t) {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, 'a'), 'old');
  return dir;
}

test('a file that is there stays, and its item fails before anything is sent', async (t) => {
  const server = await serveRequests(t, (_request, response) => response.end('new'));
  for (const ifExists of [undefined, 'error']) {
    const dir = folderWithFile(t);
    const list = [`${server.url}/a`, `${server.url}/b`];
    const [there, other] = await downloadAll(list, { saveTo: { dir, ifExists } });
    assert.deepEqual([there.error.code, there.attempts, there.file], ['EEXIST', 0, undefined]);
    assert.equal(there.ok, false);
    assert.equal(other.error, undefined);
    assert.deepEqual(filesIn(dir), { a: 'old', b: 'new' });
  }
  assert.deepEqual(
    server.requests.map(({ url }) => url),
    ['/b', '/b'],
  );
});

test('a file that comes to be there in the meantime stays, too', async (t) => {
  const dir = folder(t);
  const file = path.join(dir, 'a');
  const { url } = await serve(t, (_request, response) => {
    fs.writeFileSync(file, 'somebody else');
    response.end('new');
  });
  for (const ifExists of ['error', 'skip', 'resume']) {
    fs.rmSync(file, { force: true });
    const [result] = await downloadAll([`${url}/a`], { saveTo: { dir, ifExists } });
    assert.deepEqual([result.error.code, result.file], ['EEXIST', undefined]);
    assert.deepEqual(filesIn(dir), { a: 'somebody else' });
  }
});

test('a file that comes into a new folder while the list is read is found', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('new'));
  async function* listFor(dir) {
    yield `${url}/a`;
    // The folder has been opened by then.
    await until(() => namesIn(dir).includes('a'));
    fs.writeFileSync(path.join(dir, 'b'), 'somebody else');
    yield `${url}/b`;
  }
  for (const ifExists of ['error', 'skip', 'resume']) {
    const dir = folder(t);
    const [, late] = await downloadAll(listFor(dir), { saveTo: { dir, ifExists } });
    assert.equal(late.error?.code, ifExists === 'error' ? 'EEXIST' : undefined);
    assert.deepEqual(filesIn(dir), { a: 'new', b: 'somebody else' });
    // Where it does for the item, nothing is sent.
    if (ifExists !== 'error') assert.equal(late.attempts, 0);
  }
});

for (const ifExists of ['skip', 'resume']) {
  test(`'${ifExists}' takes a file that is there as done, and asks for nothing`, async (t) => {
    const server = await serveRequests(t, (request, response) => response.end(request.url));
    const dir = folderWithFile(t);
    fs.writeFileSync(path.join(dir, 'empty'), '');
    const list = ['/a', '/empty', '/missing'].map((one) => server.url + one);
    const results = await downloadAll(list, { saveTo: { dir, ifExists } });
    for (const [i, size] of [3, 0].entries()) {
      const { status, ok, error, attempts, file, size: told, wireSize, headers } = results[i];
      assert.deepEqual(
        { status, ok, error, attempts, file, told, wireSize, headers: [...headers] },
        {
          ...{ status: 0, ok: true, error: undefined, attempts: 0, wireSize: 0, headers: [] },
          ...{ file: path.join(dir, ['a', 'empty'][i]), told: size },
        },
      );
      assert.throws(() => results[i].text(), { code: 'ERR_NOT_STORED' });
    }
    assert.deepEqual(filesIn(dir), { a: 'old', empty: '', missing: '/missing' });
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ['/missing'],
    );
    const { total, ok, failed, bytes } = results.stats;
    assert.deepEqual({ total, ok, failed }, { total: 3, ok: 3, failed: 0 });
    assert.equal(bytes, '/missing'.length);
    for await (const { index, status, ok } of downloadEach(list, { saveTo: { dir, ifExists } })) {
      assert.deepEqual([status, ok], [0, true], `${index}`);
    }
    assert.equal(server.requests.length, 1);
  });
}

test('the same list again finds the same names, numbers included', async (t) => {
  const server = await serveRequests(t, (request, response) => response.end(request.url));
  const dir = folder(t);
  const list = ['/1/a', '/2/a', '/3/a'].map((one) => server.url + one);
  const saveTo = { dir, ifExists: 'skip' };
  const first = await downloadAll(list, { saveTo });
  fs.rmSync(path.join(dir, 'a-1'));
  const second = await downloadAll(list, { saveTo });
  const files = (results) => results.map(({ file }) => file);
  assert.deepEqual(files(first), files(second));
  assert.deepEqual(filesIn(dir), { a: '/1/a', 'a-1': '/2/a', 'a-2': '/3/a' });
  assert.deepEqual(server.requests.map(({ url }) => url).slice(3), ['/2/a']);
});

test("'replace' puts the new file in the place of the old one, once it is whole", async (t) => {
  let isThere = true;
  const { url } = await serve(t, (_request, response) => {
    isThere &&= fs.readFileSync(path.join(dir, 'a'), 'utf8') === 'old';
    response.end('new');
  });
  const dir = folderWithFile(t);
  const [result] = await downloadAll([`${url}/a`], { saveTo: { dir, ifExists: 'replace' } });
  assert.deepEqual([result.status, isThere], [200, true]);
  assert.deepEqual(filesIn(dir), { a: 'new' });
});

test("'replace' keeps the old file when the new one fails", async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/a?gone') return response.writeHead(404).end('gone');
    response.writeHead(200, { 'content-length': 1_000_000 }).write('x'.repeat(500_000));
    setImmediate(() => response.destroy());
  });
  for (const [query, outcome] of [
    ['gone', 404],
    ['cut', 'ERR_BODY_TRUNCATED'],
  ]) {
    const dir = folderWithFile(t);
    const options = { saveTo: { dir, ifExists: 'replace' }, retry: false };
    assert.deepEqual(outcomes(await downloadAll([`${url}/a?${query}`], options)), [outcome]);
    assert.deepEqual(filesIn(dir), { a: 'old' });
  }
});

test('a replaced file keeps its mode, and a new one has the usual', onUnix, async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  for (const mode of [0o600, 0o640, 0o666, 0o755]) {
    fs.writeFileSync(path.join(dir, `${mode}`), 'old');
    fs.chmodSync(path.join(dir, `${mode}`), mode);
    const saveTo = { dir, ifExists: 'replace' };
    const [{ file }] = await downloadAll([`${url}/${mode}`], { saveTo });
    assert.equal(fs.readFileSync(file, 'utf8'), `/${mode}`);
    assert.equal(fs.statSync(file).mode & 0o7777, mode);
  }
  const [{ file }] = await downloadAll([`${url}/new`], { saveTo: dir });
  assert.equal(fs.statSync(file).mode & 0o7777, 0o666 & ~process.umask());
});

test('a hard link is taken apart from what it is a link to', onUnix, async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('new'));
  const dir = folderWithFile(t);
  fs.linkSync(path.join(dir, 'a'), path.join(dir, 'linked'));
  await downloadAll([`${url}/a`], { saveTo: { dir, ifExists: 'replace' } });
  assert.deepEqual(filesIn(dir), { a: 'new', linked: 'old' });
});

test('names from headers are held against what is there, too', async (t) => {
  const { url } = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-disposition': 'attachment; filename=a' }).end('new');
  });
  for (const [ifExists, outcome, text] of [
    ['error', 'EEXIST', 'old'],
    ['replace', 200, 'new'],
  ]) {
    const dir = folderWithFile(t);
    const saveTo = { dir, ifExists, name: 'content-disposition' };
    assert.deepEqual(outcomes(await downloadAll([url], { saveTo })), [outcome]);
    assert.deepEqual(filesIn(dir), { a: text });
  }
});

test("'update' asks with what the journal knows, and takes a 304 as done", async (t) => {
  let version = 1;
  const server = await serveRequests(t, (request, response) => {
    const etag = `"${version}"`;
    const isKnown = request.headers['if-none-match'] === etag;
    response
      .writeHead(isKnown ? 304 : 200, { etag })
      .end(isKnown ? undefined : `version ${version}`);
  });
  const dir = folder(t);
  const options = { saveTo: { dir, ifExists: 'update' }, journal: path.join(folder(t), 'journal') };
  const update = async () => (await downloadAll([`${server.url}/a`], options))[0];
  assert.deepEqual([(await update()).status, filesIn(dir)], [200, { a: 'version 1' }]);
  const unchanged = await update();
  const { status, ok, file, size } = unchanged;
  assert.deepEqual([status, ok, file, size], [304, true, path.join(dir, 'a'), 9]);
  version = 2;
  assert.deepEqual([(await update()).status, filesIn(dir)], [200, { a: 'version 2' }]);
  assert.deepEqual([(await update()).status, filesIn(dir)], [304, { a: 'version 2' }]);
  fs.rmSync(path.join(dir, 'a'));
  // What is not there is not newer or older.
  assert.deepEqual([(await update()).status, filesIn(dir)], [200, { a: 'version 2' }]);
  const asked = server.requests.map(({ headers }) => headers['if-none-match']);
  assert.deepEqual(asked, [undefined, '"1"', '"1"', '"2"', undefined]);
});

test('what cannot be kept together is refused before anything is sent or made', async (t) => {
  const server = await serve(t);
  const outside = folder(t);
  const dir = path.join(outside, 'in');
  const wrong = [
    { saveTo: { dir, ifExists: 'skip', name: 'content-disposition' } },
    { saveTo: { dir, ifExists: 'resume', name: 'content-disposition' } },
    { saveTo: { dir, ifExists: 'update' } },
    { saveTo: dir, responseType: 'none' },
    { saveTo: dir, responseType: 'head' },
    { saveTo: '' },
    { saveTo: 'a\0b' },
    { saveTo: { dir, ifExists: 'maybe' } },
    { saveTo: { dir, name: 'header' } },
    { saveTo: { dir, ifexists: 'skip' } },
  ];
  const types = [null, 5, true, [], {}, { dir: 5 }, { dir, durable: 1 }, { dir, name: null }];
  for (const [code, all] of [
    ['ERR_INVALID_ARG_VALUE', wrong],
    ['ERR_INVALID_ARG_TYPE', types.map((saveTo) => ({ saveTo }))],
  ]) {
    for (const options of all) {
      const refused = { name: 'TypeError', code };
      await assert.rejects(downloadAll([server.url], options), refused, JSON.stringify(options));
      assert.throws(() => downloadEach([server.url], options), refused);
    }
  }
  assert.deepEqual([server.accepted, namesIn(outside)], [0, []]);
});

test('an item whose body is to be dropped and saved fails alone', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const dropped = ['none', 'head'].map((responseType) => ({ url: `${url}/a`, responseType }));
  const results = await downloadAll([...dropped, `${url}/b`], { saveTo: dir });
  const wrong = 'ERR_INVALID_ARG_VALUE';
  assert.deepEqual(outcomes(results), [wrong, wrong, 200]);
  assert.deepEqual(namesIn(dir), ['b']);
  const own = dropped.map((item) => ({ ...item, file: path.join(dir, 'c') }));
  assert.deepEqual(outcomes(await downloadAll(own)), [wrong, wrong]);
  const file = { url, file: path.join(dir, 'd') };
  assert.deepEqual(outcomes(await downloadAll([file], { responseType: 'none' })), [wrong]);
});
