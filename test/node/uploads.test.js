// Bodies on their way out: the limits of time while they are sent, and answers that come before their end.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http2 = require('node:http2');
const net = require('node:net');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { listen, serve, serveRaw } = require('./server.js');

const { key, cert } = makeCertificate({ name: 'localhost' });
const tls = { ca: cert };
const NONE = Number.POSITIVE_INFINITY;
const LIMIT = 500;
const patient = { limit: 2, backoff: { base: 0 } };
/** More than the system takes off our hands for a server that does not read. */
const LARGE = Buffer.alloc(50_000_000, 'manyfetch');
const put = (url, fields) => ({ url, method: 'PUT', body: LARGE, ...fields });

/** A server of sockets: `treat(socket)` has each, paused before its first byte. */
function serveSockets(t, treat) {
  return listen(t, net.createServer({ pauseOnConnect: true }, treat), 'http');
}

/** Reads `socket` in steps with pauses of `pause` ms until `size` bytes have come, and what comes then as it comes. */
function readSlowly(socket, size, pause) {
  let left = size;
  socket.on('data', (data) => {
    left -= data.length;
    if (left <= 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), pause);
  });
  socket.resume();
}

/** Resolves when `size` bytes have come. */
async function received(socket, size) {
  let left = size;
  while (left > 0) left -= (await once(socket, 'data'))[0].length;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('a body that goes out slowly and steadily passes neither limit', async (t) => {
  let taken;
  const { url } = await serveSockets(t, async (socket) => {
    const begun = performance.now();
    // Never as long as the limits without a byte, and far longer in all.
    readSlowly(socket, LARGE.length / 2, 3);
    await received(socket, LARGE.length);
    taken = performance.now() - begun;
    socket.write(OK);
  });
  const timeout = { response: LIMIT, idle: LIMIT };
  const [result] = await downloadAll([put(url, { timeout })], { retry: false });
  assert.equal(result.error?.message ?? result.text(), 'ok');
  assert.ok(taken > 2 * LIMIT, `the server took ${taken} ms`);
});

test('a server that stops reading passes the limit of silence', async (t) => {
  const server = await serveSockets(t, (socket) => {
    socket.once('data', () => socket.pause());
    socket.resume();
  });
  for (const timeout of [
    { idle: LIMIT },
    { idle: LIMIT, response: NONE },
    { idle: LIMIT, response: 1 },
  ]) {
    const [{ error, attempts }] = await downloadAll([put(server.url, { timeout })], {
      retry: false,
    });
    assert.deepEqual([error?.code, error?.phase, attempts], ['ETIMEDOUT', 'idle', 1]);
  }
});

test('a server that reads everything and says nothing passes the limit of the response', async (t) => {
  const body = LARGE.subarray(0, 5_000_000);
  let whole = 0;
  const { url } = await serveSockets(t, async (socket) => {
    socket.resume();
    await received(socket, body.length);
    whole += 1;
  });
  for (const timeout of [{ response: LIMIT }, { response: LIMIT, idle: NONE }]) {
    const [{ error }] = await downloadAll([put(url, { body, timeout })], { retry: false });
    assert.deepEqual([error?.code, error?.phase], ['ETIMEDOUT', 'response']);
  }
  assert.equal(whole, 2);
});

for (const phase of ['request', 'total']) {
  test(`the limit '${phase}' passes while a body goes out`, async (t) => {
    const { url, gone } = await serveSockets(t, (socket) => readSlowly(socket, NONE, 20));
    const timeout = { [phase]: 2 * LIMIT, idle: 10_000, response: 10_000 };
    const [{ error }] = await downloadAll([put(url, { timeout })], { retry: false });
    assert.deepEqual([error?.code, error?.phase], ['ETIMEDOUT', phase]);
    await gone();
  });
}

test('a limit of silence that passes is tried again, with the whole body', async (t) => {
  let connections = 0;
  const { url } = await serveSockets(t, async (socket) => {
    connections += 1;
    if (connections === 1) return;
    socket.resume();
    await received(socket, LARGE.length);
    socket.write(OK);
  });
  const [result] = await downloadAll([put(url, { timeout: { idle: LIMIT } })], { retry: patient });
  assert.deepEqual([result.error, result.attempts, result.text()], [undefined, 2, 'ok']);
});

const EARLY = 'HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\n';
const ENDINGS = {
  'and reads no more': () => {},
  'and reads on': (socket) => socket.resume(),
  'and closes in order': (socket) => socket.end().resume(),
  'and resets when it was read': (socket) => {
    socket.end();
    setTimeout(() => socket.resetAndDestroy(), 100);
  },
};

for (const [what, finish] of Object.entries(ENDINGS)) {
  for (const method of ['PUT', 'POST']) {
    test(`an answer that comes while a ${method} is sent is delivered: the server answers ${what}`, async (t) => {
      const server = await serveSockets(t, (socket) => {
        socket.once('data', () => {
          socket.pause();
          socket.write(`${EARLY}Connection: close\r\n\r\ntoo much`, () => finish(socket));
        });
        socket.resume();
      });
      const options = { timeout: { idle: 5_000 }, retry: patient };
      const [result] = await downloadAll([put(server.url, { method })], options);
      assert.deepEqual(
        [result.error?.message, result.status, result.text()],
        [undefined, 413, 'too much'],
      );
      assert.deepEqual([result.attempts, server.accepted], [1, 1]);
      // Who does not read sees no end.
      for (const socket of server.sockets) socket.resume();
      await server.gone();
    });
  }
}

test('the status of an early answer is mostly seen though the server closes at once, with the body unread', async (t) => {
  const server = await serveSockets(t, (socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.end(`${EARLY}Connection: close\r\n\r\ntoo much`, () => socket.destroy());
    });
    socket.resume();
  });
  // Whether the answer or the end is seen first is a matter of luck, if one lets it be.
  const body = LARGE.subarray(0, 5_000_000);
  const items = Array.from({ length: 30 }, (_, i) =>
    put(server.url, { body, method: i % 2 ? 'PUT' : 'POST' }),
  );
  const results = await downloadAll(items, { concurrency: 1, retry: patient });
  const answered = results.filter(({ status }) => status === 413);
  assert.ok(answered.length >= items.length / 2, `${answered.length} were answered`);
  for (const { status, error } of results) {
    assert.ok(status === 413 || /^(EPIPE|ECONNRESET)$/.test(error.code), error?.message);
  }
});

