// What the contenders of the article answer: each link with what came of it, bodies as their hashes.

import { createHash } from 'node:crypto';
import { answer } from './protocol.js';

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
