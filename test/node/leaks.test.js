// Leaks: what is done over and over leaves nothing behind, however it ends.

'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { growthOf, measure } = require('./measure.js');
const { startOrigin } = require('./origin.js');
const { closedPort, serveRaw } = require('./server.js');

let host;
let end;
before(async () => {
  const file = {
    after: (last) => {
      end = last;
    },
  };
  const { hosts } = await startOrigin(file);
  host = hosts.a.http;
});
after(() => end());

/** Bytes that an operation may leave behind. Nothing is the aim; so much stands clear of what the measurement itself moves. */
const LEFT = { rss: 512, heap: 64 };

async function assertNothingIsLeft(operations, round, input) {
  const { rss, heap } = await growthOf(round, { ...input, operations });
  assert.ok(rss < operations * LEFT.rss, `${rss / operations} bytes of the process an operation`);
  assert.ok(heap < operations * LEFT.heap, `${heap / operations} bytes of the heap an operation`);
}

test('responses leave nothing behind', async () => {
  await assertNothingIsLeft(
    8_000,
    async ({ url, operations }, { downloadAll }) => {
      const results = await downloadAll(new Array(operations).fill(url), {
        concurrencyPerHost: 50,
      });
      for (const result of results) if (result.text().length !== 10) throw result.error;
    },
    { url: `${host}/bytes/10` },
  );
});

test('connections that are refused leave nothing behind', async (t) => {
  const port = await closedPort(t);
  await assertNothingIsLeft(
    10_000,
    async ({ url, operations }, { downloadAll }) => {
      const options = { concurrencyPerHost: 50, retry: false };
      for (const { error } of await downloadAll(new Array(operations).fill(url), options))
        if (error.code !== 'ECONNREFUSED') throw error;
    },
    { url: `http://127.0.0.1:${port}/` },
  );
});

test('timeouts leave nothing behind', async () => {
  await assertNothingIsLeft(
    5_000,
    async ({ url, operations }, { downloadAll }) => {
      const options = { concurrency: 200, concurrencyPerHost: 200, retry: false };
      const list = new Array(operations).fill(url);
      for (const { error } of await downloadAll(list, { ...options, timeout: { response: 1 } }))
        if (error.code !== 'ETIMEDOUT') throw error;
    },
    { url: `${host}/delay/100000` },
  );
});

test('answers that cannot be read leave nothing behind', async (t) => {
  const { url } = await serveRaw(t, (socket) => socket.end('no HTTP\r\n\r\n'));
  await assertNothingIsLeft(
    4_000,
    async ({ url, operations }, { downloadAll }) => {
      const list = new Array(operations).fill(url);
      for (const { error } of await downloadAll(list, { retry: false }))
        if (error.code !== 'ERR_HTTP_PARSE') throw error;
    },
    { url },
  );
});

test('retries leave nothing behind', async () => {
  const retry = { limit: 2, backoff: { base: 0 }, budget: 1e9 };
  await assertNothingIsLeft(
    6_000,
    async ({ url, operations, retry }, { downloadAll }) => {
      const options = { concurrencyPerHost: 50, retry };
      for (const { attempts } of await downloadAll(new Array(operations / 2).fill(url), options))
        if (attempts !== 3) throw new Error(`${attempts} attempts`);
    },
    { url: `${host}/status/503`, retry },
  );
});

test('items that are wrong leave nothing behind', async () => {
  await assertNothingIsLeft(20_000, async ({ operations }, { downloadAll }) => {
    const list = Array.from({ length: operations }, (_, i) => (i % 10 === 0 ? null : 'no URL'));
    for (const { error } of await downloadAll(list)) if (error.stack === '') throw error;
  });
});

test('aborts leave nothing behind', async () => {
  await assertNothingIsLeft(
    10_000,
    async ({ url, operations }, { downloadAll }) => {
      for (let call = 0; call < operations / 50; call++) {
        const controller = new AbortController();
        const run = downloadAll(new Array(50).fill(url), { signal: controller.signal });
        setImmediate(() => controller.abort());
        await run.catch(() => {});
      }
    },
    { url: `${host}/delay/100000` },
  );
});

test('calls that share a signal leave nothing behind, on it or elsewhere', async () => {
  await assertNothingIsLeft(5_000, async ({ operations }, { downloadAll }) => {
    globalThis.controller ??= new AbortController();
    const { signal } = globalThis.controller;
    for (let call = 0; call < operations; call += 100) {
      await Promise.all(Array.from({ length: 100 }, () => downloadAll([''], { signal })));
    }
    const { length } = require('node:events').getEventListeners(signal, 'abort');
    if (length !== 0) throw new Error(`${length} listeners`);
  });
});

test('calls that are refused leave nothing behind', async () => {
  await assertNothingIsLeft(10_000, async ({ operations }, { downloadAll }) => {
    const signal = new AbortController().signal;
    const list = function* () {
      yield '';
      throw new Error('mine');
    };
    for (let call = 0; call < operations / 4; call++) {
      await downloadAll(5, { signal }).catch(() => {});
      await downloadAll([], { signal, concurrency: 0 }).catch(() => {});
      await downloadAll([''], { rate: 'fast' }).catch(() => {});
      await downloadAll(list(), { signal }).catch(() => {});
    }
  });
});

test('clients leave nothing behind', async () => {
  const clients = 100;
  const { rss } = await growthOf(
    async ({ url, clients }, { Client }) => {
      for (let i = 0; i < clients; i++) {
        const [{ error }] = await new Client({ concurrency: 5 }).downloadAll([url]);
        if (error) throw error;
      }
    },
    { url: `${host}/bytes/10`, clients },
  );
  // Each has a list of certificates, of some hundreds of KiB.
  assert.ok(rss < clients * 50_000, `${rss / clients} bytes a client`);
});

test('an error that is kept costs a few hundred bytes', async () => {
  const { each } = await measure(async () => {
    const { downloadAll } = require('manyfetch');
    const count = 50_000;
    const used = async () => {
      for (let i = 0; i < 2; i++) {
        gc();
        await new Promise(setImmediate);
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await downloadAll(['']);
    const before = await used();
    let results = await downloadAll(new Array(count).fill(''));
    globalThis.kept = results.map((result) => result.error);
    results = undefined;
    console.log(JSON.stringify({ each: ((await used()) - before) / count }));
  });
  assert.ok(each < 1_500, `${each} bytes`);
});
