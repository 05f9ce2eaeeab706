// Servers that answer when they are told to.

'use strict';

const { serve } = require('./server.js');
const { until } = require('./until.js');

/** A server that keeps every request waiting. With `release()` it answers those that wait and all that come from then on. */
async function serveHeld(t, answer = (request, response) => response.end(request.url)) {
  const held = [];
  let isOpen = false;
  const server = await serve(t, (request, response) => {
    server.requests += 1;
    if (isOpen) answer(request, response);
    else held.push([request, response]);
  });
  const release = (count = Number.POSITIVE_INFINITY) => {
    isOpen = count === Number.POSITIVE_INFINITY;
    for (const [request, response] of held.splice(0, count)) answer(request, response);
  };
  /** Waits until `count` requests wait. */
  const holds = (count) => until(() => held.length === count);
  return Object.assign(server, { requests: 0, release, holds });
}

/** `count` URLs of `server`, each with a path of its own. */
function urlsOf(server, count) {
  return Array.from({ length: count }, (_, i) => `${server.url}/${i}`);
}

module.exports = { serveHeld, urlsOf };
