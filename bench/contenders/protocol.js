// The protocol of a contender in JavaScript: scenario in on stdin, the clock, one JSON line out on stdout.
// Knows nothing of how a contender downloads.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/**
 * For whoever is asked for an answer a link.
 * @param {string} library name and version of what does the work
 * @param {(scenario: object, clock: () => number) => Promise<object[]>} download resolves with an answer a request:
 *   `{ index, status, body, startMs, endMs, phases?, error? }`, in milliseconds of the clock
 */
export async function contend(library, download) {
  await answer(library, download, (answers, { links }) => ({
    links: answers.map((each) => linkOf(each, links)),
  }));
}

/**
 * @param {string} library name and version of what does the work
 * @param {(scenario: object, clock: () => number) => Promise<any>} work what the clock runs for
 * @param {(outcome: any, scenario: object) => object} [tell] what else to report of it
 */
export async function answer(library, work, tell = () => ({})) {
  const scenario = JSON.parse(await text(process.stdin));
  const start = performance.now();
  const clock = () => performance.now() - start;
  const outcome = await work(scenario, clock);
  const seconds = clock() / 1000;

  // Taken before anything is told, bodies are hashed for example: that is the harness's work and not the contender's.
  const cpu = process.cpuUsage();
  const report = {
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakRssBytes: peakRssBytes(),
    versions: { runtime: `node ${process.versions.node}`, library },
  };
  console.log(JSON.stringify({ ...report, ...tell(outcome, scenario) }));
}

function linkOf({ index, status, body, startMs, endMs, phases, error }, links) {
  const bytes = Buffer.from(body ?? '');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const times = { startMs: rounded(startMs), endMs: rounded(endMs), phases: roundedAll(phases) };
  return { index, url: links[index].url, status, bytes: bytes.length, sha256, ...times, error };
}

/** On Linux getrusage counts from before exec and so reports the harness's own peak; /proc does not. */
function peakRssBytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

function roundedAll(phases = {}) {
  return Object.fromEntries(Object.entries(phases).map(([name, ms]) => [name, rounded(ms)]));
}

function rounded(ms) {
  return Math.round(ms * 1000) / 1000;
}
