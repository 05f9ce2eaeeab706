// Checks a list of links, and writes the dead ones with what is wrong with each. Of a page hardly more than the head is read.
//
//   node check-links.js urls.txt
//
// `urls.txt` has a URL a line. The exit code is 1 if there are dead ones.

'use strict';

const fs = require('node:fs');
const { downloadEach } = require('manyfetch');

const [list] = process.argv.slice(2);

/** What is wrong with a link; undefined if it is fine. */
function faultOf({ ok, status, statusText, error }) {
  if (ok) return undefined;
  return error?.code ?? `${status} ${statusText}`.trim();
}

async function main() {
  const urls = fs.readFileSync(list, 'utf8').split(/\s+/).filter(Boolean);
  const run = downloadEach(urls, {
    responseType: 'head',
    dedupe: true,
    timeout: 20_000,
    // Say who you are, and where you can be asked to stop.
    headers: { 'user-agent': 'link-checker (+https://example.com/bot)' },
  });
  for await (const result of run) {
    const fault = faultOf(result);
    if (fault === undefined) continue;
    console.log(`${fault}\t${result.requestUrl}`);
    process.exitCode = 1;
  }
  const { done, ok, seconds } = run.stats;
  console.error(`${done} links in ${seconds.toFixed(1)} s, ${done - ok} of them dead`);
}

main();
