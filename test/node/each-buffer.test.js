// What a loop holds: no more bytes than it was allowed, and while it rests, the servers wait and no limit of time passes.

'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Client, downloadEach } = require('../../index.js');
const { urlsOf } = require('./held.js');
const { gate, resultsOf } = require('./loops.js');
const { listen, serve } = require('./server.js');

const MIB = 1 << 20;
const PIECE = Buffer.alloc(64 << 10, 'x');

/** What the system may hold of one connection between the two programs, at most. */
const IN_SYSTEM = 12 * MIB;

/** Longer than the limits of time of those tests that have one. */
const REST = 400;
const SHORT = 150;

/**
 * Bodies of `size` bytes, written as they are taken: `server.taken` counts what the system took. `/small` has one byte, and if it is
 * asked for, the others begin with `begin()`.
 */
async function serveBodies(t, size, listenTo = serve) {
  const write = (response, left) => {
    if (left === 0) return response.end();
    const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
    response.write(piece, (error) => {
      if (error) return;
      server.taken += piece.length;
      write(response, left - piece.length);
    });
  };
  const begun = gate();
  const server = await listenTo(t, async (request, response) => {
    server.requests += 1;
    if (request.url === '/small') return response.end('s');
    response.writeHead(200, { 'content-length': size });
    response.flushHeaders?.();
    if (server.startsSmall) await begun.opened;
    write(response, size);
  });
  return Object.assign(server, { taken: 0, requests: 0, begin: begun.open });
}

/** The URLs of one small body and of `count` others, which begin when the small one is there. */
function smallAnd(server, count) {
  server.startsSmall = true;
  return [`${server.url}/small`, ...urlsOf(server, count)];
}

/** Waits until `server` gets rid of nothing more. */
async function comesToRest(server) {
  for (let before = -1; before !== server.taken; ) {
    before = server.taken;
    await pause(100);
  }
}

/** A server of HTTP/2 that holds as much as it is asked to. */
function serveTwo(t, handler) {
  const settings = { maxConcurrentStreams: 1_000 };
  const server = http2.createServer({ maxSessionMemory: 4_000, settings }, handler);
  return listen(t, server, 'http');
}

const VERSIONS = [
  ['HTTP/1.1', serve, {}],
  ['HTTP/2', serveTwo, { http2: 'prior-knowledge' }],
];

for (const [version, listenTo, options] of VERSIONS) {
  test(`while the loop rests, servers get rid of no more than is allowed, and then of all (${version})`, async (t) => {
    const [size, count] = [48 * MIB, 3];
    const server = await serveBodies(t, size, listenTo);
    const urls = smallAnd(server, count);
    const sizes = [];
    for await (const result of downloadEach(urls, { ...options, maxBufferedBytes: MIB })) {
      sizes.push(result.body.length);
      if (sizes.length > 1) continue;
      server.begin();
      await comesToRest(server);
      const held = `${Math.round(server.taken / MIB)} MiB`;
      assert.ok(server.taken > 0 && server.taken < MIB + count * IN_SYSTEM, held);
    }
    assert.deepEqual(sizes, [1, size, size, size]);
  });

  test(`no limit of time passes because the loop rests (${version})`, async (t) => {
    const [size, count] = [16 * MIB, 4];
    const server = await serveBodies(t, size, listenTo);
    const timeout = { response: SHORT, idle: SHORT, request: 5_000, total: 5_000 };
    const urls = smallAnd(server, count);
    const run = downloadEach(urls, { ...options, timeout, retry: false, maxBufferedBytes: MIB });
    const seen = [];
    for await (const { error, size } of run) {
      seen.push(error?.message ?? size);
      server.begin();
      if (seen.length < 3) await pause(REST);
    }
    assert.deepEqual(seen, [1, ...new Array(count).fill(size)]);
  });
}

