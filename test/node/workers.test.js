// Worker threads: they run it, share the process's threads, and may be terminated at any instant.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runInChild } = require('./child.js');
const { serve } = require('./server.js');

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

test('workers may be terminated at any instant', async (t) => {
  const { url } = await serve(t, (request, response) => {
    // Half of them are never answered, so that every worker has something in flight.
    if (!request.url.endsWith('1')) setTimeout(() => response.end(request.url), 1);
  });
  const outcome = await runInChild(async (url) => {
    const { Worker } = require('node:worker_threads');
    const { once } = require('node:events');
    const { setTimeout: delay } = require('node:timers/promises');
    const source = `const { workerData } = require('node:worker_threads');
      const { downloadAll } = require('manyfetch');
      for (let run = 0; run < 5; run++) downloadAll(Array.from({ length: 50 }, (_, i) => workerData + '/' + (i % 2)));
      const go = () => downloadAll([workerData + '/0']).then(go);
      go();`;
    for (let round = 0; round < 30; round++) {
      const worker = new Worker(source, { eval: true, workerData: url });
      await once(worker, 'online');
      await delay(round * 2);
      await worker.terminate();
    }
    const { downloadAll } = require('manyfetch');
    const results = await downloadAll(Array.from({ length: 100 }, () => `${url}/0`));
    console.log(results.stats.ok);
  }, url);
  assert.deepEqual(outcome, { code: 0, signal: null, stdout: '100\n', stderr: '' });
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
