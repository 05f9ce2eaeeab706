// The phases of a run, each as something to be in the middle of.

'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { startInChild } = require('./child.js');
const { serve, serveRaw } = require('./server.js');

/** No limit of time is near, and nothing is tried again. */
const PATIENT = { timeout: { connect: 60_000, response: 60_000, idle: 60_000 }, retry: false };
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';

/** A promise, and what keeps it. */
function turningPoint() {
  let reach;
  const reached = new Promise((resolve) => {
    reach = resolve;
  });
  return { reach, reached };
}

/** The same URL over and over, more often than its host is asked at once. */
function thirty(url) {
  return Array.from({ length: 30 }, () => url);
}

/** A phase of a server's answer: `begin` begins it, and calls `reach`. */
function answering(begin) {
  return async (t) => {
    const { reach, reached } = turningPoint();
    const server = await serveRaw(t, (socket) => begin(socket, reach));
    return { urls: thirty(server.url), servers: [server], reached };
  };
}

/** A phase of waiting: the only place is given up for it, as is seen by the next request that takes the place. */
function waiting(headers, retry) {
  return async (t) => {
    const { reach, reached } = turningPoint();
    const busy = await serve(t, (_request, response) => response.writeHead(503, headers).end());
    const next = await serveRaw(t, reach);
    const options = { concurrency: 1, retry };
    return { urls: [busy.url, next.url], options, servers: [next], reached };
  };
}

/**
 * Each starts what it needs, and gives what to fetch with which `options`, besides those of PATIENT; `reached` is kept when the
 * run is there. All that is under way then is at one of `servers`.
 */
const PHASES = {
  'waiting for its turn': async (t) => {
    const { reach, reached } = turningPoint();
    const server = await serveRaw(t, reach);
    return { urls: thirty(server.url), options: { concurrency: 1 }, servers: [server], reached };
  },
  'looking up names': async (t) => {
    const { reach, reached } = turningPoint();
    const server = await serveRaw(t, reach);
    const names = Array.from({ length: 300 }, (_, i) => `http://${i}.invalid/`);
    const options = { concurrency: 400 };
    return { urls: [server.url, ...names], options, servers: [server], reached };
  },
  'in the TLS handshake': async (t) => {
    const { reach, reached } = turningPoint();
    const server = await serveRaw(t, () => {});
    server.server.on('connection', (socket) => socket.once('data', reach));
    return { urls: thirty(server.url.replace('http:', 'https:')), servers: [server], reached };
  },
  'waiting for the head': answering((_socket, reach) => reach()),
  'in the head': answering((socket, reach) => socket.write('HTTP/1.1 2', reach)),
  'in the body': answering((socket, reach) => socket.write(`${HEAD}abc`, reach)),
  'in a redirect': async (t) => {
    const { reach, reached } = turningPoint();
    const server = await serve(t, (request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/next' }).end();
      else reach();
    });
    return { urls: thirty(server.url), servers: [server], reached };
  },
  'waiting for another try': waiting({}, { backoff: { base: 60_000, max: 60_000 }, jitter: false }),
  'waiting as the server asked': waiting({ 'retry-after': '50' }, undefined),
};

// Elsewhere systems let a caller in, or send it away, when nobody takes the connections.
if (process.platform === 'linux') {
  PHASES.connecting = async (t) => {
    const { reach, reached } = turningPoint();
    const nobody = await letNobodyIn(t);
    const server = await serveRaw(t, reach);
    return { urls: [...thirty(nobody), server.url], servers: [server], reached };
  };
}

/** The URL of a server that never takes a connection, and whose queue for them is full. */
async function letNobodyIn(t) {
  const { child, ended } = startInChild(() => {
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      console.log(server.address().port);
      // Until the test is over, nothing else happens in this process.
      require('node:fs').readSync(0, Buffer.alloc(1));
      process.exit();
    });
  });
  const sockets = [];
  t.after(async () => {
    child.stdin.end();
    await ended;
    for (const socket of sockets) socket.destroy();
  });
  const [port] = await once(child.stdout, 'data');
  for (let place = 0; place < 2; place++) {
    const socket = net.connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return `http://127.0.0.1:${Number(port)}`;
}

module.exports = { PATIENT, PHASES };
