// Worker threads: they run it, share the process's threads, and may be terminated at any instant.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runInChild } = require('./child.js');
const { serve, serveRaw } = require('./server.js');

test('worker threads and the main thread run it at the same time', async (t) => {
  const { url } = await serve(t);
  const outcome = await runInChild(async (url) => {
    const { downloadAll } = require('manyfetch');
    const { Worker } = require('node:worker_threads');
    const urls = (name) => Array.from({ length: 200 }, (_, i) => `${url}/${name}/${i}`);
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      require('manyfetch').downloadAll(workerData).then((results) => parentPort.postMessage(results.map((r) => r.text())));`;
    const inWorker = (name) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(source, { eval: true, workerData: urls(name) });
        let texts;
        worker.on('message', (message) => {
          texts = message;
        });
        worker.on('error', reject).on('exit', (code) => resolve([name, code, texts]));
      });
    const main = downloadAll(urls('main')).then((results) => [
      'main',
      0,
      results.map((r) => r.text()),
    ]);
    for (const [name, code, texts] of await Promise.all([
      main,
      ...['w0', 'w1', 'w2', 'w3'].map(inWorker),
    ])) {
      const isRight = texts.every((text, i) => text === `/${name}/${i}`);
      console.log(name, code, texts.length, isRight);
    }
  }, url);
  const lines = ['main', 'w0', 'w1', 'w2', 'w3'].map((name) => `${name} 0 200 true\n`).join('');
  assert.deepEqual(outcome, { code: 0, signal: null, stdout: lines, stderr: '' });
});

/** Ways for a worker to be busy: with answers that never come, with some that do, with retries, back-offs and pauses. */
const BUSY = `const { workerData } = require('node:worker_threads');
  const { Client, downloadAll } = require('manyfetch');
  const list = (path) => Array.from({ length: 50 }, () => workerData + path);
  const retry = { backoff: { base: 1, max: 5 }, limit: 1e6, budget: 1e6 };
  const options = { concurrencyPerHost: 50, retry };
  downloadAll(list('/never'), options);
  new Client(options).downloadAll(list('/busy'));
  new Client(options).downloadAll(list('/pause'));
  const go = () => downloadAll([workerData + '/now', '', 'http://no name.invalid/']).then(go);
  go();`;

/** Answers what they ask for. */
const ANSWERS = {
  '/never': () => {},
  '/busy': (response) => response.writeHead(500).end(),
  '/pause': (response) => response.writeHead(503, { 'retry-after': '1' }).end(),
  '/now': (response) => response.end('now'),
};

const VARIANTS = {
  'and the main thread has none of it': { rounds: 60, loads: false },
  'and the main thread runs on': { rounds: 60, loads: true },
};

for (const [name, variant] of Object.entries(VARIANTS)) {
  test(`workers may be terminated at any instant, ${name}`, async (t) => {
    const { url } = await serve(t, (request, response) => ANSWERS[request.url](response));
    const outcome = await runInChild(
      async ({ url, source, rounds, loads }) => {
        const { Worker } = require('node:worker_threads');
        const { once } = require('node:events');
        const { setTimeout: delay } = require('node:timers/promises');
        let stopped = false;
        const own = (async () => {
          while (loads && !stopped) {
            const [result] = await require('manyfetch').downloadAll([`${url}/now`]);
            if (result.text() !== 'now') throw result.error;
          }
        })();
        // Two at a time, so that one may end while another begins.
        const round = async () => {
          const worker = new Worker(source, { eval: true, workerData: url });
          await once(worker, 'online');
          await delay(Math.random() * 50);
          await worker.terminate();
        };
        for (let i = 0; i < rounds / 2; i++) await Promise.all([round(), round()]);
        stopped = true;
        await own;
        const results = await require('manyfetch').downloadAll([`${url}/now`]);
        console.log(results[0].text());
      },
      { url, source: BUSY, ...variant },
    );
    assert.deepEqual(outcome, { code: 0, signal: null, stdout: 'now\n', stderr: '' });
  });
}

test('the process may end at any instant while its workers run', async (t) => {
  const { url } = await serve(t, (request, response) => ANSWERS[request.url](response));
  const end = (_, i) =>
    runInChild(
      ({ url, source, after }) => {
        const { Worker } = require('node:worker_threads');
        const begin = () => new Worker(source, { eval: true, workerData: url });
        const workers = [begin(), begin()];
        workers[0].on('online', () => setTimeout(() => process.exit(7), after));
      },
      { url, source: BUSY, after: i * 5 },
    );
  for (let round = 0; round < 10; round += 2) {
    for (const outcome of await Promise.all([end(0, round), end(0, round + 1)])) {
      assert.deepEqual(outcome, { code: 7, signal: null, stdout: '', stderr: '' });
    }
  }
});

test('many bodies that fail at once, in workers too, are so many errors', async (t) => {
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut';
  const { url } = await serveRaw(t, (socket) => socket.end(HEAD));
  const outcome = await runInChild(async (url) => {
    const { Worker } = require('node:worker_threads');
    const source = `const { parentPort, workerData: url } = require('node:worker_threads');
      const { downloadAll } = require('manyfetch');
      (async () => {
        let failed = 0;
        for (let round = 0; round < 5; round++) {
          const options = { concurrency: 500, concurrencyPerHost: 500, retry: false };
          const results = await downloadAll(new Array(500).fill(url), options);
          failed += results.filter(({ error }) => error.code === 'ERR_BODY_TRUNCATED' && error.stack).length;
        }
        if (parentPort) parentPort.postMessage(failed);
        return failed;
      })()`;
    const inWorker = () =>
      new Promise((resolve, reject) =>
        new Worker(source, { eval: true, workerData: url })
          .on('message', resolve)
          .on('error', reject),
      );
    console.log(...(await Promise.all([inWorker(), inWorker()])));
  }, url);
  assert.deepEqual(outcome, { code: 0, signal: null, stdout: '2500 2500\n', stderr: '' });
});

test('a worker that exits, throws or is left behind in the middle takes nothing with it', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/0') response.end(request.url);
  });
  const outcome = await runInChild(async (url) => {
    const { Worker } = require('node:worker_threads');
    const begin = `const { workerData } = require('node:worker_threads');
      require('manyfetch').downloadAll(Array.from({ length: 50 }, () => workerData + '/never'));
      require('manyfetch').downloadAll([workerData + '/0']).then(() => {`;
    const ends = ['process.exit(3)', 'throw new Error("mine")', 'process.exit()'];
    for (const end of ends) {
      const worker = new Worker(`${begin} ${end} });`, { eval: true, workerData: url });
      worker.on('error', (error) => console.log(error.message));
      await new Promise((resolve) => worker.on('exit', (code) => resolve(console.log(code))));
    }
    // The process ends while this one still waits.
    const left = new Worker(
      `${begin} require('node:worker_threads').parentPort.postMessage(0) });`,
      { eval: true, workerData: url },
    );
    left.on('message', () => process.exit(0));
  }, url);
  assert.deepEqual(outcome, { code: 0, signal: null, stdout: '3\nmine\n1\n0\n', stderr: '' });
});
