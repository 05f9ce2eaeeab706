// What saved files are called: by their URL, by a header, by a function. No name leads out of the folder, whoever gives it.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { filesIn, folder, namesIn, outcomes } = require('./disk.js');
const { serve, serveRaw } = require('./server.js');

/** What the files are called that `urls` are saved to, each in a folder of its own. */
async function namesOf(t, urls, name) {
  const outside = folder(t);
  const saved = urls.map(async (url, i) => {
    const dir = path.join(outside, `${i}`);
    const [{ file, error }] = await downloadAll([url], { saveTo: { dir, name } });
    assert.equal(error, undefined, url);
    assert.equal(path.dirname(file), dir);
    assert.deepEqual(namesIn(dir), [path.basename(file)]);
    return path.basename(file);
  });
  const names = await Promise.all(saved);
  assert.equal(namesIn(outside).length, urls.length, 'something is outside of its folder');
  return names;
}

const LONG = 'n'.repeat(5_000);

const BY_URL = {
  '/a.txt': 'a.txt',
  '/deep/er/a.txt': 'a.txt',
  '/a.txt?v=1&f=b.txt': 'a.txt',
  '/a.txt#fragment': 'a.txt',
  '/?a.txt': 'index.html',
  '/folder/': 'index.html',
  '': 'index.html',
  '/a%20b%C3%A9.txt': 'a bé.txt',
  '/%E4%BD%A0': '你',
  '/a%2525': 'a%25',
  '/%ff': '\ufffd',
  '/..%2f..%2fetc%2fpasswd': '_._.._etc_passwd',
  '/..%5c..%5cx': '_._.._x',
  '/%2e%2e/x': 'x',
  '/a/..%2f': '_._',
  '/%2fetc%2fx': '_etc_x',
  '/C%3A%5Cx': 'C__x',
  '/a%00b': 'a_b',
  '/%0d%0ax': '__x',
  '/a%E2%80%AEgpj.exe': 'a_gpj.exe',
  '/.bashrc': '_bashrc',
  '/..a': '_.a',
  '/%2E': 'index.html',
  '/...': 'index.html',
  '/~': '_',
  '/-rf': '_rf',
  '/CON': '_CON',
  '/nul.txt': '_nul.txt',
  '/a.%20.': 'a',
  '/.a.part': '_a.part',
  '/a%3Ab%3F%2A%22%3C%3E%7C': 'a_b______',
  [`/${LONG}.tar.gz`]: `${'n'.repeat(193)}.tar.gz`,
  [`/${'%E2%82%AC'.repeat(400)}`]: '€'.repeat(66),
};

test('a file is called after the last part of its URL, made safe', async (t) => {
  const { url } = await serve(t);
  const urls = Object.keys(BY_URL).map((one) => url + one);
  const expected = Object.values(BY_URL);
  assert.deepEqual(await namesOf(t, urls), expected);
  assert.deepEqual(await namesOf(t, urls, 'url'), expected);
});

/** Bytes of a header, in Latin-1, and the name that they give; `index.html` where they give none. */
const BY_HEADER = [
  ['attachment; filename="a.txt"', 'a.txt'],
  ['attachment; filename=a.txt', 'a.txt'],
  ['ATTACHMENT;FILENAME=a b.txt;size=1', 'a b.txt'],
  ['attachment; filename="a \\"b\\".txt"', 'a _b_.txt'],
  ['attachment; filename="a;b.txt"', 'a;b.txt'],
  ['attachment; filename="a%20b.txt"', 'a%20b.txt'],
  ["attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", '€ rates.txt'],
  ["attachment; filename*=UTF-8''..%2f", '_._'],
  ["attachment; filename*=iso-8859-1'en'%A3.txt", '£.txt'],
  ['attachment; filename="plain.txt"; filename*=UTF-8\'\'star.txt', 'star.txt'],
  ["attachment; filename*=no-such''star.txt; filename=plain.txt", 'plain.txt'],
  ['attachment; filename*0="one-"; filename*1="two.txt"', 'one-two.txt'],
  ["attachment; filename*0*=UTF-8''%e2%82; filename*1*=%ac.txt", '€.txt'],
  ['attachment; filename="latin-\xe9.txt"', 'latin-é.txt'],
  ['attachment; filename="utf-\xc3\xa9.txt"', 'utf-é.txt'],
  ['attachment; filename="first.txt"\r\nContent-Disposition: inline; filename=second', 'first.txt'],
  ["attachment; filename=a\r\nContent-Disposition: inline; filename*=UTF-8''b", 'b'],
  ['attachment; filename="../../x"', '_._.._x'],
  ['attachment; filename="/etc/x"', '_etc_x'],
  ['attachment; filename="C:\\\\x"', 'C__x'],
  ['attachment; filename="..\\\\..\\\\x"', '_._.._x'],
  ["attachment; filename*=UTF-8''a%00b", 'a_b'],
  ["attachment; filename*=UTF-8''%E2%80%AEa", '_a'],
  ['attachment; filename=".bashrc"', '_bashrc'],
  ['attachment; filename="-rf"', '_rf'],
  ['attachment; filename="~"', '_'],
  ['attachment; filename="CON"', '_CON'],
  ['attachment; filename="NUL.txt"', '_NUL.txt'],
  ['attachment; filename="a.txt. ."', 'a.txt'],
  ['attachment; filename=".a.part"', '_a.part'],
  [`attachment; filename="${LONG}.pdf"`, `${'n'.repeat(196)}.pdf`],
  ...['.', '..', '', ' '].map((name) => [`attachment; filename="${name}"`, 'from-url']),
  ['attachment', 'from-url'],
];

