// undici over an Agent with a bound on its connections. `options.way`: dispatch, request or fetch.

import { Agent, fetch, request } from 'undici';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

const ways = {
  dispatch: (dispatcher) => (request, tally) =>
    new Promise((resolve, reject) => {
      dispatcher.dispatch(
        { ...targetOf(request.url), method: 'GET' },
        handlerOf(request, tally, { resolve, reject }),
      );
    }),
  request:
    (dispatcher) =>
    async ({ index, url }, tally) => {
      const response = await request(url, { dispatcher });
      const body = await response.body.arrayBuffer();
      tally.add(index, response.statusCode, body.byteLength, body);
    },
  fetch:
    (dispatcher) =>
    async ({ index, url }, tally) => {
      const response = await fetch(url, { dispatcher });
      const body = await response.arrayBuffer();
      tally.add(index, response.status, body.byteLength, body);
    },
};

/** dispatch takes origin and path apart: to cut is all that these addresses need. */
function targetOf(url) {
  const slash = url.indexOf('/', 'https://'.length);
  return { origin: url.slice(0, slash), path: url.slice(slash) };
}

function handlerOf({ index }, tally, { resolve, reject }) {
  const chunks = [];
  let [status, bytes] = [0, 0];
  return {
    onRequestStart() {},
    onResponseStart(_controller, statusCode) {
      status = statusCode;
    },
    onResponseData(_controller, chunk) {
      bytes += chunk.length;
      if (tally.kept) chunks.push(chunk);
    },
    onResponseEnd() {
      tally.add(index, status, bytes, chunks);
      resolve();
    },
    onResponseError(_controller, error) {
      reject(error);
    },
  };
}

/** Streams of HTTP/2 share one connection. What an Agent calls pipelining is how many of them. */
function connect({ concurrency, http, options: { way = 'request' } }) {
  const multiplexed = http === '2' && { allowH2: true, connections: 1, pipelining: concurrency };
  return ways[way](new Agent({ connections: concurrency, ...multiplexed }));
}

await contendMany(libraryOf('undici'), byWorkers(connect), { speaks: ['1.1', '2'] });
