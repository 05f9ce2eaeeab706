// Loops that end by themselves: by a deadline, an error, or a list that does not go on.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, DownloadError, downloadEach } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { endless, resultsOf, watchedAsync } = require('./loops.js');
const { PATIENT } = require('./phases.js');
const { serve } = require('./server.js');

const DONE = { value: undefined, done: true };

/** A list whose next item never comes. */
async function* stuck(...items) {
  yield* items;
  await new Promise(() => {});
}

test('a deadline settles what is not done, and the loop goes on to its end', async (t) => {
  const server = await serve(t, (request, response) => {
    // No idle connection is left behind.
    if (request.url === '/0') response.writeHead(200, { connection: 'close' }).end('in time');
  });
  const urls = urlsOf(server, 2_000);
  const run = downloadEach(urls, { ...PATIENT, deadline: 150 });
  const results = await resultsOf(run);
  const [first] = results.filter((result) => result.index === 0);
  assert.equal(first.text(), 'in time');
  const late = results.filter((result) => result.index !== 0);
  for (const { error } of late) {
    assert.deepEqual([error.code, error.phase], ['ETIMEDOUT', 'deadline']);
  }
  assert.equal(new Set(results.map((result) => result.index)).size, 2_000);
  assert.deepEqual(run.stats.errors, { ETIMEDOUT: 1_999 });
  await server.gone();
});

for (const [kind, rest] of [
  ['never goes on', () => stuck()],
  ['never ends', (url) => endless(`${url}/never`)],
]) {
  test(`with a deadline, a loop ends though its list ${kind}`, async (t) => {
    const { url } = await serve(t, (request, response) => {
      if (request.url === '/0') response.end();
    });
    const list = async function* () {
      yield `${url}/0`;
      yield* rest(url);
    };
    const run = downloadEach(list(), { ...PATIENT, deadline: 100 });
    const late = new Promise((resolve) => setTimeout(resolve, 500, 'still going'));
    const ending = resultsOf(run).then(() => 'over');
    const end = await Promise.race([ending, late]);
    run.stop();
    assert.equal(end, 'over');
  });
}

test('with stopOnError, the first error ends the loop, and a 404 does not', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === '/0') response.writeHead(404).end();
    else if (request.url === '/5') request.socket.destroy();
    else if (request.url < '/5') response.end();
  });
  const seen = watchedAsync(endless(server.url));
  const run = downloadEach(seen.list, { ...PATIENT, stopOnError: true, concurrency: 1 });
  const statuses = [];
  const loop = async () => {
    for await (const result of run) statuses.push(result.status);
  };
  await assert.rejects(loop, (error) => {
    assert.ok(error instanceof DownloadError);
    assert.deepEqual([error.code, error.index], ['ECONNRESET', 5]);
    return true;
  });
  assert.deepEqual(statuses.slice(0, 1), statuses.length > 0 ? [404] : []);
  assert.deepEqual(await run.next(), DONE);
  assert.equal(seen.closed, 1);
  await server.gone();
});

test('a list that is pending keeps nothing back: what is there is sent and delivered', async (t) => {
  const { url } = await serve(t);
  const run = downloadEach(stuck(`${url}/a`, `${url}/b`), { concurrency: 1 });
  const results = [(await run.next()).value, (await run.next()).value];
  assert.deepEqual(
    results.map((result) => result.text()),
    ['/a', '/b'],
  );
  run.stop();
  assert.deepEqual(await run.next(), DONE);
});

test('an abort ends a loop whose list is pending', async (t) => {
  const { url } = await serve(t);
  for (const items of [[], [`${url}/a`]]) {
    const controller = new AbortController();
    const run = downloadEach(stuck(...items), { signal: controller.signal });
    for (const _item of items) await run.next();
    const next = run.next();
    controller.abort('enough');
    await assert.rejects(next, (reason) => reason === 'enough');
    assert.deepEqual(await run.next(), DONE);
  }
});

