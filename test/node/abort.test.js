// Abort: the call rejects at once with the signal's own reason, wherever its items are, and leaves nothing behind.

'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { PATIENT, PHASES } = require('./phases.js');
const { serve, serveRaw } = require('./server.js');

/** What `promise` rejects with, whatever that is. */
async function rejection(promise) {
  const [outcome] = await Promise.allSettled([promise]);
  assert.equal(outcome.status, 'rejected');
  return outcome.reason;
}

for (const [phase, start] of Object.entries(PHASES)) {
  test(`an abort ${phase} rejects with the reason and closes the connections`, async (t) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { urls, options, servers, reached } = await start(t);
    const run = downloadAll(urls, { signal: controller.signal, ...PATIENT, ...options });
    await reached;
    const abortedAt = performance.now();
    controller.abort(reason);
    assert.equal(await rejection(run), reason);
    assert.ok(performance.now() - abortedAt < 1_000);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    for (const server of servers) await server.gone();
  });
}

test('an abort reaches items that wait for their turn', async (t) => {
  const controller = new AbortController();
  const requests = [];
  const { url } = await serve(t, (request) => {
    requests.push(request.url);
    controller.abort('enough');
  });
  const urls = Array.from({ length: 5_000 }, (_, i) => `${url}/${i}`);
  const run = downloadAll(urls, { concurrency: 1, signal: controller.signal, ...PATIENT });
  assert.equal(await rejection(run), 'enough');
  assert.deepEqual(requests, ['/0']);
});

test('an aborted signal rejects before anything is sent or read', async (t) => {
  const server = await serve(t);
  const list = { [Symbol.iterator]: () => assert.fail('the list was read') };
  for (const urls of [[server.url], [], list]) {
    assert.equal(
      await rejection(downloadAll(urls, { signal: AbortSignal.abort('early') })),
      'early',
    );
  }
  assert.equal(server.accepted, 0);
});

test('the reason is passed on as it is', async (t) => {
  const { url } = await serveRaw(t, () => {});
  const reasons = [
    'text',
    0,
    null,
    false,
    Symbol('why'),
    { why: 1 },
    new TypeError('mine'),
    () => {},
  ];
  for (const reason of reasons) {
    for (const delay of [false, true]) {
      const controller = new AbortController();
      if (!delay) controller.abort(reason);
      const run = downloadAll([url], { signal: controller.signal, ...PATIENT });
      if (delay) controller.abort(reason);
      assert.equal(await rejection(run), reason);
    }
  }
  const controller = new AbortController();
  const run = downloadAll([url], { signal: controller.signal });
  controller.abort();
  assert.equal((await rejection(run)).name, 'AbortError');
  const timeout = downloadAll([url], { signal: AbortSignal.timeout(10), ...PATIENT });
  assert.equal((await rejection(timeout)).name, 'TimeoutError');
});

test('a signal without a reason rejects with undefined', async (t) => {
  const { url } = await serveRaw(t, () => {});
  // As polyfills from before `reason` have it.
  const signal = Object.assign(new EventTarget(), { aborted: false });
  const run = downloadAll([url], { signal, ...PATIENT });
  signal.aborted = true;
  signal.dispatchEvent(new Event('abort'));
  assert.equal(await rejection(run), undefined);
});

test('an abort while the list is being read stops the run', async (t) => {
  const server = await serveRaw(t, () => {});
  for (const at of [0, 10, 3_000]) {
    const controller = new AbortController();
    let closed = 0;
    const list = function* () {
      try {
        for (let i = 0; i < 4_000; i++) {
          if (i === at) controller.abort('in the list');
          yield server.url;
        }
      } finally {
        closed += 1;
      }
    };
    const run = downloadAll(list(), { signal: controller.signal, ...PATIENT });
    assert.equal(await rejection(run), 'in the list');
    assert.equal(closed, 1);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  }
  await server.gone();
});

test('an abort after the end, or a second one, changes nothing', async (t) => {
  const { url } = await serve(t);
  const controller = new AbortController();
  const results = await downloadAll([url], { signal: controller.signal });
  controller.abort();
  controller.abort();
  assert.equal(results[0].text(), '/');
});

test('an abort stops its own run and no other', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/silent') controller.abort('only this');
    else setTimeout(() => response.end(request.url), 20);
  });
  const controller = new AbortController();
  const other = downloadAll(Array.from({ length: 50 }, (_, i) => `${url}/${i}`));
  assert.equal(
    await rejection(downloadAll([`${url}/silent`], { signal: controller.signal })),
    'only this',
  );
  assert.equal((await other).stats.ok, 50);
});

test('one signal serves many calls and keeps no listener', async (t) => {
  const { url } = await serve(t);
  const { signal } = new AbortController();
  const mine = () => {};
  signal.onabort = mine;
  const warnings = [];
  const note = (warning) => warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  for (let i = 0; i < 50; i++) await downloadAll([url], { signal });
  await Promise.all(Array.from({ length: 50 }, () => downloadAll([url], { signal })));
  await Promise.allSettled([
    downloadAll(5, { signal }),
    downloadAll([], { signal }),
    downloadAll([url], { signal, method: '' }),
  ]);
  const throwing = function* () {
    yield url;
    throw new Error('mine');
  };
  await assert.rejects(downloadAll(throwing(), { signal }), /mine/);
  // The one that is left is `onabort`.
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  assert.equal(signal.onabort, mine);
  assert.deepEqual(warnings, []);
});

test('signals that Node combines abort as others do, and are left alone afterwards', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url !== '/never') response.end();
  });
  const controller = new AbortController();
  for (let call = 0; call < 20; call++) {
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]);
    assert.equal((await downloadAll([url], { signal }))[0].status, 200);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  }
  const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]);
  const run = downloadAll([`${url}/never`], { signal, ...PATIENT });
  controller.abort('one of them');
  assert.equal(await rejection(run), 'one of them');
});

test('what has not the shape of a signal is refused', async (t) => {
  const server = await serve(t);
  const shapes = [
    ...[
      null,
      5,
      'signal',
      true,
      {},
      [],
      () => {},
      new AbortController(),
      new EventTarget(),
      { aborted: false },
    ],
    ...[
      { aborted: 'no', addEventListener() {}, removeEventListener() {} },
      { aborted: false, addEventListener() {} },
    ],
  ];
  for (const signal of shapes) {
    await assert.rejects(downloadAll([server.url], { signal }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  assert.equal(server.accepted, 0);
});
