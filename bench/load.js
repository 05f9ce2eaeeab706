// Suites of many requests to be counted and not listed: from the data of one, what the harness asks of a suite. Pure, but that
// it fetches what the origin serves.

import { fetchExpected } from './expected.js';
import { summarize } from './stats.js';
import { checkStatuses, checkTally, expectedTally, probes } from './tally.js';

const answers = ['workCpuSeconds', 'mainThreadCpuSeconds', 'readSeconds', 'tally', 'timerLateMs'];

/** Lengths differ, so that the sum of what was read tells more than how often. Their mean is `bytes`. */
const LENGTHS = 49;

/** Five in a hundred, but for the slow, of which there are few: compilers take some hundreds of calls to see what is hot. */
const WARM_LEAST = 1000;
const WARM_SHARE = 0.05;

/**
 * @param {object} suite as suites/index.js describes it; and `warmLeast`, if a thousand requests to warm up with are too many (0: none);
 *   `unit(tally)`: what figures are per, requests unless said. Its cases have `scheme`, `http`, `bytes`, `concurrency`, and
 *   `hosts` for a host of its own for each request, `share` for fewer requests, `lateness` where timers are measured
 */
export function loadSuite(suite) {
  const { unit = ({ responses }) => responses, warmLeast = WARM_LEAST } = suite;
  return {
    pinned: true,
    limitMs: 120_000,
    answers,
    takes,
    plan: (contender, site, requests, each) =>
      planLoad({ suite: suite.name, contender, site, requests, each, warmLeast }),
    expect: (entries, site) =>
      fetchExpected(
        entries.flatMap(({ scenario }) => probes(scenario.urls)),
        site.ca,
      ),
    check: checkLoad,
    figures: (records, entry) => loadFigures(records, entry, unit),
    relate: withLimits,
    sortBy: ({ unitCpu }) => unitCpu?.median,
    sizes: ' (× the share of a row or case, see `requests` in the records)',
    ...suite,
  };
}

/** Whether a contender can do what a case asks for, and is wanted in it. */
function takes({ cases, http = ['1.1'], schemes, most = Infinity }, each) {
  return (
    (cases?.includes(each.id) ?? true) &&
    (schemes?.includes(each.scheme) ?? true) &&
    http.includes(each.http) &&
    each.concurrency <= most
  );
}

function planLoad({ suite, contender, site, requests, each, warmLeast }) {
  const { keep, options, share = 1, whole, check } = contender;
  const measured = Math.max(1, Math.round(requests * share * (each.share ?? 1)));
  const warm = whole ? 0 : warmUpFor(measured, warmLeast);
  // Who runs for a time has no number that was planned.
  const timed = check === 'count';
  return {
    requestCount: timed ? undefined : measured + warm,
    scenario: {
      suite,
      case: each.id,
      urls: { ...addressesOf(each, site), shortest: each.bytes - (LENGTHS >> 1), lengths: LENGTHS },
      ...(!timed && { requests: measured, warm }),
      concurrency: each.concurrency,
      keep,
      http: each.http,
      ...(each.scheme === 'https' && { ca: site.ca }),
      lateness: each.lateness ?? false,
      options,
    },
  };
}

/** Never more than is measured. */
function warmUpFor(requests, least) {
  if (least === 0) return 0;
  return Math.min(requests, Math.max(least, Math.round(requests * WARM_SHARE)));
}

function addressesOf({ scheme, hosts }, site) {
  if (hosts) return { hosts: site.addressesPort };
  return { base: scheme === 'https' ? site.secureUrlOf('a', '') : site.plainUrlOf('a', '') };
}

function checkLoad(answer, { contender, scenario }, served) {
  const { tally, cpuSeconds, workCpuSeconds } = answer;
  const wrong =
    contender.check === 'count'
      ? checkStatuses(tally)
      : checkTally(tally, expectedTally(scenario.urls, scenario.requests, served));
  return wrong ?? checkCpu(workCpuSeconds, cpuSeconds);
}

/** A part of the CPU time is not more than all of it, but for how coarsely it is counted. Windows has none for programs. */
function checkCpu(part, all) {
  if (part == null || all == null || part <= all + 0.02) return null;
  return `${part} s of CPU time for the work, ${all} s in all`;
}

function loadFigures(records, { scenario, contender }, unit) {
  const of = (pick) => summarize(records.map((record) => pick(record, unit(record.tally))));
  const middle = (pick) => of(pick)?.median ?? null;
  return {
    requests: middle(({ tally }) => tally.responses) ?? scenario.requests,
    unitCpu: of(({ workCpuSeconds }, units) => micros(workCpuSeconds, units)),
    perSecond: middle(({ seconds }, units) => units / seconds),
    mainMicros: middle(({ mainThreadCpuSeconds }, units) => micros(mainThreadCpuSeconds, units)),
    readNanos: middle(({ readSeconds }, units) => micros(readSeconds, units) * 1000),
    // What a program needs to start is its whole time; a wrapper around it is not.
    wholeSeconds: of(({ seconds, processSeconds }) => (contender.whole ? seconds : processSeconds)),
    bodyBytes: middle(({ tally }) => tally.bytes),
    timerLateMs: lateOf(middle),
  };
}

/** NaN where there was nothing to measure, and then no figure. */
function micros(seconds, units) {
  return ((seconds ?? Number.NaN) * 1e6) / units;
}

function lateOf(middle) {
  const late = (name) => middle(({ timerLateMs }) => timerLateMs?.[name]);
  return { median: late('median'), p99: late('p99'), max: late('max') };
}

/** Each row's CPU by that of plain reqwest in the same case and of the same kind, bodies kept or dropped. */
function withLimits(rows) {
  return rows.map((row) => {
    const limit = rows.find(
      (other) => other.case === row.case && other.keep === row.keep && isReqwest(other),
    );
    const [own, least] = [row, limit].map((each) => each?.unitCpu?.median);
    return { ...row, timesLimit: own && least ? own / least : null };
  });
}

function isReqwest({ id }) {
  return id === 'reqwest' || id === 'reqwest-kept';
}
