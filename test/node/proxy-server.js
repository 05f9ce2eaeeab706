// Proxies of one test each. Whatever name they are asked for, they connect to the loopback: there is nothing else in a test.

'use strict';

const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { listen } = require('./server.js');

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/**
 * A proxy of HTTP. It keeps every request that it gets as `seen`: method, target as it came, and headers. With `credentials`
 * ('user:password') it wants them. `onConnect(socket, request, head)` is called instead of making a tunnel; `identity` puts the proxy
 * itself behind TLS.
 */
async function serveProxy(t, { credentials, onConnect = tunnel, identity, host } = {}) {
  const seen = [];
  const isLetIn = (request) => {
    const { method, url: target, headers } = request;
    seen.push({ method, target, headers });
    return credentials === undefined || headers['proxy-authorization'] === basic(credentials);
  };
  const server =
    identity === undefined ? http.createServer() : https.createServer(identity, undefined);
  server.on('request', (request, response) => {
    if (isLetIn(request)) return forward(request, response);
    response.writeHead(407, { 'proxy-authenticate': 'Basic realm="p"' }).end('who are you?');
  });
  server.on('connect', (request, socket, head) => {
    socket.on('error', () => {});
    if (isLetIn(request)) return onConnect(socket, request, head);
    socket.end('HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n');
  });
  const served = await listen(t, server, identity === undefined ? 'http' : 'https', host);
  return Object.assign(served, { seen, tunnels: () => targetsOf(seen, 'CONNECT') });
}

/** Makes the tunnel that `request` asks for, after `reply`. */
function tunnel(socket, request, head, reply = ESTABLISHED) {
  const port = Number(request.url.match(/:(\d+)$/)[1]);
  const established = () => {
    socket.write(reply);
    return head;
  };
  connect(socket, port, established, () => socket.end('HTTP/1.1 502 No way there\r\n\r\n'));
}

function targetsOf(seen, method) {
  return seen.filter((request) => request.method === method).map(({ target }) => target);
}

/** A request that came in absolute form, sent on as a proxy does: without what was meant for it. */
function forward(request, response) {
  const { port, pathname, search } = new URL(request.url);
  const { 'proxy-authorization': _own, ...headers } = request.headers;
  const { method } = request;
  const onwards = http.request({
    port,
    host: '127.0.0.1',
    method,
    headers,
    path: pathname + search,
  });
  onwards.on('response', (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onwards.on('error', () => response.writeHead(502).end('no way there'));
  request.pipe(onwards);
}

/**
 * A proxy of SOCKS, version 4, 4a or 5 as the client likes. It keeps as `seen` what it was asked for: version, host, port, and
 * credentials. With `credentials` ('user:password') it wants them. `reply` is the status that it answers with in place of its own.
 */
async function serveSocks(t, { credentials, reply, host } = {}) {
  const seen = [];
  const server = net.createServer(async (socket) => {
    const [version] = await take(socket, 1);
    const greet = version === 5 ? greet5 : greet4;
    const asked = await greet(socket, credentials);
    if (asked === undefined) return socket.end();
    seen.push({ version, ...asked.seen });
    if (reply !== undefined) return socket.end(asked.answer(reply));
    const established = () => {
      socket.write(asked.answer(asked.granted));
      return '';
    };
    connect(socket, asked.seen.port, established, () => socket.end(asked.answer(asked.refused)));
  });
  return Object.assign(await listen(t, server, 'socks5', host), { seen });
}

/** RFC 1928, and RFC 1929 where credentials are wanted. */
async function greet5(socket, credentials) {
  const methods = await take(socket, (await take(socket, 1))[0]);
  const method = credentials === undefined ? 0 : 2;
  if (!methods.includes(method)) {
    socket.write(Buffer.from([5, 0xff]));
    return undefined;
  }
  socket.write(Buffer.from([5, method]));
  const shown = method === 2 ? await credentials5(socket) : undefined;
  if (method === 2) socket.write(Buffer.from([1, shown === credentials ? 0 : 1]));
  if (shown !== credentials) return undefined;
  const [, , , kind] = await take(socket, 4);
  const size = { 1: 4, 3: undefined, 4: 16 }[kind] ?? (await take(socket, 1))[0];
  const address = await take(socket, size);
  const name = { 1: [...address].join('.'), 3: address.toString(), 4: ipv6(address) }[kind];
  const port = (await take(socket, 2)).readUInt16BE();
  const answer = (status) => Buffer.from([5, status, 0, 1, 0, 0, 0, 0, 0, 0]);
  return { seen: { host: name, port, credentials: shown }, answer, granted: 0, refused: 5 };
}

function ipv6(bytes) {
  const groups = bytes.toString('hex').match(/.{1,4}/g);
  return groups.length === 8 ? new URL(`http://[${groups.join(':')}]`).hostname : '';
}

async function credentials5(socket) {
  const text = async () => (await take(socket, (await take(socket, 1))[0])).toString();
  await take(socket, 1);
  return `${await text()}:${await text()}`;
}

/** SOCKS 4, and 4a where the address is 0.0.0.x. */
async function greet4(socket) {
  const head = await take(socket, 7);
  await untilZero(socket);
  const address = head.subarray(3);
  const isNamed = address.subarray(0, 3).equals(Buffer.alloc(3)) && address[3] !== 0;
  const name = isNamed ? await untilZero(socket) : [...address].join('.');
  const answer = (status) => Buffer.from([0, status, 0, 0, 0, 0, 0, 0]);
  return { seen: { host: name, port: head.readUInt16BE(1) }, answer, granted: 0x5a, refused: 0x5b };
}

async function untilZero(socket) {
  let text = '';
  for (let byte = await take(socket, 1); byte[0] !== 0; byte = await take(socket, 1)) {
    text += byte.toString('latin1');
  }
  return text;
}

async function take(socket, size) {
  if (size === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes = socket.read(size);
    if (bytes !== null) return bytes;
    await once(socket, 'readable');
  }
}

/** Joins `socket` with `port`, once `established` has told the client. What that returns came from there too early. */
function connect(socket, port, established, refused) {
  const onwards = net.connect(port, '127.0.0.1', () => {
    onwards.write(established());
    onwards.pipe(socket).pipe(onwards);
  });
  onwards.on('error', (error) => (error.syscall === 'connect' ? refused() : socket.destroy()));
  socket.on('close', () => onwards.destroy());
}

function basic(credentials) {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

module.exports = { basic, serveProxy, serveSocks, tunnel };
