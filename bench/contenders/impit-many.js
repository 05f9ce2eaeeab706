// impit, without a browser to look like: workers are what bounds its connections.

import { createRequire } from 'node:module';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

const heavy = new URL('../heavy/package.json', import.meta.url);
const { Impit } = createRequire(heavy)('impit');

function connect() {
  const client = new Impit();
  return async ({ index, url }, tally) => {
    const response = await client.fetch(url);
    const body = await response.arrayBuffer();
    tally.add(index, response.status, body.byteLength, body);
  };
}

await contendMany(libraryOf('impit', heavy), byWorkers(connect));
