// This project: all requests in one call of downloadAll. All results are kept, and their bodies if the scenario says so.
// Of every result the status and the length are read: `size`, or with `options.read: 'body'` that of the Buffer.

import { contendMany, urlsOf } from './many.js';
import { clientFor, library, limitsOf } from './manyfetch-client.js';

const lengths = { size: ({ size }) => size, body: ({ body }) => body.length };

function connect(scenario) {
  const { keep, options } = scenario;
  const { responseType = keep ? 'buffer' : 'none', read = 'size', weigh } = options;
  const client = clientFor(scenario);
  const lengthOf = lengths[read];
  return async (stretch, tally) => {
    const scales = weigh ? await import('./scales.js') : undefined;
    const before = scales?.residentBytes();
    const results = await client.downloadAll(urlsOf(stretch), {
      ...limitsOf(scenario),
      responseType,
    });
    for (const result of results) tally.add(result.index, result.status, lengthOf(result));
    return { scales, before, results };
  };
}

/** `options.weigh`: what a result takes. A collection of garbage before and after is its price. */
function weight({ scales, before, results }) {
  if (scales === undefined) return {};
  return { resultBytes: (scales.residentBytes() - before) / results.length };
}

await contendMany(library, connect, { speaks: ['1.1', '2'], tell: weight });
