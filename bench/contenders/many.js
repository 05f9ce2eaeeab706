// What contenders of many requests have in common: addresses from a generator, a tally in place of a list of answers, and
// requests that only warm up, before the clock runs.

import { Lateness } from './lateness.js';
import { forEachLimited } from './limit.js';
import { startMeter } from './meter.js';
import { readScenario, report } from './protocol.js';

/**
 * The address of one request. Its length is in the path; the rest makes each address another one.
 * @param {{base?: string, hosts?: number, shortest: number, lengths: number}} urls one origin for all, or a port and a host
 *   for each
 */
export function urlOf(urls, index, mark = '') {
  return `${originOf(urls, index)}/bytes/${urls.shortest + (index % urls.lengths)}?${mark}${index}`;
}

function originOf({ base, hosts }, index) {
  return base ?? `https://127.1.${index >> 8}.${index & 255}:${hosts}`;
}

/** The requests that are measured. A stretch is what `requestsOf` and `urlsOf` take. */
export function measuredStretch({ urls, requests }) {
  return { urls, count: requests };
}

/** The requests that go before them, told apart by a mark in their addresses. */
export function warmStretch({ urls, warm }) {
  return { urls, count: warm, mark: 'w' };
}

/** One after another, when the next is asked for: nobody holds the list. */
export function requestsOf({ urls, count, mark }) {
  return series(count, (index) => ({ index, url: urlOf(urls, index, mark) }));
}

/** The same for those who take plain addresses. */
export function urlsOf({ urls, count, mark }) {
  return series(count, (index) => urlOf(urls, index, mark));
}

function* series(count, make) {
  for (let index = 0; index < count; index++) yield make(index);
}

export function isSecure({ urls }) {
  return urls.base === undefined || urls.base.startsWith('https:');
}

export class Tally {
  responses = 0;
  statuses = {};
  bytes = 0;
  /** Tells an answer that came twice from two answers. Exact: a million requests stay far below 2⁵³. */
  checksum = 0;
  #kept;

  /** @param {boolean} [keep] whether to hold the bodies, for as long as there is a tally */
  constructor(keep = false) {
    if (keep) this.#kept = [];
  }

  add(index, status, bytes, body) {
    this.responses += 1;
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    this.bytes += bytes;
    this.checksum += (index + 1) * bytes;
    this.#kept?.push(body);
  }

  get kept() {
    return this.#kept;
  }
}

/**
 * @param {string} library name and version of what does the work
 * @param {(scenario: object) => Download | Promise<Download>} connect makes the client, and says how to download with it
 * @param {{speaks?: string[], tell?: (outcome: any) => object}} [more] the versions of HTTP that it can be held to, 1.1 alone
 *   unless said; what else to report of a download, found out when the clock has stopped
 *
 * @typedef {(stretch: object, tally: Tally) => Promise<any>} Download
 */
export async function contendMany(library, connect, { speaks = ['1.1'], tell = () => ({}) } = {}) {
  const scenario = await readScenario();
  const { http = '1.1', warm = 0, keep, lateness = false } = scenario;
  if (!speaks.includes(http)) throw new Error(`${library} cannot be held to HTTP/${http} here`);
  const warmed = warm > 0 ? await warmUp(scenario, connect, tell) : undefined;

  const tally = new Tally(keep);
  const timer = lateness ? new Lateness() : undefined;
  timer?.start();
  const meter = startMeter();
  // What was not warmed up pays for its client too.
  const download = warmed ?? (await connect(scenario));
  const outcome = await download(measuredStretch(scenario), tally);
  const figures = meter.stop();
  timer?.stop();
  report(library, { ...figures, tally, timerLateMs: timer?.summary(), ...tell(outcome) });
}

async function warmUp(scenario, connect, tell) {
  const download = await connect(scenario);
  tell(await download(warmStretch(scenario), new Tally()));
  return download;
}

/**
 * For clients that take one request at a time: as many workers as may be in flight, over one generator.
 * @param {(scenario: object) => Get | Promise<Get>} connect
 *
 * @typedef {(request: {index: number, url: string}, tally: Tally) => Promise<void>} Get
 */
export function byWorkers(connect) {
  return async (scenario) => {
    const get = await connect(scenario);
    return (stretch, tally) =>
      forEachLimited(scenario.concurrency, requestsOf(stretch), (request) => get(request, tally));
  };
}