test('a file is called as its header says, made safe, or else after the URL', async (t) => {
  const { url } = await serveRaw(t, (socket, head) => {
    const [line] = BY_HEADER[Number(/ \/(\d+)/.exec(head)[1])];
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Disposition: ${line}\r\n\r\nok`;
    socket.write(Buffer.from(answer, 'latin1'));
  });
  const urls = BY_HEADER.map((_case, i) => `${url}/${i}/from-url`);
  const names = await namesOf(t, urls, 'content-disposition');
  for (const [i, [line, name]] of BY_HEADER.entries()) assert.equal(names[i], name, line);
});

test('without a header a file is called after where it was found in the end', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/end.txt') return response.end('there');
    const header = { location: '/end.txt', 'content-disposition': 'attachment; filename=no' };
    response.writeHead(302, header).end();
  });
  assert.deepEqual(await namesOf(t, [`${url}/begin`], 'content-disposition'), ['end.txt']);
  assert.deepEqual(await namesOf(t, [`${url}/begin`], 'url'), ['begin']);
});

test('a thousand names that were made to break out stay in the folder', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('in'));
  const pieces = [
    '..',
    '/',
    '%2f',
    '%5c',
    '.',
    '%00',
    '~',
    '-',
    'a',
    '%e2%80%ae',
    ' ',
    '%2e',
    ':',
    '%ff',
    'con',
  ];
  let seed = 1;
  const random = (below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const urls = Array.from({ length: 1_000 }, () => {
    const some = Array.from({ length: 1 + random(8) }, () => pieces[random(pieces.length)]);
    return `${url}/${some.join('')}`;
  });
  const outside = folder(t);
  const dir = path.join(outside, 'in');
  const results = await downloadAll(urls, { saveTo: dir });
  for (const { file, error } of results) {
    assert.equal(error, undefined);
    assert.equal(path.dirname(fs.realpathSync(file)), dir);
  }
  assert.deepEqual(namesIn(outside), ['in']);
  assert.equal(new Set(results.map(({ file }) => file)).size, 1_000);
  assert.equal(namesIn(dir).length, 1_000);
});

test('a function is told of each item, and what it says is a path in the folder', async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  const told = [];
  const name = (item) => {
    told.push(item);
    return `sub-${item.index % 2}/${item.tag ?? 'none'}.txt`;
  };
  const items = [`${url}/0`, new URL(`${url}/1`), { url: `${url}/2`, tag: 'two' }];
  const results = await downloadAll(items, { saveTo: { dir, name } });
  assert.deepEqual(outcomes(results), [200, 200, 200]);
  assert.deepEqual(told, [
    { url: `${url}/0`, index: 0, tag: undefined },
    { url: `${url}/1`, index: 1, tag: undefined },
    { url: `${url}/2`, index: 2, tag: 'two' },
  ]);
  assert.deepEqual(filesIn(dir), {
    [path.join('sub-0', 'none.txt')]: '/0',
    [path.join('sub-1', 'none.txt')]: '/1',
    [path.join('sub-0', 'two.txt')]: '/2',
  });
});

test('what the function throws ends the run, as it is', async (t) => {
  const { url } = await serve(t);
  const list = [`${url}/0`, `${url}/1`];
  for (const thrown of [new Error('mine'), 'text', undefined, null]) {
    const name = ({ index }) => {
      if (index === 1) throw thrown;
      return 'fine';
    };
    const options = { saveTo: { dir: folder(t), name } };
    const all = await Promise.allSettled([downloadAll(list, options)]);
    assert.deepEqual(all, [{ status: 'rejected', reason: thrown }]);
    const collect = async () => {
      for await (const _result of downloadEach(list, options));
    };
    const [each] = await Promise.allSettled([collect()]);
    assert.deepEqual([each.status, each.reason], ['rejected', thrown]);
  }
});
