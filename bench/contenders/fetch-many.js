// Node's own fetch: as many workers as may be in flight over one generator.

import { forEachLimited } from './limit.js';
import { contendMany, requestsOf } from './many.js';

async function download(scenario, tally) {
  await forEachLimited(scenario.concurrency, requestsOf(scenario), async ({ index, url }) => {
    const response = await fetch(url);
    const { byteLength } = await response.arrayBuffer();
    tally.add(index, response.status, byteLength);
  });
}

await contendMany(`fetch (undici ${process.versions.undici})`, download);
