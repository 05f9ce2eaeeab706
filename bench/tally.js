// What a million answers must add up to. Nobody keeps an entry for each: they are counted, and the origin counts as well. Pure.

import { urlOf } from './contenders/many.js';

/**
 * @param {{base: string, shortest: number, lengths: number}} urls how the addresses are made
 * @param {number} requests
 * @param {Map<string, {bytes: number}>} served one address of each length
 */
export function expectedTally(urls, requests, served) {
  const lengths = probes(urls).map((url) => served.get(url).bytes);
  const tally = { responses: requests, bytes: 0, checksum: 0 };
  for (let index = 0; index < requests; index++) {
    const bytes = lengths[index % lengths.length];
    tally.bytes += bytes;
    tally.checksum += (index + 1) * bytes;
  }
  return tally;
}

/** An address of each length. */
export function probes(urls) {
  return Array.from({ length: urls.lengths }, (_, index) => urlOf(urls, index));
}

/** @returns {string | null} why a contender's tally is not to be believed, or null */
export function checkTally(tally, expected) {
  const failed = checkStatuses(tally);
  if (failed) return failed;
  const wrong = ['responses', 'bytes', 'checksum'].find((name) => tally[name] !== expected[name]);
  return wrong ? `${wrong}: ${tally[wrong]}, expected were ${expected[wrong]}` : null;
}

/** For whoever knows how many answers it had and not what was in them. */
export function checkStatuses(tally) {
  if (!tally?.statuses) return 'no tally in its answer';
  const others = Object.entries(tally.statuses).filter(([status]) => status !== '200');
  if (others.length > 0) return `${others[0][1]} answers with status ${others[0][0]}`;
  if (tally.statuses[200] === tally.responses) return null;
  return 'its statuses are not as many as its answers';
}
