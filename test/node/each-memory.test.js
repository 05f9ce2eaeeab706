// Memory of a long loop: what was delivered and is not kept is given back.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { growthOf, measure } = require('./measure.js');
const { serve, serveRaw } = require('./server.js');

const MIB = 1 << 20;

/** A body of `size` bytes to everything. */
function serveFast(t, size) {
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
  return serveRaw(t, (socket) => socket.write(answer));
}

test('sixty thousand requests take no more memory in their second half than in their first', async (t) => {
  const { url } = await serveFast(t, 1_000);
  const { growth, count } = await measure(async (url) => {
    const { downloadEach } = require('manyfetch');
    const { setImmediate } = require('node:timers/promises');
    const count = 60_000;
    function* list() {
      for (let i = 0; i < count; i++) yield { url: `${url}/${i}`, tag: { number: i } };
    }
    const used = async () => {
      for (let i = 0; i < 3; i++) {
        gc();
        await setImmediate();
      }
      const { heapUsed, external, rss } = process.memoryUsage();
      return { heapUsed, external, rss };
    };
    const marks = [];
    let delivered = 0;
    for await (const result of downloadEach(list(), { concurrencyPerHost: 50 })) {
      if (result.text().length !== 1_000) throw new Error(`${result.error}`);
      delivered += 1;
      if (delivered % 20_000 === 0) marks.push(await used());
    }
    const growth = Object.keys(marks[0]).map((name) => marks[2][name] - marks[0][name]);
    console.log(JSON.stringify({ growth, count: delivered }));
  }, url);
  assert.equal(count, 60_000);
  // Forty thousand results with a kilobyte each lie between the two.
  const [heap, external, rss] = growth;
  assert.ok(heap < 4 * MIB && external < 4 * MIB && rss < 30 * MIB, `${growth} bytes`);
});

test('a list of many megabytes passes through a loop in little memory', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end(Buffer.alloc(MIB)));
  const { peak, bytes } = await measure(async (url) => {
    const { downloadEach } = require('manyfetch');
    const count = 600;
    await downloadEach([url]).next();
    const before = process.memoryUsage.rss();
    let [peak, bytes] = [0, 0];
    for await (const { body } of downloadEach(new Array(count).fill(url), {
      maxBufferedBytes: 8 << 20,
    })) {
      bytes += body.length;
      peak = Math.max(peak, process.memoryUsage.rss() - before);
      if (bytes % (8 << 20) === 0) gc();
    }
    console.log(JSON.stringify({ peak, bytes }));
  }, url);
  assert.equal(bytes, 600 * MIB);
  assert.ok(peak < 200 * MIB, `${Math.round(peak / MIB)} MiB`);
});

test('loops leave nothing behind, however they end', async (t) => {
  const { url } = await serveFast(t, 10);
  const loops = 60;
  const { rss, heap } = await growthOf(
    async ({ url, loops }, { downloadEach }) => {
      globalThis.controller ??= new AbortController();
      const { signal } = globalThis.controller;
      const list = new Array(20).fill(url);
      async function* slow() {
        for (const item of list) yield item;
      }
      const options = { signal, onProgress: () => {} };
      // What is allocated once takes some hundreds of loops to be there.
      const count = globalThis.isWarm ? loops : 5 * loops;
      globalThis.isWarm = true;
      for (let i = 0; i < count; i++) {
        for await (const _result of downloadEach(list, options)) break;
        for await (const _result of downloadEach(slow(), options));
        const stopped = downloadEach(list, options);
        for await (const _result of stopped) stopped.stop();
        const own = new AbortController();
        const aborted = downloadEach(slow(), { signal: own.signal });
        await aborted.next();
        own.abort();
        await aborted.next().catch(() => {});
        downloadEach(list, options);
      }
      const { length } = require('node:events').getEventListeners(signal, 'abort');
      if (length > 1) throw new Error(`${length} listeners`);
    },
    { url, loops },
  );
  assert.ok(rss < loops * 40_000, `${rss / loops} bytes of the process a round`);
  assert.ok(heap < loops * 2_000, `${heap / loops} bytes of the heap a round`);
});
