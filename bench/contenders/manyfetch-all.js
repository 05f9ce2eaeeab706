// This project, a million requests in one call of downloadAll: all results are kept, their bodies are not.

import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { downloadAll } from '../../index.js';
import { contendMany, urlsOf } from './many.js';

const { version } = createRequire(import.meta.url)('../../package.json');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

async function download(scenario, tally) {
  const { concurrency } = scenario;
  const before = residentBytes();
  // One attempt each, as the others make.
  const options = { concurrency, concurrencyPerHost: concurrency, retry: false };
  const results = await downloadAll(urlsOf(scenario), { ...options, responseType: 'none' });
  for (const { index, status, size } of results) tally.add(index, status, size);
  return { before, results };
}

function memoryOfResults({ before, results }) {
  const grown = residentBytes() - before;
  return { resultBytes: grown / results.length };
}

function residentBytes() {
  collectGarbage();
  return process.memoryUsage.rss();
}

await contendMany(`manyfetch ${version}`, download, memoryOfResults);
