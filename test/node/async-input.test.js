// Lists that come in their own time, given to downloadAll: sent as they come, answered in their order.

'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const readline = require('node:readline');
const { PassThrough, Readable } = require('node:stream');
const { test } = require('node:test');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { gate, resultsOf, watchedAsync } = require('./loops.js');
const { PATIENT } = require('./phases.js');
const { serve, serveRequests } = require('./server.js');
const { until } = require('./until.js');

const COUNT = 2_000;

/** `items`, with some time between some of them. */
async function* slowly(items) {
  for (const [i, item] of items.entries()) {
    if (i % 100 === 99) await new Promise(setImmediate);
    yield item;
  }
}

/** The items one after the other, each a promise's. */
function promising(items) {
  let i = 0;
  const next = async () => ({ done: i === items.length, value: items[i++] });
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

/** Lists of the same items, each of another kind. */
const KINDS = {
  'an async generator': (urls) => slowly(urls),
  'an object with an async iterator': (urls) => promising(urls),
  'a Readable of items': (urls) => Readable.from(urls),
  'the lines of a Readable': (urls) =>
    readline.createInterface({ input: Readable.from(urls.map((url) => `${url}\n`)) }),
  'a ReadableStream': (urls) => Readable.toWeb(Readable.from(urls)),
  'an iterable object': (urls) => ({ [Symbol.iterator]: () => urls.values() }),
  'an object that is both': (urls) => ({
    ...promising(urls),
    [Symbol.iterator]: () => assert.fail('the async one goes first'),
  }),
};

for (const [kind, listOf] of Object.entries(KINDS)) {
  test(`${kind} is a list, and its results stand in its order`, async (t) => {
    const server = await serve(t);
    const urls = urlsOf(server, COUNT);
    const results = await downloadAll(listOf(urls), { concurrencyPerHost: 50 });
    assert.ok(Array.isArray(results));
    assert.deepEqual(
      results.map((result) => `${server.url}${result.text()}`),
      urls,
    );
    assert.deepEqual([results.stats.total, results.stats.ok], [COUNT, COUNT]);
    const each = await resultsOf(downloadEach(listOf(urls.slice(0, 500))));
    assert.equal(new Set(each.map((result) => result.text())).size, 500);
  });
}

test('what came is sent before the list has ended', async (t) => {
  const arrived = new Map();
  const arrival = (path) => {
    if (!arrived.has(path)) arrived.set(path, gate());
    return arrived.get(path);
  };
  const { url } = await serve(t, (request, response) => {
    arrival(request.url).open();
    response.end(request.url);
  });
  const list = async function* () {
    for (const path of ['/a', '/b', '/c']) {
      yield url + path;
      await arrival(path).opened;
    }
  };
  for (const run of [downloadAll(list()), new Client().downloadAll(list())]) {
    const results = await run;
    assert.deepEqual(
      results.map((result) => result.text()),
      ['/a', '/b', '/c'],
    );
  }
});

test('an empty async list resolves to an empty array with its stats', async () => {
  const empty = [slowly([]), Readable.from([]), promising([])];
  for (const list of empty) {
    const results = await downloadAll(list);
    assert.deepEqual([...results], []);
    assert.deepEqual([results.stats.total, results.stats.done], [0, 0]);
  }
});

test('tags, options, bodies to be read and wrong items keep their places', async (t) => {
  const { url } = await serveRequests(t, ({ method, body }, response) =>
    response.end(`${method} ${body}`),
  );
  const kinds = [
    (i) => ({ url, tag: i }),
    (i) => ({ url, tag: i, method: 'POST', body: new Blob([`blob ${i}`]) }),
    (i) => ({ url, tag: i, method: 'POST', body: `text ${i}` }),
    () => null,
  ];
  const items = Array.from({ length: 400 }, (_, i) => kinds[i % kinds.length](i));
  const results = await downloadAll(slowly(items));
  assert.equal(results.length, items.length);
  for (const [i, { index, tag, error }] of results.entries()) {
    assert.equal(index, i);
    if (i % 4 === 3) {
      assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
      continue;
    }
    const expected = ['GET ', `POST blob ${i}`, `POST text ${i}`][i % 4];
    assert.deepEqual([tag, results[i].text()], [i, expected]);
  }
});

test('a list that throws or rejects ends the run with that very error', async (t) => {
  const server = await serveHeld(t);
  const mine = new Error('from the list');
  const throwing = async function* () {
    yield* urlsOf(server, 3);
    await server.holds(3);
    throw mine;
  };
  const torn = () => {
    const source = new PassThrough({ objectMode: true });
    source.write(server.url);
    server.holds(1).then(() => source.destroy(mine));
    return source;
  };
  const rejecting = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(mine) }) };
  for (const listOf of [() => rejecting, throwing, torn]) {
    await assert.rejects(downloadAll(listOf(), PATIENT), (error) => error === mine);
    await server.gone();
    // They wait there, and nobody is left to be answered.
    server.release(10);
  }
});

test('an abort ends the run and closes the list', async (t) => {
  const server = await serveHeld(t);
  const controller = new AbortController();
  const { signal } = controller;
  const source = new PassThrough({ objectMode: true });
  for (const url of urlsOf(server, 3)) source.write(url);
  const seen = watchedAsync(source);
  const run = downloadAll(seen.list, { ...PATIENT, signal });
  await server.holds(3);
  controller.abort('enough');
  await assert.rejects(run, (reason) => reason === 'enough');
  await server.gone();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  // Whatever it waited for has to come before a generator can be closed.
  source.write(server.url);
  await new Promise((resolve) => source.once('close', resolve));
  assert.deepEqual([seen.closed, server.requests], [1, 3]);
});

test('an abort ends a run whose list never gives anything, and one that was aborted before reads nothing', async () => {
  const controller = new AbortController();
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  const run = downloadAll(never, { signal: controller.signal });
  setImmediate(() => controller.abort('enough'));
  await assert.rejects(run, (reason) => reason === 'enough');
  const untouchable = { [Symbol.asyncIterator]: () => assert.fail('the list was read') };
  const early = downloadAll(untouchable, { signal: AbortSignal.abort('early') });
  await assert.rejects(early, (reason) => reason === 'early');
});

test('with a deadline, what is under way then settles, and what is done stays', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === '/0') response.end();
  });
  const results = await downloadAll(slowly(urlsOf(server, 300)), { ...PATIENT, deadline: 150 });
  assert.deepEqual(
    results.map(({ status, error }) => error?.phase ?? status),
    [200, ...new Array(299).fill('deadline')],
  );
});

test('with a deadline, a run ends though its list does not', async (t) => {
  const { url } = await serve(t);
  const list = async function* () {
    yield url;
    await new Promise(() => {});
  };
  const controller = new AbortController();
  t.after(() => controller.abort());
  const run = downloadAll(list(), { deadline: 100, signal: controller.signal });
  const late = new Promise((resolve) => setTimeout(resolve, 500, ['still waiting']));
  const [first] = await Promise.race([run, late]);
  assert.equal(first.status ?? first, 200);
});

test('with stopOnError, the first error closes the list', async (t) => {
  const server = await serve(t, (request) => request.socket.destroy());
  const seen = watchedAsync(slowly(urlsOf(server, 5_000)));
  const options = { ...PATIENT, stopOnError: true };
  await assert.rejects(downloadAll(seen.list, options), { code: 'ECONNRESET' });
  await until(() => seen.closed === 1);
  assert.ok(seen.pulled < 5_000, `${seen.pulled}`);
});