test('the time of an attempt and of an item stands still while the loop rests', async (t) => {
  const size = 4 * MIB;
  const server = await serveBodies(t, size);
  const timeout = { request: 2 * SHORT, total: 2 * SHORT };
  const urls = smallAnd(server, 3);
  const run = downloadEach(urls, { timeout, retry: false, maxBufferedBytes: MIB });
  const seen = [];
  for await (const { error, size } of run) {
    seen.push(error?.message ?? size);
    server.begin();
    await pause(REST);
  }
  assert.deepEqual(seen, [1, size, size, size]);
});

test('a deadline passes while the loop rests', async (t) => {
  const server = await serveBodies(t, 24 * MIB);
  const urls = smallAnd(server, 2);
  const options = { deadline: REST / 2, maxBufferedBytes: MIB };
  const seen = [];
  for await (const { error } of downloadEach(urls, options)) {
    seen.push(error?.phase);
    server.begin();
    if (seen.length === 1) await pause(REST);
  }
  assert.deepEqual(seen, [undefined, 'deadline', 'deadline']);
});

test('a body that is larger than all that may be held comes by itself', async (t) => {
  const size = 8 * MIB;
  const server = await serveBodies(t, size);
  for (const [count, maxBufferedBytes] of [
    [1, 1],
    [6, 1],
    [6, MIB],
  ]) {
    const run = downloadEach(urlsOf(server, count), { maxBufferedBytes });
    for (const { error, body } of await resultsOf(run)) {
      assert.equal(error, undefined);
      assert.ok(body.length === size && body.every((byte) => byte === PIECE[0]));
    }
    assert.deepEqual([run.stats.ok, run.stats.bytes], [count, count * size]);
  }
});

test('small bodies are held to the limit as well, and nothing is begun beyond it', async (t) => {
  const server = await serve(t, (_request, response) => {
    server.requests += 1;
    response.end(PIECE);
  });
  server.requests = 0;
  const run = downloadEach(urlsOf(server, 500), { concurrency: 4, maxBufferedBytes: MIB });
  let delivered = 0;
  for await (const { size } of run) {
    assert.equal(size, PIECE.length);
    delivered += 1;
    if (delivered % 100 !== 1) continue;
    await pause(50);
    const ahead = server.requests - delivered;
    // Of the batch that is being delivered nothing is given back yet.
    assert.ok(ahead <= (2 * MIB) / PIECE.length + 4, `${ahead} requests ahead`);
  }
  assert.equal(delivered, 500);
});

for (const rests of [false, true]) {
  const name = rests ? 'a loop that rests' : 'a loop that goes on';
  test(`sixty large bodies on one connection of HTTP/2 do not starve each other in ${name}`, async (t) => {
    const [size, count] = [3 * MIB, 60];
    const server = await serveBodies(t, size, serveTwo);
    const many = { concurrency: 100, concurrencyPerHost: 100 };
    const options = { ...many, http2: 'prior-knowledge', maxBufferedBytes: MIB };
    let delivered = 0;
    for await (const { error, size: received } of downloadEach(urlsOf(server, count), options)) {
      assert.equal(error?.message ?? received, size);
      delivered += 1;
      if (rests && delivered % 10 === 1) await comesToRest(server);
    }
    assert.deepEqual([delivered, server.accepted], [count, 1]);
  });
}

test('a loop that rests does not starve another one on the same connection of HTTP/2', async (t) => {
  const [size, count] = [3 * MIB, 40];
  const server = await serveBodies(t, size, serveTwo);
  const many = { concurrency: 100, concurrencyPerHost: 100 };
  const client = new Client({ ...many, http2: 'prior-knowledge' });
  const resting = client.downloadEach(urlsOf(server, count), { maxBufferedBytes: MIB });
  assert.equal((await resting.next()).value.size, size);
  await comesToRest(server);
  const other = await resultsOf(client.downloadEach(urlsOf(server, count)));
  assert.ok(other.every((result) => result.size === size));
  assert.equal((await resultsOf(resting)).length, count - 1);
  assert.deepEqual([resting.stats.ok, server.accepted], [count, 1]);
});
