// Ends of a loop before its end: what is under way is cancelled, and the list is closed, whoever ends it and however.

'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { downloadEach } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { endless, gate, resultsOf, watched, watchedAsync } = require('./loops.js');
const { PATIENT } = require('./phases.js');
const { serve } = require('./server.js');

const DONE = { value: undefined, done: true };
const asyncDispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');

/** A server that answers the first request, leaving no idle connection behind, and lets all others wait. */
async function serveOne(t) {
  let requests = 0;
  return serve(t, (request, response) => {
    requests += 1;
    if (requests === 1) response.writeHead(200, { connection: 'close' }).end(request.url);
  });
}

/** Ways to leave a loop, once it has a result. Each returns what came of it. */
const LEAVES = {
  'a break': async (run) => {
    for await (const _result of run) break;
  },
  'a throw': async (run) => {
    const mine = new Error('mine');
    const loop = async () => {
      for await (const _result of run) throw mine;
    };
    await assert.rejects(loop, (error) => error === mine);
  },
  'return()': async (run) => {
    await run.next();
    assert.deepEqual(await run.return('value'), { value: 'value', done: true });
  },
  'throw()': async (run) => {
    const mine = new Error('mine');
    await run.next();
    await assert.rejects(run.throw(mine), (error) => error === mine);
  },
  'its disposal': async (run) => {
    await run.next();
    assert.equal(await run[asyncDispose](), undefined);
    assert.equal(await run[asyncDispose](), undefined);
  },
};

for (const [name, leave] of Object.entries(LEAVES)) {
  for (const watch of [watched, watchedAsync]) {
    test(`${name} cancels what is in flight and closes the list (${watch.name})`, async (t) => {
      const server = await serveOne(t);
      const seen = watch(endless(server.url));
      const { signal } = new AbortController();
      const run = downloadEach(seen.list, { ...PATIENT, signal });
      await leave(run);
      assert.equal(seen.closed, 1);
      await server.gone();
      assert.deepEqual(await run.next(), DONE);
      assert.deepEqual(await run.return(), DONE);
      assert.equal(seen.closed, 1);
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      const { total, done, inFlight } = run.stats;
      assert.ok(total > done && done >= 1 && inFlight <= 10, `${done} of ${total}, ${inFlight}`);
    });
  }
}

test('return() ends those who wait for a result', async (t) => {
  const server = await serveHeld(t);
  const run = downloadEach(urlsOf(server, 3), PATIENT);
  const waiting = [run.next(), run.next()];
  await server.holds(3);
  assert.deepEqual(await run.return(), DONE);
  assert.deepEqual(await Promise.all(waiting), [DONE, DONE]);
  await server.gone();
});

test('return() before the first result is asked for leaves the list alone', async (t) => {
  const server = await serve(t);
  const seen = watched(urlsOf(server, 3));
  const run = downloadEach(seen.list);
  assert.deepEqual(await run.return(), DONE);
  assert.deepEqual(await run.next(), DONE);
  assert.deepEqual([seen.pulled, server.accepted], [0, 0]);
});

for (const kind of ['sync', 'async']) {
  test(`what the finally of a generator throws is what a break throws (${kind})`, async (t) => {
    const { url } = await serve(t);
    const mine = new Error('from finally');
    const fail = () => {
      throw mine;
    };
    const sync = function* () {
      try {
        yield* endless(url);
      } finally {
        fail();
      }
    };
    const async_ = async function* () {
      try {
        yield* endless(url);
      } finally {
        await new Promise(setImmediate);
        fail();
      }
    };
    const run = downloadEach((kind === 'sync' ? sync : async_)());
    const loop = async () => {
      for await (const _result of run) break;
    };
    await assert.rejects(loop, (error) => error === mine);
    assert.deepEqual(await run.next(), DONE);
  });
}

test('a list that throws in the middle ends the run with that very error', async (t) => {
  const server = await serveHeld(t);
  const mine = new Error('from the list');
  const sync = function* () {
    yield* urlsOf(server, 3);
    throw mine;
  };
  const async_ = async function* () {
    yield* urlsOf(server, 3);
    await server.holds(3);
    throw mine;
  };
  const rejecting = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(mine) }) };
  const broken = {
    [Symbol.iterator]() {
      throw mine;
    },
  };
  for (const list of [sync(), async_(), rejecting, broken]) {
    const run = downloadEach(list, PATIENT);
    await assert.rejects(run.next(), (error) => error === mine);
    assert.deepEqual(await run.next(), DONE);
    await server.gone();
  }
});

test('an abort before the first result is asked for is told then, and nothing was begun', async (t) => {
  const server = await serve(t);
  const untouchable = { [Symbol.iterator]: () => assert.fail('the list was read') };
  const reason = { why: 'enough' };
  const controller = new AbortController();
  const runs = [AbortSignal.abort(reason), controller.signal].map((signal) =>
    downloadEach(untouchable, { signal }),
  );
  controller.abort(reason);
  for (const run of runs) {
    await assert.rejects(run.next(), (error) => error === reason);
    assert.deepEqual(await run.next(), DONE);
  }
  assert.equal(server.accepted, 0);
});

test('an abort ends the loop with the reason itself, whether it waits or rests', async (t) => {
  for (const rests of [false, true]) {
    const server = await serveHeld(t);
    const controller = new AbortController();
    const { signal } = controller;
    const seen = watchedAsync(['', ...urlsOf(server, 5)]);
    const run = downloadEach(seen.list, { ...PATIENT, signal, concurrency: 4 });
    await run.next();
    await server.holds(4);
    const reason = { why: 'enough' };
    if (rests) controller.abort(reason);
    const next = [run.next(), run.next()];
    if (!rests) controller.abort(reason);
    await assert.rejects(next[0], (error) => error === reason);
    assert.deepEqual([await next[1], await run.next()], [DONE, DONE]);
    await server.gone();
    assert.deepEqual([seen.closed, run.stats.done], [1, 1]);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  }
});

test('stop() starts nothing more, delivers what is in flight, and closes the list', async (t) => {
  for (const watch of [watched, watchedAsync]) {
    const server = await serveHeld(t);
    const seen = watch(endless(server.url));
    const run = downloadEach(seen.list, { concurrency: 4 });
    const first = run.next();
    await server.holds(4);
    run.stop();
    run.stop();
    const { opened, open } = gate();
    setImmediate(open);
    await opened;
    assert.equal(seen.closed, 1);
    server.release();
    const results = [(await first).value, ...(await resultsOf(run))];
    assert.deepEqual(results.map((result) => result.text()).sort(), ['/0', '/1', '/2', '/3']);
    assert.equal(server.requests, 4);
    const { total, done, ok, inFlight } = run.stats;
    assert.ok(total > done, `${done} of ${total}`);
    assert.deepEqual([done, ok, inFlight], [4, 4, 0]);
  }
});

test('stop() in the loop ends it, whatever was pulled ahead', async (t) => {
  const { url } = await serve(t);
  const run = downloadEach(endless(url));
  let count = 0;
  for await (const result of run) {
    assert.equal(result.text(), `/${result.index}`);
    count += 1;
    if (count === 500) run.stop();
  }
  assert.equal(count, run.stats.done);
  assert.ok(count >= 500 && run.stats.total > count);
});

test('stop() before the first result is asked for leaves nothing to come', async (t) => {
  const server = await serve(t);
  const seen = watched(endless(server.url));
  const run = downloadEach(seen.list);
  run.stop();
  assert.deepEqual(await run.next(), DONE);
  assert.deepEqual([seen.pulled, server.accepted, run.stats.total], [0, 0, 0]);
  run.stop();
  await run.return();
});
