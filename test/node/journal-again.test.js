// A run with a journal and with files, again: what is there stays, what is gone comes back, and what is not its own is left alone.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { WAYS, makeFolder } = require('./journals.js');
const { serveRequests } = require('./server.js');
const { until } = require('./until.js');

/** A server whose bodies say which answer they are, a folder, and the options of a run with both. */
async function prepare(t, saveTo = {}) {
  const { dir, journal } = makeFolder(t);
  const broken = new Set();
  const server = await serveRequests(t, ({ url }, response) => {
    if (broken.has(url)) return response.writeHead(500).end();
    const name = /\?as=(.*)/.exec(url)?.[1];
    if (name) response.setHeader('content-disposition', `attachment; filename="${name}"`);
    response.end(`${server.requests.length} ${url}`);
  });
  const files = path.join(dir, 'files');
  const options = { journal, saveTo: { dir: files, ...saveTo }, retry: false };
  return { server, broken, files, options, journal };
}

/** The URLs asked for since there were `before` requests. */
function since(server, before) {
  return server.requests
    .slice(before)
    .map(({ url }) => url)
    .sort();
}

/** Takes the lines out of a journal that say how the items at `indexes` ended: what is left is that they were to be saved. */
function forgetEnds(journal, indexes) {
  const lines = fs.readFileSync(journal, 'utf8').split('\n');
  const isLeft = (line) =>
    line === '' ||
    JSON.parse(line).state !== 'finished' ||
    !indexes.includes(JSON.parse(line).index);
  fs.writeFileSync(journal, lines.filter(isLeft).join('\n'));
}

/** Each file that `results` name has the body of its item. */
function checkFiles(results) {
  const files = results.map(({ file }) => file);
  assert.equal(new Set(files).size, results.length);
  for (const { file, requestUrl, size } of results) {
    const text = fs.readFileSync(file, 'utf8');
    assert.ok(requestUrl.endsWith(text.split(' ')[1]), `${file}: ${text}, not ${requestUrl}`);
    assert.equal(size, text.length);
  }
}

for (const [name, fetchAll] of Object.entries(WAYS)) {
  test(`${name} fetches again the files that were deleted, and no others`, async (t) => {
    const { server, files, options } = await prepare(t);
    const list = Array.from({ length: 40 }, (_, i) => `${server.url}/file-${i}`);
    const first = await fetchAll(list, options);
    checkFiles(first);
    const gone = [3, 17, 39];
    for (const index of gone) fs.rmSync(path.join(files, `file-${index}`));
    const kept = fs.readFileSync(first[0].file, 'utf8');
    const again = await fetchAll(list, options);
    assert.deepEqual(since(server, 40), gone.map((index) => `/file-${index}`).sort());
    checkFiles(again);
    assert.equal(fs.readFileSync(first[0].file, 'utf8'), kept);
    for (const [index, result] of again.entries()) {
      assert.equal(result.fromJournal, gone.includes(index) ? undefined : true);
      assert.deepEqual([result.ok, result.file], [true, first[index].file]);
      assert.throws(() => result.body, { code: 'ERR_NOT_STORED' });
    }
    assert.ok((await fetchAll(list, options)).every((result) => result.fromJournal));
    assert.equal(server.requests.length, 43);
  });
}

test('with all its files gone, the folder too, the run begins anew', async (t) => {
  const { server, files, options } = await prepare(t);
  const list = ['/a', '/b/a', '/c'].map((path) => `${server.url}${path}`);
  const first = await downloadAll(list, options);
  fs.rmSync(files, { recursive: true });
  const again = await downloadAll(list, options);
  checkFiles(again);
  assert.deepEqual(
    again.map(({ file }) => file),
    first.map(({ file }) => file),
  );
  assert.equal(server.requests.length, 6);
});

test('a file whose end was not written down is the run’s own, and is replaced', async (t) => {
  for (const name of ['url', 'content-disposition', ({ index }) => `n-${index}`]) {
    const { server, options, journal } = await prepare(t, { name });
    const list = Array.from({ length: 10 }, (_, i) => `${server.url}/?as=file-${i}`);
    const first = await downloadAll(list, options);
    forgetEnds(journal, [2, 7, 9]);
    const again = await downloadAll(list, options);
    assert.deepEqual(since(server, 10), ['/?as=file-2', '/?as=file-7', '/?as=file-9']);
    checkFiles(again);
    for (const index of [2, 7, 9]) {
      assert.equal(again[index].file, first[index].file);
      assert.match(fs.readFileSync(again[index].file, 'utf8'), /^1[123] /);
    }
  }
});

test('a stranger’s file is not replaced, in the first run and in those after', async (t) => {
  const { server, files, options } = await prepare(t);
  fs.mkdirSync(files);
  fs.writeFileSync(path.join(files, 'b'), 'mine');
  const list = ['/a', '/b', '/c'].map((path) => `${server.url}${path}`);
  for (let run = 0; run < 3; run++) {
    const results = await downloadAll(list, options);
    assert.deepEqual(
      results.map(({ ok, error }) => [ok, error?.code]),
      [
        [true, undefined],
        [false, 'EEXIST'],
        [true, undefined],
      ],
    );
    assert.equal(fs.readFileSync(path.join(files, 'b'), 'utf8'), 'mine');
  }
  assert.deepEqual(since(server, 0), ['/a', '/c']);
  fs.rmSync(path.join(files, 'b'));
  checkFiles(await downloadAll(list, options));
  assert.deepEqual(since(server, 2), ['/b']);
});

