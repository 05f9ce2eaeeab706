// What the boundary costs: CPU of the main thread for a result, and for each way of reading one. `node bench/boundary.js`.
// Linux only, since it asks the kernel for the time of one thread.

import { readFileSync } from 'node:fs';
import { downloadAll } from '../index.js';
import { median } from './stats.js';
import { startOrigin } from './origin.js';

const COUNT = 100_000;
const ROUNDS = 5;
const OPTIONS = { concurrency: 64, concurrencyPerHost: 64, retry: false };

const READINGS = {
  status: (result) => result.status,
  size: (result) => result.size,
  url: (result) => result.url.length,
  body: (result) => result.body.length,
  text: (result) => result.text().length,
  timings: (result) => result.timings.total,
  headers: (result) => result.headers.get('content-length').length,
};

/** Microseconds that the main thread has run. */
function mainThread() {
  const schedstat = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
  return Number(schedstat.split(' ')[0]) / 1e3;
}

function processTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function round(url) {
  const urls = new Array(COUNT).fill(url);
  const [main, all] = [mainThread(), processTime()];
  const results = await downloadAll(urls, OPTIONS);
  const costs = { 'all threads': processTime() - all, 'main thread': mainThread() - main };
  for (const [name, read] of Object.entries(READINGS)) {
    // Nothing else runs now: the clock is finer than the kernel's account of a thread.
    const before = performance.now();
    for (const result of results) read(result);
    costs[`reading ${name}`] = (performance.now() - before) * 1e3;
  }
  return costs;
}

const origin = await startOrigin({ threads: 1, pageBytes: 1024 }, { say: console.error });
try {
  const url = origin.plainUrlOf('a', '/page/0');
  await round(url);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await round(url));
  console.log(
    `microseconds of CPU for a result of 1 KiB, ${COUNT} of them, median of ${ROUNDS} (all)`,
  );
  for (const name of Object.keys(rounds[0])) {
    const samples = rounds.map((costs) => costs[name] / COUNT);
    const all = samples.map((sample) => sample.toFixed(2)).join(' ');
    console.log(`${name.padEnd(16)} ${median(samples).toFixed(2).padStart(6)}   (${all})`);
  }
} finally {
  await origin.stop();
}
