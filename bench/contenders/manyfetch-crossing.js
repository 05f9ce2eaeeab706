// This project, the boundary alone: a list in one call of downloadAll, and then one thing read of each result, which is
// `options.read`. The download and the reading are told apart.

import { contendMany, measuredStretch, urlsOf } from './many.js';
import { clientFor, library, limitsOf } from './manyfetch-client.js';

const readings = {
  nothing: () => {},
  status: (result) => result.status,
  size: (result) => result.size,
  url: (result) => result.url.length,
  body: (result) => result.body.length,
  text: (result) => result.text().length,
  timings: (result) => result.timings.total,
  headers: (result) => result.headers.get('content-length').length,
};

function connect(scenario) {
  const { keep, options } = scenario;
  const client = clientFor(scenario);
  const read = readings[options.read];
  const responseType = keep ? 'buffer' : 'none';
  // An array from before the clock: addresses are no part of the boundary.
  const measured = [...urlsOf(measuredStretch(scenario))];
  return async (stretch, tally) => {
    const urls = stretch.mark ? [...urlsOf(stretch)] : measured;
    const results = await client.downloadAll(urls, { ...limitsOf(scenario), responseType });
    return { results, read, tally };
  };
}

/** Nothing else runs now: the clock is finer than the kernel's account of a thread. */
function timeReading({ results, read, tally }) {
  const start = performance.now();
  for (const result of results) read(result);
  const readSeconds = (performance.now() - start) / 1000;
  // Last, so that nothing of a result was read before.
  for (const { index, status, size } of results) tally.add(index, status, size);
  return { readSeconds };
}

await contendMany(library, connect, { speaks: ['1.1', '2'], tell: timeReading });