test('what is no file is not the run’s own, though it has its name', async (t) => {
  const { server, files, options } = await prepare(t);
  const list = ['/a', '/b'].map((path) => `${server.url}${path}`);
  await downloadAll(list, options);
  fs.rmSync(path.join(files, 'a'));
  fs.mkdirSync(path.join(files, 'a'));
  const [first, second] = await downloadAll(list, options);
  assert.match(first.error.code, /^(EEXIST|EISDIR)$/);
  assert.equal(second.fromJournal, true);
  fs.rmdirSync(path.join(files, 'a'));
  checkFiles(await downloadAll(list, options));
});

test('numbers that tell names apart are the same in each run', async (t) => {
  const { server, broken, options } = await prepare(t);
  const list = Array.from({ length: 12 }, (_, i) => `${server.url}/${i}/same.txt`);
  for (const index of [0, 4, 11]) broken.add(`/${index}/same.txt`);
  const first = await downloadAll(list, options);
  broken.clear();
  const again = await downloadAll([...list, `${server.url}/new/same.txt`], options);
  checkFiles(again);
  assert.deepEqual(since(server, 12), [
    '/0/same.txt',
    '/11/same.txt',
    '/4/same.txt',
    '/new/same.txt',
  ]);
  for (const [index, { file }] of first.entries()) {
    if (file !== undefined) assert.equal(again[index].file, file);
  }
  assert.equal(path.basename(again[0].file), 'same.txt');
});

test('names from headers are kept: a file that was deleted comes back under its name', async (t) => {
  const { server, options } = await prepare(t, { name: 'content-disposition' });
  const list = Array.from({ length: 6 }, (_, i) => `${server.url}/${i}?as=same.txt`);
  const first = await downloadAll(list, { ...options, concurrency: 1 });
  checkFiles(first);
  for (const index of [0, 3]) fs.rmSync(first[index].file);
  const again = await downloadAll(list, { ...options, concurrency: 1 });
  assert.deepEqual(since(server, 6), ['/0?as=same.txt', '/3?as=same.txt']);
  checkFiles(again);
  assert.deepEqual(
    again.map(({ file }) => file),
    first.map(({ file }) => file),
  );
});

/** Names from headers, all of them the same, where one item has none before the second run. */
async function sameNames(t, ifExists) {
  const { server, broken, options } = await prepare(t, { name: 'content-disposition', ifExists });
  const list = Array.from({ length: 4 }, (_, i) => `${server.url}/${i}?as=same.txt`);
  broken.add('/1?as=same.txt');
  await downloadAll(list.slice(0, 3), { ...options, concurrency: 1 });
  broken.clear();
  return downloadAll(list, { ...options, concurrency: 1 });
}

test('names from headers keep clear of those that the run before gave out', async (t) => {
  const results = await sameNames(t, 'error');
  assert.deepEqual(
    results.map(({ error }) => error?.code),
    new Array(4).fill(undefined),
  );
  checkFiles(results);
});

test('names from headers overwrite no file that the run before has saved', async (t) => {
  checkFiles(await sameNames(t, 'replace'));
});

test('names from headers overwrite no file of an item that is still to come', async (t) => {
  const { server, broken, options } = await prepare(t, {
    name: 'content-disposition',
    ifExists: 'replace',
  });
  const list = [0, 1].map((index) => `${server.url}/${index}?as=same.txt`);
  broken.add('/0?as=same.txt');
  await downloadAll(list, options);
  broken.clear();
  const results = [];
  async function* slowly() {
    yield list[0];
    await until(() => results.length > 0);
    yield list[1];
  }
  for await (const result of downloadEach(slowly(), options)) results[result.index] = result;
  checkFiles(results);
});

test('single files have a journal as those of a folder have', async (t) => {
  const { dir, journal } = makeFolder(t);
  const server = await serveRequests(t, ({ url }, response) =>
    response.end(`${server.requests.length} ${url}`),
  );
  const file = (name) => path.join(dir, 'sub', name);
  const list = [
    { url: `${server.url}/a`, file: file('a') },
    { url: `${server.url}/b`, file: file('b') },
    `${server.url}/c`,
  ];
  const first = await downloadAll(list, { journal });
  assert.match(first[2].text(), /^[123] .c$/);
  checkFiles(first.slice(0, 2));
  assert.ok((await downloadAll(list, { journal })).every((result) => result.fromJournal));
  fs.rmSync(file('b'));
  const again = await downloadAll(list, { journal });
  assert.deepEqual(since(server, 3), ['/b']);
  checkFiles(again.slice(0, 2));
  forgetEnds(journal, [0]);
  checkFiles((await downloadAll(list, { journal })).slice(0, 2));
  assert.deepEqual(since(server, 4), ['/a']);
});
