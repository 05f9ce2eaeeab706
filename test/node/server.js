// Servers of one test each, on a free port of the loopback. What a server does stands beside the assertion, as a closure.

'use strict';

const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');

/** An HTTP server. Without `handler` it answers everything with the path. */
function serve(t, handler = (request, response) => response.end(request.url)) {
  return listen(t, http.createServer(handler), 'http');
}

/** The same over TLS and HTTP/1.1, with the `key` and `cert` of `identity`. */
function serveTls(t, identity, handler = (request, response) => response.end(request.url)) {
  return listen(t, https.createServer(identity, handler), 'https');
}

/** A server of bytes: `answer(socket, head)` is called for each request head, without its last empty line. */
function serveRaw(t, answer) {
  const server = net.createServer((socket) => {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        answer(socket, text.slice(0, end));
        text = text.slice(end + 4);
      }
    });
  });
  return listen(t, server, 'http');
}

/** A server that answers everything with nothing, and keeps the heads of the requests as they came. */
async function serveHeads(t) {
  const heads = [];
  const server = await serveRaw(t, (socket, head) => {
    heads.push(head);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  return Object.assign(server, { heads });
}

/**
 * A server that keeps the requests that came, bodies included, and then calls `answer(request, response)` with what it kept.
 * With an `identity` it speaks TLS.
 */
async function serveRequests(t, answer = (_request, response) => response.end(), identity) {
  const requests = [];
  const keep = (incoming, response) => {
    const pieces = [];
    incoming.on('data', (piece) => pieces.push(piece));
    incoming.on('end', () => {
      const { method, url, headers, rawHeaders } = incoming;
      const request = { method, url, headers, rawHeaders, body: Buffer.concat(pieces) };
      requests.push(request);
      answer(request, response);
    });
  };
  const server = await (identity ? serveTls(t, identity, keep) : serve(t, keep));
  return Object.assign(server, { requests });
}

/** Listens and counts. Everything is closed at the end of the test. */
async function listen(t, server, scheme, host = '127.0.0.1') {
  const sockets = new Set();
  const served = { server, sockets, accepted: 0, gone: () => gone(sockets) };
  server.on('connection', (socket) => {
    served.accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.listen(0, host);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  served.port = server.address().port;
  served.url = `${scheme}://${net.isIPv6(host) ? `[${host}]` : host}:${served.port}`;
  return served;
}

/** Waits until the clients have closed all their connections, in whatever way. */
async function gone(sockets) {
  for (const socket of sockets) await new Promise((resolve) => socket.once('close', resolve));
}

/**
 * A port on which nobody listens any more, and which a connection that was made there keeps from others. A client's own port would
 * not do: systems give a client, once in some thousand times, the very port that it connects to, and it talks to itself.
 */
async function closedPort(t) {
  const { server, port } = await serveRaw(t, () => {});
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  server.close();
  return port;
}

module.exports = { closedPort, listen, serve, serveHeads, serveRaw, serveRequests, serveTls };
