// Bodies that have no bytes yet when they are given: nobody notices but those who have to wait, and waiting can be ended.

'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { endless, held } = require('./blobs.js');
const { runInChild } = require('./child.js');
const { serve, serveRequests } = require('./server.js');

const POST = { method: 'POST' };
const GUARD = 10_000;

/** Answers with the path and the body. */
const echo = ({ url, body }, response) => response.end(`${url} ${body}`);

test('order, indexes and tags stay right among five thousand items', async (t) => {
  const { url } = await serveRequests(t, echo);
  const { blob, release } = held();
  const items = Array.from({ length: 5_000 }, (_, i) => {
    if (i % 700 === 3) return { url: `${url}/${i}`, body: blob(`late ${i}`), tag: i };
    if (i % 500 === 7) return { url: `${url}/${i}`, body: new Blob([`blob ${i}`]) };
    if (i % 1_000 === 8) return { url: `${url}/${i}`, headers: { 'a b': 'x' }, tag: i };
    return `${url}/${i}`;
  });
  const run = downloadAll(items, { ...POST, concurrencyPerHost: 100 });
  setImmediate(release);
  const results = await run;
  for (const [i, result] of results.entries()) {
    assert.equal(result.index, i);
    assert.equal(result.tag, items[i].tag);
    if (i % 1_000 === 8) assert.equal(result.error.code, 'ERR_INVALID_HTTP_TOKEN');
    else {
      const body = i % 700 === 3 ? `late ${i}` : i % 500 === 7 ? `blob ${i}` : '';
      assert.equal(result.text(), `/${i} ${body}`);
    }
  }
  assert.deepEqual([results.length, results.stats.done], [5_000, 5_000]);
});

test('what the caller changes after the call changes nothing', async (t) => {
  const { url, requests } = await serveRequests(t, echo);
  const { blob, release } = held();
  const buffer = Buffer.from('before');
  const array = new Uint8Array(Buffer.from('before')).buffer;
  const params = new URLSearchParams('when=before');
  const json = { when: 'before' };
  const headers = { 'x-when': 'before' };
  const late = { url: `${url}/blob`, body: blob('before'), headers };
  const urls = [
    late,
    { url: `${url}/buffer`, body: buffer },
    { url: `${url}/array`, body: array },
    { url: `${url}/params`, body: params },
    { url: `${url}/json`, json },
    `${url}/plain`,
  ];
  const options = { ...POST, headers: { 'x-call': 'before' } };
  const calls = [
    downloadAll(urls, options),
    ...[buffer, array, params].map((body) => downloadAll([`${url}/of-call`], { ...options, body })),
  ];
  buffer.fill('!');
  structuredClone(array, { transfer: [array] });
  params.set('when', 'after');
  json.when = headers['x-when'] = options.headers['x-call'] = 'after';
  Object.assign(late, { url: 'not a URL', body: 'after' });
  urls.splice(1, 10, 'http://after.invalid/');
  options.method = 'G ET';
  release();
  const [results, ...others] = await Promise.all(calls);
  const texts = [
    '/blob before',
    '/buffer before',
    '/array before',
    '/params when=before',
    '/json {"when":"before"}',
    '/plain ',
  ];
  assert.deepEqual(
    results.map((result) => result.text()),
    texts,
  );
  assert.deepEqual(
    others.map(([result]) => result.text()),
    ['/of-call before', '/of-call before', '/of-call when=before'],
  );
  for (const { method, headers } of requests)
    assert.deepEqual([method, headers['x-call']], ['POST', 'before']);
  assert.equal(requests.find((request) => request.url === '/blob').headers['x-when'], 'before');
});

test('the list is read at once, also when the body of the call is still to come', async (t) => {
  const { url } = await serveRequests(t, echo);
  const { blob, release } = held();
  const urls = [`${url}/1`, `${url}/2`];
  const run = downloadAll(urls, { ...POST, body: blob('call') });
  urls.length = 0;
  release();
  assert.deepEqual(
    (await run).map((result) => result.text()),
    ['/1 call', '/2 call'],
  );
});

test('what the iterator throws ends the call while a Blob is pending', async () => {
  const mine = new Error('mine');
  for (const ofCall of [{}, { body: endless() }]) {
    const list = function* () {
      yield { url: 'http://never.invalid/', body: endless() };
      throw mine;
    };
    await assert.rejects(downloadAll(list(), { ...POST, ...ofCall }), (error) => error === mine);
  }
});

for (const place of ['item', 'call', 'client']) {
  test(`an abort while the Blob of ${place === 'item' ? 'an' : 'a'} ${place} is pending rejects with the reason`, {
    timeout: GUARD,
  }, async (t) => {
    const server = await serve(t);
    const controller = new AbortController();
    const reason = new Error('enough');
    const body = endless();
    const { signal } = controller;
    const run = {
      item: () => downloadAll([{ url: server.url, body }], { ...POST, signal }),
      call: () => downloadAll([server.url], { ...POST, body, signal }),
      client: () => new Client({ ...POST, body }).downloadAll([server.url], { signal }),
    }[place]();
    setImmediate(() => controller.abort(reason));
    await assert.rejects(run, (error) => error === reason);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(server.accepted, 0);
  });

  test(`the deadline of a call holds while the Blob of ${place === 'item' ? 'an' : 'a'} ${place} is pending`, async (t) => {
    const { url } = await serve(t);
    const body = endless();
    // So that a call that never ends is seen, and ends.
    const options = { deadline: 50, signal: AbortSignal.timeout(GUARD / 2) };
    const run = {
      item: () => downloadAll([{ url, body }], { ...POST, ...options }),
      call: () => downloadAll([url], { ...POST, body, ...options }),
      client: () => new Client({ ...POST, body }).downloadAll([url], options),
    }[place]();
    const guard = new Promise((_resolve, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason));
    });
    const [{ error }] = await Promise.race([run, guard]);
    assert.deepEqual([error.code, error.phase], ['ETIMEDOUT', 'deadline']);
  });
}

test('a process ends after an abort, though a Blob never came', async (t) => {
  const { url } = await serve(t);
  const outcome = await runInChild(async (url) => {
    const { downloadAll } = require('manyfetch');
    const arrayBuffer = () => new Promise(() => {});
    const body = { [Symbol.toStringTag]: 'Blob', type: '', arrayBuffer };
    const controller = new AbortController();
    // None of these may keep the process.
    const options = { method: 'POST', signal: controller.signal, deadline: 600_000 };
    const run = downloadAll([url, { url, body }, { url, body: { ...body } }], options);
    setImmediate(() => controller.abort('enough'));
    await run.catch((reason) => console.log(reason));
  }, url);
  assert.deepEqual(outcome, { code: 0, signal: null, stdout: 'enough\n', stderr: '' });
});
