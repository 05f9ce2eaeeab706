// Where the time went, and what connections were used: by item and by run, against what the server counted.

'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { closedPort, listen, serve, serveRaw, serveTls } = require('./server.js');

const { key, cert } = makeCertificate({ name: 'localhost', hosts: ['localhost', 'a.test'] });
const tls = { ca: cert };
const PHASES = ['queue', 'dns', 'connect', 'firstByte', 'download'];
const patient = { limit: 2, backoff: { base: 0 } };

const SCHEMES = {
  'HTTP/1.1': (t, answer) => serve(t, answer),
  'HTTP/1.1 over TLS': (t, answer) => serveTls(t, { key, cert }, answer),
  'HTTP/2': (t, answer) => listen(t, http2.createSecureServer({ key, cert }, answer), 'https'),
};

/** What holds for the times of any item. */
function assertSound({ timings, attempts }) {
  const { reused, ...times } = timings;
  assert.deepEqual(Object.keys(times).sort(), [...PHASES, 'total'].sort());
  for (const [phase, time] of Object.entries(times)) {
    assert.ok(Number.isFinite(time) && time >= 0, `${phase}: ${time}`);
  }
  const sum = PHASES.reduce((sum, phase) => sum + times[phase], 0);
  assert.ok(sum <= times.total + 0.1, `${sum} of ${times.total} ms`);
  assert.equal(typeof reused, 'boolean');
  assert.ok(Number.isInteger(attempts));
}

function numbered(server, count) {
  return Array.from({ length: count }, (_, i) => `${server.url}/${i}`);
}

for (const [scheme, start] of Object.entries(SCHEMES)) {
  const answer = (request, response) => response.end(request.url);

  test(`over ${scheme}, who connects has the time for that, and who comes next none`, async (t) => {
    const server = await start(t, answer);
    const client = new Client({ tls, concurrency: 1 });
    const url = server.url.replace('127.0.0.1', 'localhost');
    const results = await client.downloadAll([`${url}/0`, `${url}/1`, `${url}/2`]);
    for (const result of results) {
      assert.equal(result.error, undefined);
      assertSound(result);
    }
    const [first, ...others] = results.map(({ timings }) => timings);
    assert.deepEqual([first.reused, server.accepted], [false, 1]);
    assert.ok(first.dns > 0 && first.connect > 0 && first.firstByte > 0, JSON.stringify(first));
    for (const { dns, connect, firstByte, reused } of others) {
      assert.deepEqual([dns, connect, reused], [0, 0, true]);
      assert.ok(firstByte > 0);
    }
    assert.deepEqual(results.stats.connections, { opened: 1, reused: 2 });
    const again = await client.downloadAll([`${url}/3`]);
    assert.deepEqual(again.stats.connections, { opened: 0, reused: 1 });
    assert.equal(again[0].timings.reused, true);
  });

  test(`over ${scheme}, an address is looked up nowhere`, async (t) => {
    const server = await start(t, answer);
    const [{ timings }] = await downloadAll([server.url], { tls });
    assert.equal(timings.dns, 0);
    assert.ok(timings.connect > 0);
  });

  test(`over ${scheme}, the numbers of a run are those of the server`, async (t) => {
    const server = await start(t, answer);
    const results = await downloadAll(numbered(server, 60), { tls });
    for (const result of results) assertSound(result);
    const { opened, reused } = results.stats.connections;
    const own = results.filter(({ timings }) => !timings.reused).length;
    assert.equal(reused, 60 - own);
    // One that is made in vain may come after the end of the run.
    assert.ok(1 <= own && own <= opened && opened <= server.accepted, `${own}, ${opened}`);
  });

  test(`over ${scheme}, redirects and retries add up`, async (t) => {
    let failures = 0;
    let requests = 0;
    const server = await start(t, (request, response) => {
      requests += 1;
      const fails = request.url === '/1' && failures < 2;
      if (fails) failures += 1;
      if (fails) return response.writeHead(503).end('later');
      if (request.url === '/0') return response.end('here');
      response.writeHead(302, { location: `/${request.url.slice(1) - 1}` }).end('moved');
    });
    const results = await downloadAll([`${server.url}/3`], { tls, retry: patient });
    const [result] = results;
    assert.equal(result.text(), 'here');
    assertSound(result);
    const { retries, connections } = results.stats;
    assert.deepEqual([result.attempts, retries, result.redirects.length], [3, 2, 3]);
    assert.equal(requests, 6);
    assert.equal(connections.opened, server.accepted);
    assert.ok(connections.reused < 6 && connections.reused + connections.opened >= 6);
    assert.equal(result.timings.reused, true, 'the last request');
    assert.ok(result.timings.connect > 0, 'of the first request');
  });

  test(`over ${scheme}, a chain of redirects within one origin needs few connections`, async (t) => {
    const server = await start(t, (request, response) => {
      const left = Number(request.url.slice(1));
      if (left === 0) return response.end('here');
      response.writeHead(302, { location: `/${left - 1}` }).end('moved');
    });
    const results = await downloadAll([`${server.url}/20`], { tls });
    assert.equal(results[0].text(), 'here');
    // A connection comes back to the pool a moment after its body, when the next hop may have looked there already.
    const { opened, reused } = results.stats.connections;
    assert.ok(opened <= 7 && reused >= 14, `${opened} opened, ${reused} reused`);
    assert.equal(server.accepted, opened);
  });

  test(`over ${scheme}, who waits for a turn waits longer than who came before`, async (t) => {
    const server = await start(t, answer);
    const results = await downloadAll(numbered(server, 20), { tls, concurrency: 1 });
    const waits = results.map(({ timings }) => timings.queue);
    assert.deepEqual(
      waits,
      waits.toSorted((a, b) => a - b),
    );
    for (const [i, { timings }] of results.entries()) {
      assertSound(results[i]);
      if (i === 0) continue;
      const before = results[i - 1].timings;
      // It began to wait no later than the one before it, and went when that was done.
      assert.ok(timings.queue >= before.queue + before.firstByte - 1, `${i}: ${timings.queue}`);
    }
  });
}

