// undici.request over an Agent with a bound on its connections: as many workers over one generator.

import { createRequire } from 'node:module';
import { Agent, request } from 'undici';
import { forEachLimited } from './limit.js';
import { contendMany, requestsOf } from './many.js';

const { version } = createRequire(import.meta.url)('undici/package.json');

async function download(scenario, tally) {
  const { concurrency } = scenario;
  const dispatcher = new Agent({ connections: concurrency });
  await forEachLimited(concurrency, requestsOf(scenario), async ({ index, url }) => {
    const { statusCode, body } = await request(url, { dispatcher });
    const { byteLength } = await body.arrayBuffer();
    tally.add(index, statusCode, byteLength);
  });
}

await contendMany(`undici ${version}`, download);
