// This project: one loop over downloadEach, which pulls the generator as it goes.

import { contendMany, urlsOf } from './many.js';
import { clientFor, library, limitsOf } from './manyfetch-client.js';

function connect(scenario) {
  const { keep } = scenario;
  const client = clientFor(scenario);
  return async (stretch, tally) => {
    for await (const result of client.downloadEach(urlsOf(stretch), limitsOf(scenario))) {
      tally.add(result.index, result.status, result.size, keep ? result.body : undefined);
    }
  };
}

await contendMany(library, connect, { speaks: ['1.1', '2'] });
