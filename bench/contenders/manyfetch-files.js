// This project, saving files: one call with `saveTo`.

import { createRequire } from 'node:module';
import { downloadAll } from '../../index.js';
import { answer } from './protocol.js';

const { version } = createRequire(import.meta.url)('../../package.json');

async function save({ links, folder, concurrency }) {
  const urls = links.map(({ url }) => url);
  // One attempt each, as the others make.
  const limits = { concurrency, concurrencyPerHost: concurrency, retry: false };
  const results = await downloadAll(urls, { ...limits, saveTo: folder });
  const failed = results.find(({ error }) => error);
  if (failed) throw failed.error;
}

await answer(`manyfetch ${version}`, save);