test('the time of a phase is where the server spends it', async (t) => {
  const slow = 100;
  const { url } = await serve(t, (request, response) => {
    const body = () => (request.url === '/head' ? response.end('x') : response.write('x'));
    setTimeout(body, request.url === '/head' ? slow : 0);
    if (request.url === '/body') setTimeout(() => response.end('y'), slow);
  });
  const [head, body] = await downloadAll([`${url}/head`, `${url}/body`]);
  for (const result of [head, body]) assertSound(result);
  assert.ok(head.timings.firstByte >= slow - 2 && head.timings.firstByte > head.timings.download);
  assert.ok(body.timings.download > body.timings.firstByte);
});

test('the time in a back-off is lost between the phases, and in the total', async (t) => {
  let requests = 0;
  const { url } = await serve(t, (_request, response) => {
    requests += 1;
    response.writeHead(requests === 1 ? 500 : 200).end();
  });
  const backoff = { base: 200 };
  const [result] = await downloadAll([url], { retry: { limit: 1, backoff, jitter: false } });
  assertSound(result);
  assert.deepEqual([result.status, result.attempts], [200, 2]);
  assert.ok(result.timings.total >= 200);
});

test('what fails has its times too', async (t) => {
  const refused = `http://127.0.0.1:${await closedPort(t)}/`;
  const silent = (await serveRaw(t, () => {})).url;
  const cut = (
    await serveRaw(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'))
  ).url;
  const urls = [refused, silent, cut, 'http://nobody.invalid/', 'not a URL'];
  const results = await downloadAll(urls, { retry: false, timeout: { response: 50 } });
  const codes = ['ECONNREFUSED', 'ETIMEDOUT', 'ERR_BODY_TRUNCATED', 'ENOTFOUND', 'ERR_INVALID_URL'];
  for (const [i, result] of results.entries()) {
    assertSound(result);
    // Where there is no network at all, no name server answers.
    const code = result.error?.code === 'EAI_AGAIN' ? 'ENOTFOUND' : result.error?.code;
    assert.equal(code, codes[i]);
    assert.equal(result.timings.reused, false);
    assert.equal(result.attempts, i === 4 ? 0 : 1);
  }
  assert.ok(results[1].timings.firstByte >= 50);
  assert.ok(results[3].timings.dns > 0);
  const { opened, reused } = results.stats.connections;
  assert.deepEqual([opened, reused], [2, 0]);
});

test('with keepAlive: 0 no connection is used again', async (t) => {
  const server = await serve(t);
  const results = await downloadAll(numbered(server, 12), { keepAlive: 0, concurrency: 3 });
  for (const { timings } of results) assert.deepEqual([timings.reused], [false]);
  assert.deepEqual(results.stats.connections, { opened: 12, reused: 0 });
  assert.equal(server.accepted, 12);
});

test('a request that is repeated over a fresh connection counts as one try', async (t) => {
  const server = await serveRaw(t, (socket, head) => {
    if (!head.startsWith('GET /1 ') || socket.isNew) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    } else {
      socket.destroy();
    }
  });
  server.server.on('connection', (socket) => {
    socket.isNew = server.accepted > 1;
  });
  const client = new Client({ concurrency: 1 });
  const results = await client.downloadAll(numbered(server, 3));
  assert.deepEqual(
    results.map((result) => [result.text(), result.attempts, result.timings.reused]),
    [
      ['ok', 1, false],
      ['ok', 1, false],
      ['ok', 1, results[2].timings.reused],
    ],
  );
  for (const result of results) assertSound(result);
  assert.equal(results.stats.connections.opened, server.accepted);
});
