// Memory: what is kept costs little more than its bytes, and what is let go of is given back.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { startNode } = require('./child.js');
const { startOrigin } = require('./origin.js');

const MIB = 1 << 20;

/** Runs `main` in a process that can collect its garbage, and reads the line of JSON that it prints. */
async function measure(main, input) {
  const source = `(${main})(${JSON.stringify(input)})`;
  const { code, stdout, stderr } = await startNode(['--expose-gc', '-e', source]).ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('100,000 bodies of 1 KiB take at most 1.3 times their bytes and 60 MB', async (t) => {
  const { hosts } = await startOrigin(t);
  const { grown, bytes, ok } = await measure(async (url) => {
    const { downloadAll } = require('manyfetch');
    const rss = () => {
      gc();
      return process.memoryUsage.rss();
    };
    await downloadAll([url]);
    const urls = Array.from({ length: 100_000 }, () => url);
    const before = rss();
    const results = await downloadAll(urls, { concurrencyPerHost: 50 });
    const grown = rss() - before;
    const bytes = results.reduce((sum, result) => sum + result.body.length, 0);
    console.log(JSON.stringify({ grown, bytes, ok: results.stats.ok }));
  }, `${hosts.a.http}/bytes/1024`);
  assert.deepEqual({ bytes, ok }, { bytes: 100_000 * 1_024, ok: 100_000 });
  assert.ok(
    grown <= bytes * 1.3 + 60e6,
    `${Math.round(grown / MIB)} MiB for ${Math.round(bytes / MIB)} MiB of bodies`,
  );
});

test('bodies that nobody keeps are given back, whether their runs succeeded, failed or were aborted', async (t) => {
  const { hosts } = await startOrigin(t);
  const { grown } = await measure(async (host) => {
    const { downloadAll } = require('manyfetch');
    const round = async () => {
      await downloadAll(Array.from({ length: 20 }, () => `${host}/bytes/1000000`));
      await downloadAll(
        Array.from({ length: 20 }, () => `${host}/bytes/1000000`),
        { maxBodySize: 900_000 },
      );
      const controller = new AbortController();
      const run = downloadAll(
        Array.from({ length: 20 }, () => `${host}/bytes/1000000`),
        { signal: controller.signal },
      );
      setTimeout(() => controller.abort(), 5);
      await run.catch(() => {});
      gc();
      await new Promise(setImmediate);
      gc();
    };
    for (let i = 0; i < 5; i++) await round();
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 20; i++) await round();
    console.log(JSON.stringify({ grown: process.memoryUsage.rss() - before }));
  }, hosts.a.http);
  // Twenty rounds handed over 400 MB.
  assert.ok(grown < 100 * MIB, `${Math.round(grown / MIB)} MiB`);
});
