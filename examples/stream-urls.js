// Streams URLs through a pipeline, however many: reads them from stdin, fetches them, and writes a line of JSON for each page with its
// status, size and title. Memory stays the same from the first to the last: a slow reader of stdout slows the connections down, and
// they slow the reading of stdin down.
//
//   node stream-urls.js < urls.txt > pages.ndjson
//
// Pages come in the order in which they are done.

'use strict';

const readline = require('node:readline');
const { pipeline } = require('node:stream/promises');
const { downloadEach } = require('manyfetch');

function titleOf(text) {
  return text.match(/<title[^>]*>([^<]*)/i)?.[1].trim();
}

async function* lines(urls) {
  const options = { concurrency: 200, maxBodySize: 4 << 20 };
  for await (const result of downloadEach(urls, options)) {
    const { url, status, size, error } = result;
    const title = titleOf(result.text());
    yield `${JSON.stringify({ url, status, size, title, error: error?.code })}\n`;
  }
}

async function main() {
  const urls = readline.createInterface({ input: process.stdin });
  await pipeline(lines(urls), process.stdout);
}

main().catch((error) => {
  // Whoever read stdout has had enough: `| head` does that.
  if (error.code !== 'EPIPE') throw error;
});
