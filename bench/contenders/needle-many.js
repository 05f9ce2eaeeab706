// needle over Node's agent; bodies as they came, neither parsed nor decoded.

import needle from 'needle';
import { nodeHttp } from './agent.js';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

function connect(scenario) {
  const { agent } = nodeHttp(scenario);
  const options = { agent, parse: false, decode: false };
  return async ({ index, url }, tally) => {
    const { statusCode, body } = await needle('get', url, options);
    tally.add(index, statusCode, body.length, body);
  };
}

await contendMany(libraryOf('needle'), byWorkers(connect));
