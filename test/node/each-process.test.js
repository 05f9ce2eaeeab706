// A loop and its process: it is kept alive while somebody waits, and a loop that is forgotten is cancelled.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { Client, downloadEach } = require('../../index.js');
const { runInChild } = require('./child.js');
const { serveHeld, urlsOf } = require('./held.js');
const { endless, gate } = require('./loops.js');
const { PATIENT } = require('./phases.js');
const { serve, serveRaw } = require('./server.js');

const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };

// Whatever it takes to have the garbage collected.
v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

/** Collects garbage until `condition()` holds. */
async function collectedUntil(condition) {
  while (!condition()) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a result that is waited for keeps the process alive', async (t) => {
  const { url } = await serve(t, (request, response) => {
    setTimeout(() => response.end(request.url), 100);
  });
  const outcome = await runInChild(async (url) => {
    const { downloadEach } = require('manyfetch');
    const texts = [];
    for await (const result of downloadEach([`${url}/a`, `${url}/b`], { concurrency: 1 })) {
      texts.push(result.text());
    }
    console.log(texts.join(' '));
  }, url);
  assert.deepEqual(outcome, { ...QUIET, stdout: '/a /b\n' });
});

test('a loop that nobody waits for lets the process exit, wherever it is', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/0') response.end('first');
  });
  const outcome = await runInChild(async (url) => {
    const { downloadEach } = require('manyfetch');
    const urls = Array.from({ length: 50 }, (_, i) => `${url}/${i}`);
    async function* later() {
      yield* urls;
      await new Promise(() => {});
    }
    const options = { signal: new AbortController().signal, onProgress: () => {} };
    downloadEach(urls, options);
    const runs = [urls, later()].map((list) => downloadEach(list, options));
    const firsts = await Promise.all(runs.map((run) => run.next()));
    console.log(firsts.map(({ value }) => value.text()).join(' '));
    globalThis.kept = runs;
  }, url);
  assert.deepEqual(outcome, { ...QUIET, stdout: 'first first\n' });
});

test('a stopped or left loop lets the process exit', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/0') response.end('first');
  });
  const outcome = await runInChild(async (url) => {
    const { downloadEach } = require('manyfetch');
    const urls = Array.from({ length: 50 }, (_, i) => `${url}/${i}`);
    for await (const _result of downloadEach(urls)) break;
    const stopped = downloadEach(urls);
    await stopped.next();
    stopped.stop();
    globalThis.kept = stopped;
  }, url);
  assert.deepEqual(outcome, QUIET);
});

/** Ways to use a loop before it is forgotten, and the options that it has. */
const FORGOTTEN = {
  'with nothing more': () => ({}),
  'with a signal and onProgress': (kept) => ({
    signal: kept.controller.signal,
    onProgress: kept.onProgress,
  }),
  'with limits of time': () => ({ deadline: 600_000, timeout: 600_000 }),
};

for (const [how, optionsOf] of Object.entries(FORGOTTEN)) {
  test(`a loop that is forgotten in the middle is cancelled (${how})`, async (t) => {
    const server = await serveHeld(t);
    const kept = { controller: new AbortController(), onProgress: () => {} };
    const begin = async (list) => {
      const run = downloadEach(list, { ...PATIENT, ...optionsOf(kept) });
      const { value } = await run.next();
      assert.equal(value.error.code, 'ERR_INVALID_URL');
      await server.holds(10);
    };
    const lists = [
      () => ['', ...urlsOf(server, 30)],
      function* () {
        yield '';
        yield* endless(server.url);
      },
      async function* () {
        yield '';
        yield* endless(server.url);
      },
    ];
    for (const [round, list] of lists.entries()) {
      await begin(list());
      await collectedUntil(() => server.sockets.size === 0);
      // They wait there, and nobody is left to be answered.
      server.release(10);
      assert.equal(server.requests, 10 * (round + 1), 'nothing more was started');
    }
  });
}

test('a loop that is forgotten while its list is pending is cancelled', async (t) => {
  const server = await serveHeld(t);
  const { open, opened } = gate();
  const begin = async () => {
    const list = async function* () {
      yield '';
      yield* urlsOf(server, 5);
      await opened;
    };
    await downloadEach(list(), PATIENT).next();
    await server.holds(5);
  };
  await begin();
  const late = new Promise((resolve) => setTimeout(resolve, 500, 'still there'));
  const isGone = server.gone().then(() => 'cancelled');
  const collecting = collectedUntil(() => server.sockets.size === 0);
  const end = await Promise.race([isGone, late]);
  server.release();
  open();
  assert.equal(end, 'cancelled');
  await collecting;
});

test('a forgotten loop closes its list, and its client can be closed', async (t) => {
  const server = await serveHeld(t);
  const client = new Client(PATIENT);
  const closed = gate();
  let isClosed = false;
  closed.opened.then(() => {
    isClosed = true;
  });
  const begin = async () => {
    const run = client.downloadEach(
      (function* () {
        try {
          yield '';
          yield* endless(server.url);
        } finally {
          closed.open();
        }
      })(),
    );
    await run.next();
    await server.holds(10);
  };
  await begin();
  await collectedUntil(() => isClosed);
  await client.close();
  await server.gone();
});

test('a loop that somebody waits for is not collected', async (t) => {
  const server = await serveHeld(t);
  const next = (() => downloadEach(urlsOf(server, 1)).next())();
  await server.holds(1);
  for (let i = 0; i < 20; i++) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  server.release();
  assert.equal((await next).value.text(), '/0');
});

test('results outlive their loop', async (t) => {
  const { url } = await serve(t);
  const take = async () => {
    const results = [];
    for await (const result of downloadEach(endless(url))) {
      results.push(result);
      if (results.length === 50) break;
    }
    return results;
  };
  const results = await take();
  for (let i = 0; i < 20; i++) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  for (const result of results) assert.equal(result.text(), `/${result.index}`);
});

test('worker threads may be terminated in the middle of a loop', async (t) => {
  const { url } = await serveRaw(t, (socket, head) => {
    if (!head.includes('/never')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    }
  });
  const outcome = await runInChild(async (url) => {
    const { downloadEach } = require('manyfetch');
    const { Worker } = require('node:worker_threads');
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      const { downloadEach } = require('manyfetch');
      function* list() { for (;;) yield workerData; }
      async function* later() { for (;;) { yield workerData; await new Promise(setImmediate); } }
      const loop = async (list, options) => {
        for await (const _result of downloadEach(list, options)) parentPort.postMessage('result');
      };
      loop(list());
      loop(later(), { dedupe: true, onProgress() {} });
      loop([workerData + '/never', ''], { signal: new AbortController().signal });
      loop(list(), { maxBufferedBytes: 10 });`;
    for (let round = 0; round < 8; round++) {
      const workers = Array.from({ length: 3 }, () => {
        return new Worker(source, { eval: true, workerData: url });
      });
      await Promise.all(
        workers.map(async (worker, i) => {
          let left = 1 + round * 40 + i * 7;
          await new Promise((resolve, reject) => {
            worker.on('error', reject).on('message', () => {
              left -= 1;
              if (left === 0) resolve();
            });
          });
          await worker.terminate();
        }),
      );
    }
    const { value } = await downloadEach([url]).next();
    console.log(value.text());
  }, url);
  assert.deepEqual(outcome, { ...QUIET, stdout: 'hello\n' });
});
