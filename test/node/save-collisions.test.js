// Two items of one name, and files that an item names itself.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { runInChild } = require('./child.js');
const { filesIn, folder, namesIn, outcomes } = require('./disk.js');
const { serve } = require('./server.js');
const { serveHeld } = require('./held.js');

test('equal names are numbered in the order of the list', async (t) => {
  const server = await serveHeld(t);
  const dir = folder(t);
  const paths = [
    '/1/a.txt',
    '/2/a.txt',
    '/3/a.txt',
    '/4/A.TXT',
    '/5/a-1.txt',
    '/6/x.tar.gz',
    '/7/x.tar.gz',
  ];
  const run = downloadAll(
    paths.map((one) => server.url + one),
    { saveTo: dir },
  );
  await server.holds(paths.length);
  server.release();
  const results = await run;
  assert.deepEqual(
    results.map(({ file }) => path.relative(dir, file)),
    ['a.txt', 'a-1.txt', 'a-2.txt', 'A-3.TXT', 'a-1-1.txt', 'x.tar.gz', 'x-1.tar.gz'],
  );
  for (const [i, { file }] of results.entries())
    assert.equal(fs.readFileSync(file, 'utf8'), paths[i]);
});

test('the order in which equal names are answered changes nothing', async (t) => {
  const waiting = [];
  const { url } = await serve(t, (request, response) => {
    waiting.push(() => response.end(request.url));
    // In the opposite order.
    if (waiting.length === 8) for (const answer of waiting.reverse()) answer();
  });
  const dir = folder(t);
  const urls = Array.from({ length: 8 }, (_, i) => `${url}/${i}/same`);
  for await (const { index, file } of downloadEach(urls, { saveTo: dir })) {
    assert.equal(path.basename(file), index === 0 ? 'same' : `same-${index}`);
    assert.equal(fs.readFileSync(file, 'utf8'), `/${index}/same`);
  }
  assert.equal(namesIn(dir).length, 8);
});

test('a number stays with its item when an item before it fails', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(request.url.startsWith('/0') ? 404 : 200).end(request.url);
  });
  const dir = folder(t);
  await downloadAll([`${url}/0/a`, `${url}/1/a`, `${url}/2/a`], { saveTo: dir });
  assert.deepEqual(filesIn(dir), { 'a-1': '/1/a', 'a-2': '/2/a' });
});

test('names from headers are told apart, too', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(200, { 'content-disposition': 'attachment; filename=same.txt' });
    response.end(request.url);
  });
  const dir = folder(t);
  const urls = Array.from({ length: 50 }, (_, i) => `${url}/${i}`);
  const results = await downloadAll(urls, { saveTo: { dir, name: 'content-disposition' } });
  assert.equal(new Set(results.map(({ file }) => file)).size, 50);
  for (const [i, { file }] of results.entries())
    assert.equal(fs.readFileSync(file, 'utf8'), `/${i}`);
  assert.ok(namesIn(dir).includes('same-49.txt'));
});

test('a name that an item says itself is had once, in whatever way it is written', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const files = ['a', 'a', 'A', './a', 'sub/../a', 'sub//b', 'sub/b', 'é', 'e\u0301'];
  const items = files.map((file, i) => ({ url: `${url}/${i}`, file }));
  const results = await downloadAll(items, { saveTo: dir });
  const twice = 'EEXIST';
  assert.deepEqual(outcomes(results), [200, twice, twice, twice, twice, 200, twice, 200, twice]);
  assert.deepEqual(filesIn(dir), { a: '/0', [path.join('sub', 'b')]: '/5', é: '/7' });
  assert.deepEqual([results[1].attempts, results[1].file], [0, undefined]);
});

test('a name by URL gives way to one that was said before, and one that is said to none', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const list = [{ url: `${url}/0`, file: 'a' }, `${url}/a`, { url: `${url}/2`, file: 'a-1' }];
  const results = await downloadAll(list, { saveTo: dir });
  assert.deepEqual(outcomes(results), [200, 200, 'EEXIST']);
  assert.deepEqual(filesIn(dir), { a: '/0', 'a-1': '/a' });
});

test('a file that an item says wins over the names of the run, and makes its sub-folders', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const name = () => assert.fail('it was said');
  const item = { url: `${url}/x`, file: 'deep/er/.hidden name' };
  for (const saveTo of [
    { dir, name },
    { dir: `${dir}/2`, name: 'content-disposition' },
  ]) {
    const [result] = await downloadAll([item], { saveTo });
    assert.equal(result.file, path.join(saveTo.dir, 'deep', 'er', '.hidden name'));
    assert.equal(fs.readFileSync(result.file, 'utf8'), '/x');
  }
});

