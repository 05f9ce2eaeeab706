// axios over Node's agent.

import axios from 'axios';
import { nodeHttp } from './agent.js';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

function connect(scenario) {
  const { agent } = nodeHttp(scenario);
  const client = axios.create({
    httpAgent: agent,
    httpsAgent: agent,
    responseType: 'arraybuffer',
  });
  return async ({ index, url }, tally) => {
    const { status, data } = await client.get(url);
    tally.add(index, status, data.byteLength, data);
  };
}

await contendMany(libraryOf('axios'), byWorkers(connect));
