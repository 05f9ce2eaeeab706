// undici.request over an Agent with a bound on its connections, with the same limit as fetch has.

import { createRequire } from 'node:module';
import { Agent, request } from 'undici';
import { withLimit } from './limit.js';
import { contend } from './links.js';

const { version } = createRequire(import.meta.url)('undici/package.json');

async function download({ links, concurrency }, clock) {
  const dispatcher = new Agent({ connections: concurrency });
  return withLimit(concurrency, links, async ({ index, url }) => {
    const startMs = clock();
    const response = await request(url, { dispatcher });
    const headMs = clock();
    const body = Buffer.from(await response.body.arrayBuffer());
    const endMs = clock();
    const phases = { firstByte: headMs - startMs, download: endMs - headMs };
    return { index, status: response.statusCode, body, startMs, endMs, phases };
  });
}

await contend(`undici ${version}`, download);