test('a break ends a loop whose list is pending, where the list lets itself be closed', async (t) => {
  const { url } = await serve(t);
  let closed = 0;
  let pulled = 0;
  const list = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        pulled += 1;
        return pulled === 1 ? { value: url, done: false } : new Promise(() => {});
      },
      return: async () => {
        closed += 1;
        return {};
      },
    }),
  };
  for await (const _result of downloadEach(list)) break;
  assert.equal(closed, 1);
});

test('a break ends a loop whose list is a pending async generator', async (t) => {
  const { url } = await serve(t);
  const run = downloadEach(stuck(url));
  await run.next();
  const isOver = Promise.race([
    run.return().then(() => 'over'),
    new Promise((resolve) => setTimeout(resolve, 500, 'still waiting')),
  ]);
  assert.equal(await isOver, 'over');
});

test('after return() there is nothing more, also when it was aborted before', async (t) => {
  const server = await serveHeld(t);
  const controller = new AbortController();
  const run = downloadEach(['', ...urlsOf(server, 2)], { signal: controller.signal });
  await run.next();
  controller.abort('enough');
  assert.deepEqual(await run.return(), DONE);
  assert.deepEqual(await run.next(), DONE);
});

test('a loop of a client ends with the client', async (t) => {
  const server = await serveHeld(t);
  const client = new Client(PATIENT);
  const run = client.downloadEach(urlsOf(server, 3));
  const next = run.next();
  await server.holds(3);
  const closing = client.close({ force: true });
  await assert.rejects(next, { code: 'ERR_CLIENT_CLOSED' });
  await closing;
  assert.deepEqual(await run.next(), DONE);
  await server.gone();
});

test('misuse throws at the call, before anything is read', () => {
  const untouchable = { [Symbol.iterator]: () => assert.fail('the list was read') };
  const calls = [
    [['http://localhost/'], 'ERR_INVALID_ARG_TYPE'],
    [[null], 'ERR_INVALID_ARG_TYPE'],
    [[], 'ERR_INVALID_ARG_TYPE'],
    [[{}], 'ERR_INVALID_ARG_TYPE'],
    [[5], 'ERR_INVALID_ARG_TYPE'],
    [[Promise.resolve([])], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, null], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, { concurency: 5 }], 'ERR_INVALID_ARG_VALUE', /'concurrency'/],
    [[untouchable, { maxBufferdBytes: 5 }], 'ERR_INVALID_ARG_VALUE', /'maxBufferedBytes'/],
    [[untouchable, { maxBufferedBytes: 0 }], 'ERR_OUT_OF_RANGE'],
    [[untouchable, { maxBufferedBytes: 1.5 }], 'ERR_OUT_OF_RANGE'],
    [[untouchable, { maxBufferedBytes: '1' }], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, { concurrency: -1 }], 'ERR_OUT_OF_RANGE'],
    [[untouchable, { deadline: Number.NaN }], 'ERR_OUT_OF_RANGE'],
    [[untouchable, { stopOnError: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, { dedupe: 'yes' }], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, { signal: {} }], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, { onProgress: 5 }], 'ERR_INVALID_ARG_TYPE'],
    [[untouchable, { method: 'G ET' }], 'ERR_INVALID_HTTP_TOKEN'],
    [[untouchable, { headers: { 'a b': 'c' } }], 'ERR_INVALID_HTTP_TOKEN'],
    [[untouchable, { tls: { ca: 'no' } }], 'ERR_INVALID_ARG_VALUE'],
    [[untouchable, { rate: 'fast' }], 'ERR_INVALID_ARG_VALUE'],
    [[untouchable, { body: 'a', json: 'b' }], 'ERR_INVALID_ARG_VALUE'],
  ];
  for (const [args, code, message = /./] of calls) {
    const [, options = args[0]] = args;
    assert.throws(() => downloadEach(...args), { code, message }, JSON.stringify(options));
  }
});
