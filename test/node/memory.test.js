// Memory: what is kept costs little more than its bytes, and what is let go of is given back.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { measure } = require('./measure.js');
const { startOrigin } = require('./origin.js');

const MIB = 1 << 20;

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

test('bodies that are dropped are collected without being asked for, and no account of them is left', async (t) => {
  const { hosts } = await startOrigin(t);
  const { peak, before, after, least } = await measure(
    async (url) => {
      const { downloadAll } = require('manyfetch');
      const count = () => process.memoryUsage();
      const list = new Array(10).fill(url);
      await downloadAll(list);
      const before = count();
      const seen = [];
      for (let call = 0; call < 100; call++) {
        await downloadAll(list);
        seen.push(count());
      }
      // Whatever it takes to have the garbage collected now.
      require('node:v8').setFlagsFromString('--expose-gc');
      const collect = require('node:vm').runInNewContext('gc');
      for (let i = 0; i < 3; i++) {
        collect();
        await new Promise(setImmediate);
      }
      const [peak, least] = [Math.max, Math.min];
      const of = (pick, name) => pick(...seen.map((now) => now[name]));
      console.log(
        JSON.stringify({
          before,
          after: count(),
          peak: { rss: of(peak, 'rss'), external: of(peak, 'external') },
          least: Math.min(of(least, 'external'), of(least, 'arrayBuffers')),
        }),
      );
    },
    `${hosts.a.http}/bytes/1000000`,
    [],
  );
  // A thousand megabytes went through.
  assert.ok(peak.rss - before.rss < 500 * MIB, `${Math.round(peak.rss / MIB)} MiB`);
  assert.ok(peak.external > 10e6, 'the collector is told of the bodies');
  assert.ok(after.external < before.external + 2 * MIB, `${after.external} bytes`);
  assert.ok(after.arrayBuffers < before.arrayBuffers + 2 * MIB, `${after.arrayBuffers} bytes`);
  assert.ok(least >= 0);
});

test('every result and every body that nobody holds is collected', async (t) => {
  const { hosts } = await startOrigin(t);
  const counts = await measure(async (host) => {
    const { downloadAll } = require('manyfetch');
    const counts = { results: 0, bodies: 0, errors: 0 };
    const registry = new FinalizationRegistry((kind) => {
      counts[kind] += 1;
    });
    const fetch = async () => {
      const urls = Array.from({ length: 100 }, (_, i) =>
        i % 4 === 0 ? '' : `${host}/bytes/${i}00000`,
      );
      for (const result of await downloadAll(urls)) {
        registry.register(result, 'results');
        if (result.error) registry.register(result.error, 'errors');
        else registry.register(result.body.buffer, 'bodies');
      }
    };
    await fetch();
    for (let i = 0; i < 10; i++) {
      gc();
      await new Promise(setImmediate);
    }
    console.log(JSON.stringify(counts));
  }, hosts.a.http);
  assert.deepEqual(counts, { results: 100, bodies: 75, errors: 25 });
});
