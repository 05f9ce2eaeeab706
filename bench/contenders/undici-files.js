// undici.request and files by hand, as many at once as may be: streamed to disk, or read whole and then written.

import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';
import { forEachLimited } from './limit.js';
import { answer } from './protocol.js';

const { version } = createRequire(import.meta.url)('undici/package.json');

const ways = {
  pipeline: (body, file) => pipeline(body, createWriteStream(file)),
  writeFile: async (body, file) => writeFile(file, await body.bytes()),
};

async function save({ links, folder, concurrency, options }) {
  const dispatcher = new Agent({ connections: concurrency });
  const write = ways[options.way];
  await forEachLimited(concurrency, links, async ({ url, name }) => {
    const { statusCode, body } = await request(url, { dispatcher });
    if (statusCode !== 200) throw new Error(`status ${statusCode} for ${url}`);
    await write(body, join(folder, name));
  });
}

await answer(`undici ${version}`, save);