test('one of several equal items is saved once where they are sent once', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const list = [url, url, { url, file: 'own' }, { url, file: 'own' }, { url, file: 'other' }];
  const results = await downloadAll(list, { saveTo: dir, dedupe: true });
  assert.deepEqual(outcomes(results), [200, 200, 200, 200, 200]);
  assert.deepEqual(
    results.map(({ file }) => path.basename(file)),
    ['index.html', 'index.html', 'own', 'own', 'other'],
  );
  assert.deepEqual(namesIn(dir), ['index.html', 'other', 'own']);
});

test('what is no name of a file is the fault of its item', async (t) => {
  const { url } = await serve(t);
  const outside = folder(t);
  const dir = path.join(outside, 'in');
  const wrong = {
    ERR_INVALID_ARG_TYPE: [undefined, null, 5, {}, ['a'], Promise.resolve('a')],
    ERR_INVALID_ARG_VALUE: [
      ...[
        '',
        '.',
        '..',
        '/',
        'a/',
        'a/.',
        '../x',
        'a/../../x',
        '/etc/x',
        'C:\\x',
        'C:x',
        '\\\\server\\x',
      ],
      ...['./\\x', 'a\0b', '.a.part', '.a.PART', 'b/.a.part.json', path.join(outside, 'y')],
    ],
  };
  for (const [code, given] of Object.entries(wrong)) {
    const list = given.map((_name, i) => `${url}/${i}`);
    const name = ({ index }) => given[index];
    const results = await downloadAll([...list, `${url}/ok`], {
      saveTo: { dir, name: (item) => (item.index < given.length ? name(item) : `fine-${code}`) },
    });
    assert.deepEqual(outcomes(results), [...given.map(() => code), 200]);
    assert.equal(results[0].attempts, 0);
    if (code === 'ERR_INVALID_ARG_TYPE') continue;
    const items = given.map((file) => ({ url, file }));
    assert.deepEqual(
      outcomes(await downloadAll(items, { saveTo: dir })),
      given.map(() => code),
    );
  }
  assert.deepEqual(namesIn(outside), ['in']);
  assert.deepEqual(namesIn(dir), ['fine-ERR_INVALID_ARG_TYPE', 'fine-ERR_INVALID_ARG_VALUE']);
});

test('without a folder of the run a file is relative to the working directory', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const main = async ({ url, dir }) => {
    process.chdir(dir);
    const { downloadAll } = require(process.env.PACKAGE);
    const files = [
      'a',
      'sub/b',
      './c',
      '../'.concat(require('node:path').basename(dir), '/d'),
      `${dir}/e`,
    ];
    const items = files.map((file, i) => ({ url: `${url}/${i}`, file }));
    const results = await downloadAll([...items, url]);
    console.log(JSON.stringify(results.map(({ file, error }) => error?.code ?? file ?? 'memory')));
  };
  const env = { PACKAGE: path.join(__dirname, '..', '..') };
  const { stdout, stderr } = await runInChild(main, { url, dir }, { env });
  assert.equal(stderr, '');
  const expected = ['a', path.join('sub', 'b'), 'c', 'd', 'e'].map((name) => path.join(dir, name));
  assert.deepEqual(JSON.parse(stdout), [...expected, 'memory']);
  assert.deepEqual(filesIn(dir), {
    a: '/0',
    [path.join('sub', 'b')]: '/1',
    c: '/2',
    d: '/3',
    e: '/4',
  });
});

test('without a folder of the run a file is had once and never replaced, either', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, 'old'), 'old');
  const files = ['a', 'a', 'sub/../a', 'sub/b', 'old'];
  const items = files.map((file, i) => ({ url: `${url}/${i}`, file: `${dir}/${file}` }));
  assert.deepEqual(outcomes(await downloadAll(items)), [200, 'EEXIST', 'EEXIST', 200, 'EEXIST']);
  assert.deepEqual(filesIn(dir), { a: '/0', [path.join('sub', 'b')]: '/3', old: 'old' });
});

test('without a folder of the run a path of a folder is refused, too', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const files = [
    '',
    '.',
    '..',
    `${dir}/a/`,
    `${dir}/a/.`,
    `${dir}/a/..`,
    `${dir}/\0`,
    `${dir}/.a.part`,
  ];
  const results = await downloadAll(files.map((file) => ({ url, file })));
  assert.deepEqual(
    outcomes(results),
    files.map(() => 'ERR_INVALID_ARG_VALUE'),
  );
  assert.deepEqual(namesIn(dir), []);
});
