// node:http and node:https over an agent that keeps connections.

import { nodeHttp } from './agent.js';
import { byWorkers, contendMany } from './many.js';

function connect(scenario) {
  const { node, agent } = nodeHttp(scenario);
  return ({ index, url }, tally) =>
    new Promise((resolve, reject) => {
      const request = node.get(url, { agent }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
          tally.add(index, response.statusCode, body.length, body);
          resolve();
        });
      });
      request.on('error', reject);
    });
}

await contendMany(`node:http ${process.versions.node}`, byWorkers(connect));
