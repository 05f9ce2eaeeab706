// ky, over Node's own fetch: workers are what bounds its connections.

import ky from 'ky';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

function connect() {
  const client = ky.create({ retry: 0 });
  return async ({ index, url }, tally) => {
    const response = await client.get(url);
    const body = await response.arrayBuffer();
    tally.add(index, response.status, body.byteLength, body);
  };
}

await contendMany(libraryOf('ky'), byWorkers(connect));
