// Finds out how fast each way is, with your list, from where you are: Node's fetch one after another, ten at a time, and `downloadAll`.
//
//   node compare-ways.js urls.txt
//
// Every URL is asked for three times. One run says little: servers and networks have moods. `npm run bench` in the checkout measures
// more ways, against a server of its own, in rounds, and checks every answer.

'use strict';

const fs = require('node:fs');
const { downloadAll } = require('manyfetch');

const AT_ONCE = 10;

const ways = {
  'fetch, one after another': (urls) => fetchAll(urls, 1),
  'fetch, ten at a time': (urls) => fetchAll(urls, AT_ONCE),
  downloadAll: async (urls) => {
    const limits = { concurrency: AT_ONCE, concurrencyPerHost: AT_ONCE };
    const results = await downloadAll(urls, { ...limits, retry: false });
    return results.map((result) => (result.error ? undefined : result.text().length));
  },
};

/** The lengths of all texts, fetched by so many workers over one list. */
async function fetchAll(urls, workers) {
  const lengths = [];
  const entries = urls.entries();
  const work = async () => {
    for (const [i, url] of entries) lengths[i] = await lengthOf(url);
  };
  await Promise.all(Array.from({ length: workers }, work));
  return lengths;
}

/** Undefined if it cannot be had. */
async function lengthOf(url) {
  try {
    return (await (await fetch(url)).text()).length;
  } catch {
    return undefined;
  }
}

async function main() {
  const urls = fs.readFileSync(process.argv[2], 'utf8').split(/\s+/).filter(Boolean);
  for (const [name, way] of Object.entries(ways)) {
    const start = performance.now();
    const lengths = await way(urls);
    const seconds = ((performance.now() - start) / 1_000).toFixed(3);
    const got = lengths.filter((length) => length !== undefined).length;
    console.log(`${name}: ${seconds} s for ${got} of ${urls.length}`);
  }
}

main();
