// got over Node's agent.

import got from 'got';
import { nodeHttp } from './agent.js';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

function connect(scenario) {
  const { agent } = nodeHttp(scenario);
  const client = got.extend({
    agent: { http: agent, https: agent },
    retry: { limit: 0 },
    responseType: 'buffer',
  });
  return async ({ index, url }, tally) => {
    const { statusCode, body } = await client(url);
    tally.add(index, statusCode, body.length, body);
  };
}

await contendMany(libraryOf('got'), byWorkers(connect));
