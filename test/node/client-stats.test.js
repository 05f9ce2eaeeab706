// What a client says of itself: what it has in flight, what waits, its connections, and which hosts asked for a pause.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { serveHeld, urlsOf } = require('./held.js');
const { serve, serveRaw } = require('./server.js');
const { until } = require('./until.js');

const NOTHING = {
  inFlight: 0,
  queued: 0,
  connections: { open: 0, opened: 0, reused: 0 },
  hosts: {},
};
const nameOf = ({ port }) => `127.0.0.1:${port}`;
const onLinux = { skip: process.platform !== 'linux' && 'the system is not asked for connections' };

/** A server that asks for a pause of some seconds where the path is /pause/<seconds>. */
function servePauses(t) {
  return serve(t, (request, response) => {
    const [, seconds] = request.url.split('/pause/');
    if (seconds !== undefined) response.writeHead(429, { 'retry-after': seconds });
    response.end(request.url);
  });
}

/** `make()`, and the span in which it was done, in milliseconds since the epoch. */
async function timed(make) {
  const begun = Date.now();
  const value = await make();
  return { value, begun, ended: Date.now() };
}

test('a client that did nothing has nothing, and so has one that was closed', async (t) => {
  const { url } = await servePauses(t);
  const client = new Client();
  assert.deepEqual(client.stats(), NOTHING);
  await client.downloadAll([url, `${url}/pause/50`], { retry: false });
  assert.notDeepEqual(client.stats(), NOTHING);
  await client.close();
  assert.deepEqual(client.stats(), NOTHING);
});

test('while runs go on it shows what is in flight and what waits, host by host, over all runs', async (t) => {
  const [one, other] = [await serveHeld(t), await serveHeld(t)];
  const client = new Client({ concurrencyPerHost: 2 });
  const runs = [client.downloadAll(urlsOf(one, 5)), client.downloadAll(urlsOf(other, 3))];
  const each = client.downloadEach(urlsOf(one, 4));
  const first = each.next();
  await Promise.all([one.holds(2), other.holds(2)]);
  await until(() => client.stats().queued === 8);
  const { connections, ...rest } = client.stats();
  assert.deepEqual(rest, {
    inFlight: 4,
    queued: 8,
    hosts: {
      [nameOf(one)]: { inFlight: 2, queued: 7 },
      [nameOf(other)]: { inFlight: 2, queued: 1 },
    },
  });
  assert.deepEqual(connections.opened, one.accepted + other.accepted);
  other.release();
  await runs[1];
  await until(() => client.stats().inFlight === 2);
  assert.deepEqual(client.stats().hosts, { [nameOf(one)]: { inFlight: 2, queued: 7 } });
  one.release();
  await Promise.all([runs[0], first]);
  for await (const result of each) assert.ok(result.ok);
  await until(() => client.stats().inFlight === 0);
  const { connections: _after, ...after } = client.stats();
  assert.deepEqual(after, { inFlight: 0, queued: 0, hosts: {} });
});

test('what is in flight goes with a run that is aborted or left', async (t) => {
  const server = await serveHeld(t);
  const client = new Client();
  const controller = new AbortController();
  const run = client.downloadAll(urlsOf(server, 20), { signal: controller.signal });
  const each = client.downloadEach(urlsOf(server, 3));
  each.next();
  await server.holds(13);
  assert.equal(client.stats().inFlight, 13);
  controller.abort('enough');
  await assert.rejects(run, (reason) => reason === 'enough');
  await until(() => client.stats().inFlight === 3);
  assert.equal(client.stats().queued, 0);
  await each.return();
  await until(() => client.stats().inFlight === 0);
});

test('connections are counted as the servers count them', async (t) => {
  const [one, other] = [await serveHeld(t), await serve(t)];
  const client = new Client({ keepAlive: 600_000 });
  const run = client.downloadAll(urlsOf(one, 4));
  await one.holds(4);
  one.release();
  await run;
  assert.deepEqual(client.stats().connections, { open: 4, opened: 4, reused: 0 });
  await client.downloadAll([...urlsOf(one, 2), other.url]);
  for (let call = 0; call < 3; call++) {
    for await (const result of client.downloadEach([one.url])) assert.ok(result.ok);
  }
  const requests = one.requests + 1;
  const opened = one.accepted + other.accepted;
  const open = one.sockets.size + other.sockets.size;
  assert.deepEqual(client.stats().connections, { open, opened, reused: requests - opened });
  await downloadAll([one.url]);
  assert.equal(client.stats().connections.opened, opened, 'those of others are not counted');
});

test('connections that a server closed are not open', onLinux, async (t) => {
  const server = await serve(t);
  const client = new Client({ keepAlive: 600_000 });
  await client.downloadAll([server.url]);
  assert.equal(client.stats().connections.open, 1);
  for (const socket of server.sockets) socket.end();
  await until(() => client.stats().connections.open === 0);
  assert.equal(client.stats().connections.opened, 1);
});

test('a connection is open as soon as it is made', async (t) => {
  const server = await serveHeld(t);
  const client = new Client();
  const run = client.downloadAll(urlsOf(server, 3));
  await server.holds(3);
  assert.deepEqual(client.stats().connections, { open: 3, opened: 3, reused: 0 });
  server.release();
  await run;
});

