// Node's own fetch, with a limit.

import { withLimit } from './limit.js';
import { contend } from './links.js';

async function download({ links, concurrency }, clock) {
  return withLimit(concurrency, links, async ({ index, url }) => {
    const startMs = clock();
    const response = await fetch(url);
    const headMs = clock();
    const body = Buffer.from(await response.arrayBuffer());
    const endMs = clock();
    const phases = { firstByte: headMs - startMs, download: endMs - headMs };
    return { index, status: response.status, body, startMs, endMs, phases };
  });
}

await contend(`fetch (undici ${process.versions.undici})`, download);
