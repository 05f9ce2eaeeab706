// The protocol of a contender in JavaScript: scenario in on stdin, one JSON line out on stdout.
// Knows nothing of how a contender downloads.

import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { startMeter } from './meter.js';

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
  const scenario = await readScenario();
  const meter = startMeter();
  const outcome = await work(scenario, meter.clock);
  // Stopped before anything is told, bodies are hashed for example: that is the harness's work and not the contender's.
  const figures = meter.stop();
  report(library, { ...figures, ...tell(outcome, scenario) });
}

export async function readScenario() {
  return JSON.parse(await text(process.stdin));
}

export function report(library, figures) {
  console.log(JSON.stringify({ ...figures, versions: { runtime: runtime(), library } }));
}

function runtime() {
  const { bun, node } = process.versions;
  return bun ? `bun ${bun}` : `node ${node}`;
}

function linkOf({ index, status, body, startMs, endMs, phases, error }, links) {
  const bytes = Buffer.from(body ?? '');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const times = { startMs: rounded(startMs), endMs: rounded(endMs), phases: roundedAll(phases) };
  return { index, url: links[index].url, status, bytes: bytes.length, sha256, ...times, error };
}

function roundedAll(phases = {}) {
  return Object.fromEntries(Object.entries(phases).map(([name, ms]) => [name, rounded(ms)]));
}

function rounded(ms) {
  return Math.round(ms * 1000) / 1000;
}
