// The request package over Node's agent.

import request from 'request';
import { nodeHttp } from './agent.js';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

function connect(scenario) {
  const { agent } = nodeHttp(scenario);
  const client = request.defaults({ agent, encoding: null });
  return ({ index, url }, tally) =>
    new Promise((resolve, reject) => {
      client(url, (error, response, body) => {
        if (error) return reject(error);
        tally.add(index, response.statusCode, body.length, body);
        resolve();
      });
    });
}

await contendMany(libraryOf('request'), byWorkers(connect));
