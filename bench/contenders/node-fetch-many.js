// node-fetch over Node's agent.

import fetch from 'node-fetch';
import { nodeHttp } from './agent.js';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

function connect(scenario) {
  const { agent } = nodeHttp(scenario);
  return async ({ index, url }, tally) => {
    const response = await fetch(url, { agent });
    const body = await response.arrayBuffer();
    tally.add(index, response.status, body.byteLength, body);
  };
}

await contendMany(libraryOf('node-fetch'), byWorkers(connect));
