// Closing a client by force: what it has under way is cancelled, and whoever waits for it is told. And calls whose body is still to be
// read: they are under way as well.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { serve } = require('./server.js');

const CLOSED = { name: 'Error', code: 'ERR_CLIENT_CLOSED', message: 'the client was closed' };
const FORCE = { force: true };
const DONE = { value: undefined, done: true };

/** Something like a Blob, whose bytes come when `give` is called. */
function lateBlob() {
  let give;
  const bytes = new Promise((resolve) => {
    give = () => resolve(new TextEncoder().encode('late').buffer);
  });
  const blob = { type: '', arrayBuffer: () => bytes, [Symbol.toStringTag]: 'Blob' };
  return { blob, give };
}

/** A server that answers with the bodies of its requests. */
function serveEcho(t) {
  return serve(t, (request, response) => request.pipe(response));
}

/** What `promise` has come to by now, if anything. */
function soFar(promise) {
  const outcome = promise.then(
    () => 'fulfilled',
    ({ code }) => code,
  );
  return Promise.race([outcome, new Promise((resolve) => setImmediate(resolve, 'pending'))]);
}

test('by force, every call that waits is rejected, and the connections are closed', async (t) => {
  const server = await serveHeld(t);
  const client = new Client({ concurrencyPerHost: 4 });
  const run = client.downloadEach(urlsOf(server, 20));
  const waiting = [
    ...[client.downloadAll(urlsOf(server, 20)), client.downloadAll(urlsOf(server, 1))],
    run.next(),
  ];
  const later = [run.next(), run.next()];
  await server.holds(4);
  const closed = client.close(FORCE);
  for (const promise of waiting) await assert.rejects(promise, CLOSED);
  // An iterator has one end: who waits behind it finds nothing more.
  for (const promise of later) assert.deepEqual(await promise, DONE);
  assert.equal(await closed, undefined);
  await server.gone();
  // One run's places may pass to another one that is cancelled a moment later.
  assert.ok(server.requests <= 3 * 4, `${server.requests} requests`);
  await assert.rejects(client.downloadAll([]), CLOSED);
});

test('by force, a loop over results throws where it is', async (t) => {
  const server = await serveHeld(t);
  const client = new Client({ concurrencyPerHost: 2 });
  let steps = 0;
  const loop = async () => {
    for await (const result of client.downloadEach(urlsOf(server, 9))) {
      assert.ok(result.ok);
      steps += 1;
      // The second step finds all others cancelled.
      await client.close(FORCE);
    }
  };
  const ended = assert.rejects(loop(), CLOSED);
  await server.holds(2);
  server.release(1);
  await ended;
  assert.equal(steps, 1);
  await server.gone();
});

test('by force, an iterator that nobody waits for tells the next one who does', async (t) => {
  const server = await serveHeld(t);
  const client = new Client();
  const run = client.downloadEach(urlsOf(server, 3));
  const first = run.next();
  await server.holds(3);
  server.release(1);
  assert.ok((await first).value.ok);
  await client.close(FORCE);
  await assert.rejects(run.next(), CLOSED);
  assert.deepEqual(await run.next(), DONE);
  assert.equal(run.stats.ok, 1);
});

test('by force, lists that go on are closed', async (t) => {
  const { url } = await serve(t);
  const client = new Client();
  const ended = [];
  const list = async function* (name) {
    try {
      for (;;) yield url;
    } finally {
      ended.push(name);
    }
  };
  const all = client.downloadAll(list('all'));
  const run = client.downloadEach(list('each'));
  await run.next();
  await Promise.all([client.close(FORCE), assert.rejects(all, CLOSED)]);
  await assert.rejects(run.next(), CLOSED);
  await new Promise(setImmediate);
  assert.deepEqual(ended.sort(), ['all', 'each']);
});

test('who waits politely for the end can still be helped by force', async (t) => {
  const server = await serveHeld(t);
  const client = new Client();
  const run = client.downloadAll(urlsOf(server, 2));
  await server.holds(2);
  const polite = client.close();
  assert.equal(await soFar(polite), 'pending');
  await Promise.all([client.close(FORCE), polite, assert.rejects(run, CLOSED)]);
  await server.gone();
});

test('what other clients have under way goes on', async (t) => {
  const server = await serveHeld(t);
  const [client, other] = [new Client(), new Client()];
  const mine = client.downloadAll(urlsOf(server, 2));
  const theirs = other.downloadAll(urlsOf(server, 2));
  await server.holds(4);
  await Promise.all([client.close(FORCE), assert.rejects(mine, CLOSED)]);
  server.release();
  assert.equal((await theirs).stats.ok, 2);
});

test('close waits for downloadAll whose body is still to be read', async (t) => {
  const { url } = await serveEcho(t);
  const { blob, give } = lateBlob();
  const client = new Client({ method: 'POST' });
  const run = client.downloadAll([url], { body: blob });
  const closed = client.close();
  assert.equal(await soFar(closed), 'pending');
  give();
  const [result] = await run;
  assert.equal(result.text(), 'late');
  await closed;
});

test('close waits for downloadEach whose body is still to be read', async (t) => {
  const { url } = await serveEcho(t);
  const { blob, give } = lateBlob();
  const client = new Client({ method: 'POST' });
  const run = client.downloadEach([url], { body: blob });
  const first = run.next();
  const closed = client.close();
  assert.equal(await soFar(closed), 'pending');
  give();
  assert.equal((await first).value.text(), 'late');
  assert.deepEqual(await run.next(), DONE);
  await closed;
});

test('by force, a call whose body is still to be read is rejected, too', async (t) => {
  const server = await serveEcho(t);
  const client = new Client({ method: 'POST' });
  const { blob, give } = lateBlob();
  const run = client.downloadEach([server.url], { body: blob });
  const all = client.downloadAll([server.url], { body: blob });
  const rejected = Promise.all([run.next(), all].map((one) => assert.rejects(one, CLOSED)));
  await client.close(FORCE);
  await rejected;
  give();
  assert.deepEqual([await run.next(), server.accepted], [DONE, 0]);
});

test('close waits for an item whose body is still to be read', async (t) => {
  const { url } = await serveEcho(t);
  const late = [lateBlob(), lateBlob()];
  const [one, other] = late.map(({ blob }) => ({ url, method: 'POST', body: blob }));
  const client = new Client();
  const all = client.downloadAll([one]);
  const next = client.downloadEach([other]);
  const first = next.next();
  const closed = client.close();
  assert.equal(await soFar(closed), 'pending');
  for (const { give } of late) give();
  assert.equal((await all)[0].text(), 'late');
  assert.equal((await first).value.text(), 'late');
  assert.deepEqual(await next.next(), DONE);
  await closed;
});
