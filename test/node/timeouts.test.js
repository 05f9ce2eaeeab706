// Limits of time: each names its phase, and none runs while an item waits for its turn.

'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { startInChild } = require('./child.js');
const { serve, serveRaw } = require('./server.js');

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';

/** A server that sends `beginning`, and then a byte now and then, forever. */
function serveSlowly(t, beginning) {
  return serveRaw(t, (socket) => {
    socket.write(beginning);
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  });
}

const SILENT = 50;
const PHASES = {
  connect: {
    // It accepts, and never answers the TLS handshake.
    start: async (t) => (await serveRaw(t, () => {})).url.replace('http:', 'https:'),
    timeout: { connect: SILENT },
  },
  response: {
    start: async (t) => (await serveRaw(t, () => {})).url,
    timeout: { response: SILENT },
  },
  idle: {
    start: async (t) => (await serveRaw(t, (socket) => socket.write(`${HEAD}abc`))).url,
    timeout: { idle: SILENT },
  },
  request: { start: async (t) => (await serveSlowly(t, HEAD)).url, timeout: { request: 200 } },
};

for (const [phase, { start, timeout }] of Object.entries(PHASES)) {
  test(`a limit that passes is ETIMEDOUT in the phase '${phase}'`, async (t) => {
    const url = await start(t);
    for (const run of [
      downloadAll([url], { timeout, retry: false }),
      downloadAll([{ url, timeout, retry: false }]),
    ]) {
      const [{ error, ok, body, timings }] = await run;
      assert.deepEqual(
        [error?.code, error?.phase, ok, body.length],
        ['ETIMEDOUT', phase, false, 0],
      );
      assert.match(error.message, new RegExp(`^GET ${url}/: .*${phase}`));
      assert.ok(timings.total >= Object.values(timeout)[0], `${timings.total} ms`);
    }
  });
}

test('a number is the limit of the whole attempt', async (t) => {
  const { url } = await serveRaw(t, () => {});
  const [{ error }] = await downloadAll([url], { timeout: SILENT, retry: false });
  assert.deepEqual([error.code, error.phase], ['ETIMEDOUT', 'request']);
});

test('the limit of the response is for the whole head, not for each byte of it', async (t) => {
  const { url } = await serveSlowly(t, 'HTTP/1.1 200 OK\r\nX: ');
  const [{ error, status }] = await downloadAll([url], {
    timeout: { response: 200 },
    retry: false,
  });
  assert.deepEqual([error.code, error.phase, status], ['ETIMEDOUT', 'response', 0]);
});

test('the limit of the attempt counts its redirects in', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/') response.writeHead(302, { location: '/silent' }).end();
  });
  const [{ error, redirects }] = await downloadAll([url], {
    timeout: { request: 400 },
    retry: false,
  });
  assert.deepEqual(
    [error.code, error.phase, redirects],
    ['ETIMEDOUT', 'request', [`${url}/silent`]],
  );
});

test("an item's limits win over those of the call, each by its name", async (t) => {
  const events = new EventEmitter();
  const shortIsOver = once(events, 'over');
  const { url } = await serve(t, async (request, response) => {
    if (request.url === '/short') return void request.socket.on('close', () => events.emit('over'));
    await shortIsOver;
    response.end('at last');
  });
  const patient = { url: `${url}/patient`, timeout: { request: Number.POSITIVE_INFINITY } };
  const short = { url: `${url}/short`, timeout: { idle: 1 } };
  const results = await downloadAll([patient, short], { timeout: { request: 100 }, retry: false });
  assert.equal(results[0].error?.code ?? results[0].text(), 'at last');
  assert.equal(results[1].error.phase, 'request');
});

test('a limit that passes closes the connection and costs its neighbours nothing', async (t) => {
  const { url } = await serve(t);
  const silent = await serveRaw(t, () => {});
  const items = Array.from({ length: 100 }, (_, i) =>
    i % 2 === 0 ? `${url}/${i}` : { url: silent.url, timeout: { response: SILENT } },
  );
  const results = await downloadAll(items, { concurrencyPerHost: 50, retry: false });
  for (const [i, result] of results.entries()) {
    assert.equal(result.error?.phase ?? result.text(), i % 2 === 0 ? `/${i}` : 'response');
  }
  await silent.gone();
});

test('waiting for a turn counts against no limit', async (t) => {
  const { url } = await serve(t, (request, response) => {
    // The first one keeps the only place for longer than the others may take.
    if (request.url === '/0') setTimeout(() => response.end('0'), 1_500);
    else response.end();
  });
  const rest = Array.from({ length: 20 }, (_, i) => `${url}/${i + 1}`);
  const first = { url: `${url}/0`, timeout: 60_000 };
  const results = await downloadAll([first, ...rest], {
    concurrency: 1,
    timeout: 1_000,
    retry: false,
  });
  assert.deepEqual(
    results.filter((result) => !result.ok),
    [],
  );
  assert.ok(results[20].timings.queue >= 1_400);
});

test('a busy JavaScript thread causes no false timeout and stops nothing', async (t) => {
  let answered = 0;
  const all = 60;
  const { url } = await serve(t, (request, response) => {
    response.end(request.url);
    answered += 1;
    // The other process sleeps on, well past its limits, after the last one was answered.
    if (answered === all) setTimeout(() => child.stdin.end('wake up'), 1_500);
  });
  const { child, ended } = startInChild(
    async ({ url, all }) => {
      const { downloadAll } = require('manyfetch');
      const urls = Array.from({ length: all }, (_, i) => `${url}/${i}`);
      const run = downloadAll(urls, {
        concurrency: 4,
        timeout: { response: 1_000, idle: 1_000, request: 1_200 },
        retry: false,
      });
      require('node:fs').readSync(0, Buffer.alloc(100));
      console.log(JSON.stringify((await run).map((result) => result.error?.code ?? result.text())));
    },
    { url, all },
  );
  const { stdout } = await ended;
  assert.deepEqual(
    JSON.parse(stdout),
    Array.from({ length: all }, (_, i) => `/${i}`),
  );
});

test('a limit shorter than any timer leaves a request its way', async (t) => {
  const { url } = await serve(t, (_request, response) => response.writeHead(204).end());
  const timeout = { idle: 1e-6, response: 20_000 };
  const [result] = await downloadAll([url], { timeout, responseType: 'head', retry: false });
  assert.equal(result.status, 204, result.error?.message);
});
