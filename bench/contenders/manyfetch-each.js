// This project, a million requests: one loop over downloadEach, which pulls the generator as it goes.

import { createRequire } from 'node:module';
import { downloadEach } from '../../index.js';
import { contendMany, urlsOf } from './many.js';

const { version } = createRequire(import.meta.url)('../../package.json');

async function download(scenario, tally) {
  const { concurrency } = scenario;
  // One attempt each, as the others make.
  const options = { concurrency, concurrencyPerHost: concurrency, retry: false };
  for await (const { index, status, size } of downloadEach(urlsOf(scenario), options)) {
    tally.add(index, status, size);
  }
}

await contendMany(`manyfetch ${version}`, download);