test('after an early answer the connection is used for nothing else', async (t) => {
  const server = await serveRaw(t, (socket, head) => {
    if (head.startsWith('PUT ')) socket.write(`${EARLY}\r\ntoo much`);
    else socket.write(OK);
  });
  const client = new Client({ concurrency: 1 });
  const [early, next] = await client.downloadAll([put(server.url), server.url]);
  assert.deepEqual([early.status, early.text()], [413, 'too much']);
  assert.deepEqual([next.status, next.text()], [200, 'ok']);
});

test('an early answer over HTTP/2 is delivered, and the connection goes on', async (t) => {
  const server = http2.createSecureServer({ key, cert }, (request, response) => {
    if (request.method === 'GET') return response.end('ok');
    response.writeHead(401).end('who?');
  });
  const served = await listen(t, server, 'https');
  const client = new Client({ tls, retry: false });
  const method = 'POST';
  const results = await client.downloadAll([put(served.url), put(served.url, { method })]);
  for (const result of results) {
    assert.deepEqual(
      [result.error?.message, result.status, result.text()],
      [undefined, 401, 'who?'],
    );
  }
  assert.equal((await client.downloadAll([served.url]))[0].text(), 'ok');
  assert.equal(served.accepted, 1);
});

test('a redirect that comes before the body is read takes the whole body along', async (t) => {
  let size = 0;
  const target = await serve(t, (request, response) => {
    request.on('data', (data) => {
      size += data.length;
    });
    request.on('end', () => response.end(request.method));
  });
  const head = `HTTP/1.1 307 Over There\r\nLocation: ${target.url}/\r\nContent-Length: 0\r\n`;
  const server = await serveSockets(t, (socket) => {
    socket.once('data', () => socket.pause() && socket.end(`${head}Connection: close\r\n\r\n`));
    socket.resume();
  });
  const [result] = await downloadAll([put(server.url, { method: 'POST' })], { retry: false });
  assert.deepEqual([result.error?.message, result.text()], [undefined, 'POST']);
  assert.equal(size, LARGE.length);
});
