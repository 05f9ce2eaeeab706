// Saves a list of files to a folder. Kill it at any instant and run the same line again: it fetches what is missing, and goes on with
// files that were begun where the server lets it.
//
//   node save-files.js urls.txt folder
//
// `urls.txt` has a URL a line. What is finished is written down in `folder.ndjson`, so the list may grow at its end, and nothing else of
// it may change. What failed is told on stderr, and the exit code is 1 then. Run again, it tries what had no answer, or one such as 503.

'use strict';

const fs = require('node:fs');
const { downloadAll } = require('manyfetch');

const [list, dir] = process.argv.slice(2);

function showProgress({ done, total, bytes }) {
  const text = `${done} of ${total}, ${(bytes / 1e6).toFixed(1)} MB`;
  if (process.stderr.isTTY) process.stderr.write(`\r${text} `);
}

async function main() {
  const urls = fs.readFileSync(list, 'utf8').split(/\s+/).filter(Boolean);
  const results = await downloadAll(urls, {
    saveTo: { dir, ifExists: 'resume' },
    journal: `${dir}.ndjson`,
    onProgress: showProgress,
  });
  for (const { ok, url, status, error } of results) {
    if (!ok) console.error(`${url}: ${error?.message ?? `status ${status}`}`);
  }
  const { ok, failed } = results.stats;
  const before = results.filter((result) => result.ok && result.fromJournal).length;
  console.log(`${ok} files are there, ${before} of them from before; ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

main();
