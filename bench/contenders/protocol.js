// The protocol of a contender in JavaScript: scenario in on stdin, one JSON line out on stdout.
// Knows nothing of how a contender downloads.

import { text } from 'node:stream/consumers';
import { startMeter } from './meter.js';

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
