// The request package in batches: send ten, wait until all ten have called back, send the next ten.
// `stride` is how far the next batch starts from the last one: 1 as the article published it, 10 mended.

import { createRequire } from 'node:module';
import request from 'request';
import { contend } from './links.js';

const { version } = createRequire(import.meta.url)('request/package.json');

async function download({ links, concurrency, options: { stride, timeoutMs } }, clock) {
  const answers = [];
  for (let i = 0; i < links.length / concurrency; i++) {
    const batch = links.slice(i * stride, i * stride + concurrency);
    answers.push(...(await Promise.all(batch.map((link) => get(link, timeoutMs, clock)))));
  }
  return answers;
}

function get({ index, url }, timeout, clock) {
  const startMs = clock();
  let headMs = startMs;
  return new Promise((resolve) => {
    const called = request(url, { timeout }, (error, response, body) => {
      const endMs = clock();
      const status = response?.statusCode;
      const phases = { firstByte: headMs - startMs, download: endMs - headMs };
      resolve({ index, status, body, startMs, endMs, phases, error: error?.code });
    });
    called.on('response', () => {
      headMs = clock();
    });
  });
}

await contend(`request ${version}`, download);
