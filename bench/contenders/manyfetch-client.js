// This project as the contenders of many requests use it.

import { createRequire } from 'node:module';
import { Client } from '../../index.js';

const { version } = createRequire(import.meta.url)('../../package.json');

export const library = `manyfetch ${version}`;

export function clientFor({ http }) {
  return new Client({ http2: http === '2' });
}

/** One attempt each, as the others make, and no other limit than theirs. */
export function limitsOf({ concurrency }) {
  return { concurrency, concurrencyPerHost: concurrency, retry: false };
}