test('connections that could not be made were not opened', async (t) => {
  const { url } = await serveRaw(t, (socket) => socket.destroy());
  const client = new Client({ retry: false });
  const [refused, cut] = await client.downloadAll(['http://127.0.0.1:1/', url]);
  assert.ok(refused.error && cut.error);
  await until(() => client.stats().connections.open === 0);
  // A dead connection is tried anew only where it was reused.
  assert.equal(client.stats().connections.opened, 1);
});

test('a host that asked for a pause shows until when, in milliseconds since the epoch', async (t) => {
  const server = await servePauses(t);
  const client = new Client();
  const { value, begun, ended } = await timed(() =>
    client.downloadAll([`${server.url}/pause/50`], { retry: false }),
  );
  assert.equal(value[0].status, 429);
  const { hosts } = client.stats();
  const { pausedUntil, ...rest } = hosts[nameOf(server)];
  assert.deepEqual([rest, Object.keys(hosts).length], [{ inFlight: 0, queued: 0 }, 1]);
  // To the millisecond: two clocks are read one after the other.
  assert.ok(Number.isInteger(pausedUntil), `${pausedUntil}`);
  assert.ok(pausedUntil >= begun + 50_000 - 2, `${pausedUntil - begun}`);
  assert.ok(pausedUntil <= ended + 50_000 + 2, `${pausedUntil - ended}`);
});

test('items that wait for a paused host are shown as waiting, with the pause', async (t) => {
  const [busy, other] = [await servePauses(t), await serve(t)];
  const client = new Client();
  const controller = new AbortController();
  const options = { signal: controller.signal };
  const runs = [client.downloadAll([`${busy.url}/pause/30`], options)];
  await until(() => nameOf(busy) in client.stats().hosts && client.stats().inFlight === 0);
  // Another run of the same client has to wait as well, and its other host has not.
  runs.push(client.downloadAll([...urlsOf(busy, 3), other.url], options));
  await until(() => client.stats().queued === 4 && client.stats().inFlight === 0);
  const { hosts, inFlight } = client.stats();
  const { pausedUntil, ...rest } = hosts[nameOf(busy)];
  assert.deepEqual([rest, inFlight], [{ inFlight: 0, queued: 4 }, 0]);
  assert.ok(pausedUntil > Date.now());
  assert.deepEqual(Object.keys(hosts), [nameOf(busy)]);
  assert.equal(busy.accepted + other.accepted, 2);
  controller.abort('enough');
  for (const run of runs) await assert.rejects(run, (reason) => reason === 'enough');
  const after = client.stats().hosts[nameOf(busy)].pausedUntil;
  assert.ok(Math.abs(after - pausedUntil) <= 2, 'it goes on without them');
});

test('a pause is the client’s own: others neither see it nor keep to it', async (t) => {
  const server = await servePauses(t);
  const [client, other] = [new Client(), new Client()];
  await client.downloadAll([`${server.url}/pause/50`], { retry: false });
  for (const run of [other.downloadAll([server.url]), downloadAll([server.url])]) {
    assert.ok((await run)[0].ok);
  }
  assert.deepEqual(other.stats().hosts, {});
  const [{ error }] = await client.downloadAll([server.url], { timeout: { total: 50 } });
  assert.deepEqual([error?.code, error?.phase, error?.attempts], ['ETIMEDOUT', 'total', 0]);
});

test('a host that is closed for too long a pause shows until when, too', async (t) => {
  const server = await servePauses(t);
  const client = new Client();
  const { begun } = await timed(() => client.downloadAll([`${server.url}/pause/3600`]));
  const { pausedUntil } = client.stats().hosts[nameOf(server)];
  assert.ok(pausedUntil >= begun + 3_600_000 - 2, `${pausedUntil - begun}`);
  const [{ error }] = await client.downloadAll([server.url]);
  assert.equal(error?.code, 'ERR_HOST_UNAVAILABLE');
});

test('a pause that is over is not shown', async (t) => {
  const server = await servePauses(t);
  const client = new Client();
  await client.downloadAll([`${server.url}/pause/1`], { retry: false });
  assert.ok(nameOf(server) in client.stats().hosts);
  assert.ok((await client.downloadAll([server.url]))[0].ok, 'it waited');
  assert.deepEqual(client.stats().hosts, {});
});

test('hosts have names and ports, without the ports that a scheme has anyway', async (t) => {
  const proxy = await serveHeld(t);
  const client = new Client({ proxy: proxy.url, concurrencyPerHost: 1 });
  const urls = ['http://a.test/', 'http://A.test:80/', 'http://b.test:8080/', 'http://[::1]/'];
  const run = client.downloadAll(urls);
  await proxy.holds(3);
  assert.deepEqual(client.stats().hosts, {
    'a.test': { inFlight: 1, queued: 1 },
    'b.test:8080': { inFlight: 1, queued: 0 },
    '[::1]': { inFlight: 1, queued: 0 },
  });
  proxy.release();
  assert.equal((await run).stats.ok, 4);
});

test('the numbers are a copy of one moment', async (t) => {
  const server = await serveHeld(t);
  const client = new Client();
  const before = client.stats();
  const run = client.downloadAll(urlsOf(server, 2));
  await server.holds(2);
  const during = client.stats();
  during.hosts = undefined;
  assert.equal(client.stats().hosts[nameOf(server)].inFlight, 2);
  server.release();
  await run;
  assert.deepEqual([before, during.inFlight], [NOTHING, 2]);
});
