// A JavaScript thread that has no time, and calls that must not take it: nothing is lost, and nothing else is held up.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { measure } = require('./measure.js');
const { startOrigin } = require('./origin.js');

const MIB = 1 << 20;

test('while JavaScript sleeps, thousands of responses come in, whole and bounded in memory', async (t) => {
  const { hosts } = await startOrigin(t);
  const { grown, right, errors } = await measure(async (host) => {
    const { downloadAll } = require('manyfetch');
    const urls = Array.from({ length: 10_000 }, (_, i) => `${host}/bytes/${1_000 + (i % 100)}`);
    await downloadAll(urls.slice(0, 100));
    const before = process.memoryUsage.rss();
    const timeout = { response: 2_000, idle: 2_000 };
    const run = downloadAll(urls, { concurrencyPerHost: 50, timeout, retry: false });
    // Longer than any of the limits of time.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    const grown = process.memoryUsage.rss() - before;
    const results = await run;
    const right = results.filter((result, i) => result.size === 1_000 + (i % 100)).length;
    console.log(JSON.stringify({ grown, right, errors: results.stats.errors }));
  }, hosts.a.http);
  assert.deepEqual([right, errors], [10_000, {}]);
  // Of bodies there are 10 MB.
  assert.ok(grown < 80 * MIB, `${Math.round(grown / MIB)} MiB`);
});

test('a process that sleeps and wakes all the time loses nothing', async (t) => {
  const { hosts } = await startOrigin(t);
  const { ok, right } = await measure(async (host) => {
    const { downloadAll } = require('manyfetch');
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const nap = setInterval(() => Atomics.wait(cell, 0, 0, 40), 1);
    const urls = Array.from({ length: 5_000 }, (_, i) => `${host}/bytes/${i}`);
    const results = await downloadAll(urls, { concurrencyPerHost: 20 });
    clearInterval(nap);
    const right = results.every((result, i) => result.body.length === i);
    console.log(JSON.stringify({ ok: results.stats.ok, right }));
  }, hosts.a.http);
  assert.deepEqual([ok, right], [5_000, true]);
});

test('a long list is taken in at once, and holds the loop up no more than that', async () => {
  const { taken, delay, failed } = await measure(async () => {
    const { downloadAll } = require('manyfetch');
    const { monitorEventLoopDelay } = require('node:perf_hooks');
    const urls = new Array(300_000).fill('no URL');
    const begun = performance.now();
    const run = downloadAll(urls);
    const taken = performance.now() - begun;
    await new Promise(setImmediate);
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    const { stats } = await run;
    loop.disable();
    console.log(JSON.stringify({ taken, delay: loop.max / 1e6, failed: stats.failed }));
  });
  assert.equal(failed, 300_000);
  assert.ok(taken < 2_000, `${taken} ms to take it in`);
  assert.ok(delay < 500, `${delay} ms in one turn`);
});

test('neither the first call nor large bodies hold the loop up', async (t) => {
  const { hosts } = await startOrigin(t);
  const { delay, size } = await measure(async (url) => {
    const { monitorEventLoopDelay } = require('node:perf_hooks');
    const loop = monitorEventLoopDelay({ resolution: 5 });
    await new Promise(setImmediate);
    loop.enable();
    const { downloadAll } = require('manyfetch');
    const results = await downloadAll([url, url, url]);
    const size = results.reduce((sum, result) => sum + result.size, 0);
    loop.disable();
    console.log(JSON.stringify({ delay: loop.max / 1e6, size }));
  }, `${hosts.a.http}/bytes/60000000`);
  assert.equal(size, 180_000_000);
  assert.ok(delay < 500, `${delay} ms in one turn`);
});
