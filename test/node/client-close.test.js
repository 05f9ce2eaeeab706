// Closing a client: it takes nothing more, lets what runs come to its end, and lets go of its connections.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { measure } = require('./measure.js');
const { serve } = require('./server.js');

const CLOSED = { name: 'Error', code: 'ERR_CLIENT_CLOSED' };
const asyncDispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
/** Longer than any test: where a connection ends before, it was closed. */
const KEPT = { keepAlive: 600_000 };

/** The texts of all results that are left in `run`. */
async function textsOf(run) {
  const texts = [];
  for await (const result of run) texts.push(result.text());
  return texts;
}

test('a closed client refuses new runs: downloadAll rejects, and downloadEach throws', async (t) => {
  const server = await serve(t);
  const client = new Client();
  const closed = client.close();
  for (let round = 0; round < 2; round++) {
    const call = client.downloadAll([server.url]);
    assert.ok(call instanceof Promise);
    await assert.rejects(call, CLOSED);
    await assert.rejects(client.downloadAll([]), CLOSED);
    assert.throws(() => client.downloadEach([server.url]), CLOSED);
    assert.equal(await closed, undefined);
  }
  assert.equal(server.accepted, 0);
  assert.ok((await downloadAll([server.url]))[0].ok, 'nobody else is closed');
});

test('close waits for the runs that are under way, and they come to their end', async (t) => {
  const server = await serveHeld(t);
  const client = new Client({ concurrencyPerHost: 2 });
  const ended = [];
  const note = (name) => (value) => {
    ended.push(name);
    return value;
  };
  const all = client.downloadAll(urlsOf(server, 5)).then(note('all'));
  const each = client.downloadEach(urlsOf(server, 5));
  const texts = textsOf(each).then(note('each'));
  await server.holds(2);
  const closed = client.close().then(note('closed'));
  server.release();
  const results = await all;
  assert.deepEqual([results.stats.ok, (await texts).sort()], [5, ['/0', '/1', '/2', '/3', '/4']]);
  await closed;
  assert.deepEqual([ended.length, ended.at(-1)], [3, 'closed']);
  assert.equal(server.requests, 10);
});

test('close waits for a run whose results are not all taken, and for a list that goes on', async (t) => {
  const server = await serve(t);
  const client = new Client();
  const run = client.downloadEach(urlsOf(server, 3));
  await run.next();
  let isClosed = false;
  let giveLast;
  const last = new Promise((resolve) => {
    giveLast = resolve;
  });
  const list = async function* () {
    yield `${server.url}/first`;
    yield await last;
  };
  const slow = client.downloadAll(list());
  const closed = client.close().then(() => {
    isClosed = true;
  });
  assert.equal((await textsOf(run)).length, 2);
  assert.equal(isClosed, false);
  giveLast(`${server.url}/last`);
  const results = await slow;
  assert.deepEqual(
    results.map((result) => result.text()),
    ['/first', '/last'],
  );
  await closed;
});

test('close closes the idle connections', async (t) => {
  const server = await serveHeld(t);
  const other = await serve(t);
  const [client, neighbour] = [new Client(KEPT), new Client(KEPT)];
  const run = client.downloadAll([...urlsOf(server, 4), other.url]);
  await neighbour.downloadAll([other.url]);
  await server.holds(4);
  const closed = client.close();
  server.release();
  const results = await run;
  await closed;
  await server.gone();
  assert.equal(results.stats.ok, 5);
  // The neighbour's is the one that is left.
  assert.equal((await neighbour.downloadAll([other.url])).stats.connections.reused, 1);
  assert.equal(other.accepted, 2);
});

test('a client may be closed before it did anything, twice, and again later', async (t) => {
  const server = await serve(t);
  assert.equal(await new Client().close(), undefined);
  const client = new Client();
  const run = client.downloadAll([server.url]);
  const closing = [client.close(), client.close({}), client.close({ force: false })];
  assert.deepEqual(await Promise.all(closing), [undefined, undefined, undefined]);
  assert.ok((await run)[0].ok);
  assert.equal(await client.close(), undefined);
  assert.equal(await client.close({ force: true }), undefined);
  await assert.rejects(client.downloadAll([]), CLOSED);
});

