// This project: one call.

import { createRequire } from 'node:module';
import { downloadAll } from '../../index.js';
import { contend } from './links.js';

const { version } = createRequire(import.meta.url)('../../package.json');

async function fetchAll({ links, concurrency }) {
  const urls = links.map(({ url }) => url);
  // One attempt a link, as the others make.
  const limits = { concurrency, concurrencyPerHost: concurrency };
  const results = await downloadAll(urls, { ...limits, retry: false });
  return results.map(answerOf);
}

function answerOf({ index, status, body, error, timings }) {
  const { queue, dns, connect, firstByte, download } = timings;
  const endMs = queue + dns + connect + firstByte + download;
  const phases = { dns, connect, firstByte, download };
  return { index, status, body, error: error?.code, startMs: queue, endMs, phases };
}

await contend(`manyfetch ${version}`, fetchAll);
