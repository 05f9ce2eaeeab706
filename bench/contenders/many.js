// What the contenders of the million have in common: addresses from a generator, and a tally in place of a list of answers.

import { Lateness } from './lateness.js';
import { answer } from './protocol.js';

/** The address of one request. Its length is in the path; the rest makes each address another one. */
export function urlOf({ base, shortest, lengths }, index) {
  return `${base}/bytes/${shortest + (index % lengths)}?${index}`;
}

/** One after another, when the next is asked for: nobody holds the list. */
export function* requestsOf({ urls, requests }) {
  for (let index = 0; index < requests; index++) yield { index, url: urlOf(urls, index) };
}

/** The same for those who take plain addresses. */
export function* urlsOf(scenario) {
  for (const { url } of requestsOf(scenario)) yield url;
}

export class Tally {
  responses = 0;
  statuses = {};
  bytes = 0;
  /** Tells an answer that came twice from two answers. Exact: a million requests stay far below 2⁵³. */
  checksum = 0;

  add(index, status, bytes) {
    this.responses += 1;
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    this.bytes += bytes;
    this.checksum += (index + 1) * bytes;
  }
}

/**
 * @param {string} library name and version of what does the work
 * @param {(scenario: object, tally: Tally) => Promise<any>} download
 * @param {(outcome: any) => object} [after] what else to report, found out when the clock has stopped
 */
export async function contendMany(library, download, after = () => ({})) {
  const tally = new Tally();
  const lateness = new Lateness();
  const work = async (scenario) => {
    lateness.start();
    const outcome = await download(scenario, tally);
    lateness.stop();
    return outcome;
  };
  await answer(library, work, (outcome) => ({
    tally,
    timerLateMs: lateness.summary(),
    ...after(outcome),
  }));
}
