// The list: what an item may be, what is wrong with it, and how the list is read.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve, serveRaw } = require('./server.js');

test('items are strings, URLs and objects, and their results keep the order', async (t) => {
  const { url } = await serve(t);
  const tag = { mine: true };
  const items = [
    `${url}/0`,
    new URL(`${url}/1`),
    { url: `${url}/2`, tag },
    { url: new URL(`${url}/3`), tag: 0 },
  ];
  const results = await downloadAll(items);
  assert.deepEqual(
    results.map((result) => result.text()),
    ['/0', '/1', '/2', '/3'],
  );
  assert.deepEqual(
    results.map((result) => result.index),
    [0, 1, 2, 3],
  );
  assert.deepEqual(
    results.map((result) => result.tag),
    [undefined, undefined, tag, 0],
  );
  assert.equal(results[2].tag, tag);
});

test('any iterable is a list', async (t) => {
  const { url } = await serve(t);
  const urls = [`${url}/a`, `${url}/b`];
  const lists = [
    urls,
    Object.freeze([...urls]),
    new Set(urls),
    new Map(urls.entries()).values(),
    new Proxy(urls, {}),
    (function* () {
      yield* urls;
    })(),
    { [Symbol.iterator]: () => urls.values() },
  ];
  for (const list of lists) {
    assert.deepEqual(
      (await downloadAll(list)).map((result) => result.text()),
      ['/a', '/b'],
    );
  }
});

test('a wrong item has its own error in its own slot', async (t) => {
  const { url } = await serve(t);
  const throwing = (error) => ({
    url,
    get method() {
      throw error;
    },
  });
  const wrong = [
    ...[null, undefined, 5, 1n, true, Symbol('item'), () => {}, [], {}, [url]],
    ...[
      { url: 5 },
      { url: null },
      { url: undefined },
      { url: {} },
      { url: [url] },
      { url: Symbol('url') },
    ],
    ...[
      new Request(url),
      { url, metod: 'GET' },
      { url, signal: AbortSignal.abort() },
      { url, concurrency: 1 },
    ],
    ...[
      { url, '\ud800': 1 },
      throwing(new Error('mine')),
      throwing(new DOMException('mine', 'AbortError')),
    ],
    ...[
      throwing({ code: 5 }),
      throwing(Object.create(null)),
      throwing(undefined),
      throwing(Symbol('thrown')),
    ],
  ];
  const results = await downloadAll(wrong.flatMap((item, i) => [item, `${url}/${i}`]));
  for (const [i, item] of wrong.entries()) {
    const result = results[2 * i];
    assert.match(result.error?.code ?? '', /^ERR_(INVALID_ARG_(TYPE|VALUE))$/, String(i));
    assert.deepEqual(
      [result.index, result.error.index, result.status, result.attempts],
      [2 * i, 2 * i, 0, 0],
    );
    assert.equal(result.error.url, typeof item?.url === 'string' ? `${url}/` : '');
    assert.equal(results[2 * i + 1].text(), `/${i}`);
  }
});

test('the error of an item says what is wrong with it', async () => {
  const url = 'http://localhost/';
  const cases = [
    [null, 'ERR_INVALID_ARG_TYPE', /item must be .*Received null/],
    [Symbol('s'), 'ERR_INVALID_ARG_TYPE', /Received a symbol/],
    [{}, 'ERR_INVALID_ARG_TYPE', /item\.url must be .*Received undefined/],
    [{ url: 5 }, 'ERR_INVALID_ARG_TYPE', /item\.url must be .*Received 5/],
    [{ url, metod: 'GET' }, 'ERR_INVALID_ARG_VALUE', /'item\.metod'.*'method'/],
    [new Request(url), 'ERR_INVALID_ARG_VALUE', /Request.*url, method, headers/],
  ];
  const results = await downloadAll(cases.map(([item]) => item));
  for (const [i, [, code, message]] of cases.entries()) {
    assert.equal(results[i].error.code, code);
    assert.match(results[i].error.message, message);
  }
});

test('the holes of a sparse array are wrong items', async (t) => {
  const { url } = await serve(t);
  // biome-ignore lint/suspicious/noSparseArray: it is what is tested
  const results = await downloadAll([, url, ,]);
  assert.deepEqual(
    results.map((result) => result.error?.code ?? result.status),
    ['ERR_INVALID_ARG_TYPE', 200, 'ERR_INVALID_ARG_TYPE'],
  );
});

test('the list is read at the call, and what happens to it afterwards changes nothing', async (t) => {
  const { url } = await serve(t);
  const urls = Array.from({ length: 3_000 }, (_, i) => `${url}/${i}`);
  const run = downloadAll(urls, { concurrencyPerHost: 50 });
  urls.fill('not a URL');
  urls.length = 5;
  const results = await run;
  assert.equal(results.length, 3_000);
  assert.ok(results.every((result, i) => result.index === i && result.text() === `/${i}`));
});

test('tags stay with their items, wherever the list is cut', async () => {
  const items = Array.from({ length: 5_000 }, (_, i) => (i % 3 === 0 ? { url: '', tag: i } : ''));
  const results = await downloadAll(items);
  assert.ok(results.every((result, i) => result.tag === (i % 3 === 0 ? i : undefined)));
});

for (const before of [0, 5, 3_000]) {
  test(`an iterator that throws after ${before} items rejects with that very error`, async (t) => {
    const server = await serveRaw(t, () => {});
    const mine = new Error('mine');
    let returned = 0;
    let count = 0;
    const list = {
      [Symbol.iterator]: () => list,
      next() {
        if (count === before) throw mine;
        count += 1;
        return { value: server.url, done: false };
      },
      return() {
        returned += 1;
        return {};
      },
    };
    await assert.rejects(downloadAll(list), (error) => error === mine);
    assert.equal(returned, 0, 'an iterator that threw has ended');
    await server.gone();
  });
}

test('an iterator that breaks the rules rejects with a TypeError', async () => {
  const broken = [
    { [Symbol.iterator]: () => 5 },
    { [Symbol.iterator]: () => ({ next: () => 5 }) },
    { [Symbol.iterator]: () => ({}) },
  ];
  for (const list of broken) await assert.rejects(downloadAll(list), TypeError);
  const mine = new Error('mine');
  const throwing = {
    [Symbol.iterator]() {
      throw mine;
    },
  };
  await assert.rejects(downloadAll(throwing), (error) => error === mine);
});

test('a list may call back into the library', async (t) => {
  const { url } = await serve(t);
  const inner = [];
  const list = function* () {
    for (let i = 0; i < 3; i++) {
      inner.push(downloadAll([`${url}/inner/${i}`]));
      yield `${url}/outer/${i}`;
    }
  };
  const outer = await downloadAll(list());
  assert.deepEqual(
    outer.map((result) => result.text()),
    ['/outer/0', '/outer/1', '/outer/2'],
  );
  for (const [i, [result]] of (await Promise.all(inner)).entries())
    assert.equal(result.text(), `/inner/${i}`);
});

test('an item that is refused has its tag all the same', async () => {
  const url = 'http://localhost/';
  const items = [
    { url, tag: 'a', timeout: -1 },
    { url: 5, tag: 'b' },
    { url: 'none', tag: 'c' },
  ];
  const results = await downloadAll(items);
  assert.deepEqual(
    results.map(({ tag, error }) => [tag, error !== undefined]),
    ['a', 'b', 'c'].map((tag) => [tag, true]),
  );
});