test('close waits for no run that is over, however it ended', async (t) => {
  const server = await serveHeld(t, (_request, response) => response.socket.destroy());
  server.release();
  const client = new Client({ retry: false });
  const mine = new Error('mine');
  const throwing = function* () {
    yield server.url;
    throw mine;
  };
  const aborted = client.downloadAll(urlsOf(server, 2), { signal: AbortSignal.timeout(0) });
  await assert.rejects(aborted, { name: 'TimeoutError' });
  await assert.rejects(client.downloadAll([''], { stopOnError: true }), {
    code: 'ERR_INVALID_URL',
  });
  await assert.rejects(client.downloadAll(throwing()), mine);
  await assert.rejects(client.downloadEach(throwing()).next(), mine);
  await assert.rejects(client.downloadAll([''], { rate: 'fast' }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  for await (const _result of client.downloadEach(urlsOf(server, 9))) break;
  const stopped = client.downloadEach(urlsOf(server, 9));
  await stopped.next();
  stopped.stop();
  for await (const _result of stopped);
  await client.downloadEach([server.url])[asyncDispose]();
  await client.close();
});

test('an iterator that was never asked for anything holds nothing up, and never starts', async (t) => {
  const server = await serve(t);
  const client = new Client();
  let pulled = 0;
  const list = function* () {
    pulled += 1;
    yield server.url;
  };
  const run = client.downloadEach(list());
  await client.close();
  await assert.rejects(run.next(), CLOSED);
  assert.deepEqual(await run.next(), { value: undefined, done: true });
  assert.deepEqual([pulled, server.accepted], [0, 0]);
});

test('an iterator that nobody holds any more holds nothing up', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === '/0') response.end();
  });
  const { isClosed } = await measure(
    async (urls) => {
      const { Client } = require('manyfetch');
      const client = new Client();
      await (async () => {
        await client.downloadEach(urls).next();
      })();
      let isClosed = false;
      const closed = client.close().then(() => {
        isClosed = true;
      });
      for (let turn = 0; turn < 500 && !isClosed; turn++) {
        gc();
        await new Promise(setImmediate);
      }
      console.log(JSON.stringify({ isClosed }));
      await Promise.race([closed, 0]);
      process.exit();
    },
    urlsOf(server, 3),
  );
  assert.ok(isClosed);
});

test('disposing of a client closes it, after its runs', async (t) => {
  const server = await serveHeld(t);
  const client = new Client(KEPT);
  const run = client.downloadAll([server.url]);
  await server.holds(1);
  const disposed = client[asyncDispose]();
  server.release();
  assert.equal(await disposed, undefined);
  assert.ok((await run)[0].ok);
  await assert.rejects(client.downloadAll([]), CLOSED);
  await server.gone();
});

test('methods that are detached from their client say so', async () => {
  const { close, stats, downloadEach } = new Client();
  const receivers = [undefined, null, 5, {}, Client.prototype, Object.create(new Client())];
  for (const receiver of receivers) {
    const expected = { name: 'TypeError', code: 'ERR_INVALID_THIS' };
    assert.throws(() => stats.call(receiver), { ...expected, message: /^client\.stats\(\) must/ });
    assert.throws(() => downloadEach.call(receiver, []), expected);
    const closed = close.call(receiver);
    assert.ok(closed instanceof Promise);
    await assert.rejects(closed, { ...expected, message: /^client\.close\(\) must/ });
  }
});

test('asyncDispose that is detached from its client says so, too', async () => {
  const dispose = new Client()[asyncDispose];
  for (const receiver of [undefined, null, {}, Object.create(new Client()), { close() {} }]) {
    const expected = { name: 'TypeError', code: 'ERR_INVALID_THIS' };
    await assert.rejects(dispose.call(receiver), expected, inspect(receiver));
  }
});

test('options of close that are wrong reject it, and leave the client open', async () => {
  const client = new Client();
  const wrong = [
    ...[null, 5, 'force', true, [], () => {}].map((options) => [options, 'ERR_INVALID_ARG_TYPE']),
    ...[1, 0, null, 'yes', {}].map((force) => [{ force }, 'ERR_INVALID_ARG_TYPE']),
    [{ forced: true }, 'ERR_INVALID_ARG_VALUE'],
    [{ force: true, timeout: 5 }, 'ERR_INVALID_ARG_VALUE'],
  ];
  for (const [options, code] of wrong) {
    await assert.rejects(client.close(options), { name: 'TypeError', code }, inspect(options));
  }
  await assert.rejects(client.close({ forced: true }), /'options\.forced'.*Did you mean 'force'\?/);
  assert.deepEqual([...(await client.downloadAll([]))], []);
  await client.close({ force: undefined });
});
