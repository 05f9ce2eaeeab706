// The runtime's own fetch, Node's or Bun's: workers are what bounds its connections.

import { byWorkers, contendMany } from './many.js';

const library = process.versions.bun ? 'fetch' : `fetch (undici ${process.versions.undici})`;

function connect() {
  return async ({ index, url }, tally) => {
    const response = await fetch(url);
    const body = await response.arrayBuffer();
    tally.add(index, response.status, body.byteLength, body);
  };
}

await contendMany(library, byWorkers(connect));
