// onProgress and the process: reports keep nothing alive, and do not pile up.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runInChild } = require('./child.js');
const { urlsOf } = require('./held.js');
const { measure } = require('./measure.js');
const { serve } = require('./server.js');

const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };

test('reports keep no process alive that nobody waits in', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === '/0') response.end();
  });
  const outcome = await runInChild(
    async (urls) => {
      const { downloadEach } = require('manyfetch');
      const onProgress = () => {};
      globalThis.idle = downloadEach(urls, { onProgress });
      globalThis.unasked = downloadEach(urls, { onProgress });
      await globalThis.idle.next();
    },
    urlsOf(server, 2),
  );
  assert.deepEqual(outcome, QUIET);
});

test('a JavaScript thread that has no time gets no more reports for that afterwards', async (t) => {
  const { url } = await serve(t);
  const { reports, took, done } = await measure(async (url) => {
    const { downloadAll } = require('manyfetch');
    const cell = new Int32Array(new SharedArrayBuffer(4));
    let reports = 0;
    let release;
    const list = async function* () {
      yield url;
      yield new Promise((resolve) => {
        release = () => resolve(url);
      });
    };
    const onProgress = () => {
      reports += 1;
      if (reports === 3) release();
    };
    const begun = performance.now();
    const run = downloadAll(list(), { onProgress });
    const naps = 4;
    for (let nap = 0; nap < naps; nap++) {
      Atomics.wait(cell, 0, 0, 300);
      await new Promise(setImmediate);
    }
    const { stats } = await run;
    const took = performance.now() - begun;
    console.log(JSON.stringify({ reports, took, done: stats.done }));
  }, url);
  assert.equal(done, 2);
  assert.ok(reports >= 4 && reports <= took / 250 + 1, `${reports} in ${took} ms`);
});
