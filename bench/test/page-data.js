// Small runs for the tests of the page: records as a contender would leave them, and the run that run.js would make of them.

import { judge } from '../bars.js';
import { suites } from '../suites/index.js';
import { makeRows } from '../summary.js';

const machine = {
  cpu: 'A processor',
  cores: 2,
  memoryBytes: 2 ** 33,
  os: 'Linux 6 x64',
  node: '20.20.2',
  rustc: 'rustc 1.95.0',
  commit: '0123456789ab',
};

/** @param {{id: string, idealSeconds?: number, missing?: string, role?: string, keep?: boolean}[]} contenders */
export function dataOf(suiteName, contenders, records, more = {}) {
  const suite = suites[suiteName];
  const entries = contenders.map(({ id, idealSeconds, missing, role, keep, note }) => ({
    contender: { id, role, note },
    case: suite.cases?.[0].id,
    idealSeconds,
    missing,
    requestCount: 100,
    scenario: { requests: 100, keep },
  }));
  const rows = makeRows(entries, records, suite);
  const run = {
    schema: 1,
    suite: suiteName,
    rounds: Math.max(1, ...records.map(({ round }) => round)),
    live: false,
    startedAt: '2026-11-24T01:02:03.004Z',
    command: `npm run bench -- ${suiteName}`,
    machine,
    cores: null,
    versions: ['node 20.20.2'],
    rows,
    bars: judge(suite.bars, rows),
    site: { threads: 1 },
    ...more,
  };
  // As it comes out of run.json.
  return { run: JSON.parse(JSON.stringify(run)), suite, records };
}

export function record(contender, more = {}) {
  return {
    contender,
    round: 1,
    ok: true,
    failure: null,
    notes: [],
    seconds: 1,
    cpuSeconds: 0.5,
    peakRssBytes: 50e6,
    origin: { connections: 4, peakInFlight: 10, requests: { 1.1: 20 } },
    ...more,
  };
}

/** Twenty links: `startOf` says when each one starts, in milliseconds. */
export function linksAt(startOf, phases = { firstByte: 40, download: 5 }) {
  return Array.from({ length: 20 }, (_, index) => {
    const startMs = startOf(index);
    const lasts = Object.values(phases).reduce((sum, ms) => sum + ms, 0);
    const url = `https://localhost:1/page/${index}`;
    return { index, url, status: 200, bytes: 9, startMs, endMs: startMs + lasts, phases };
  });
}

/** Those of the article that tell most: one after another, in batches, ten at a time, not there, and not believed. */
export function articleData() {
  const told = { dns: 2, connect: 20, firstByte: 30, download: 3 };
  const barrier = (index) => Math.floor(index / 10) * 200 + (index % 10);
  return dataOf(
    'article',
    [
      { id: 'manyfetch', idealSeconds: 0.09 },
      { id: 'node-request', idealSeconds: 0.09 },
      { id: 'requests', idealSeconds: 0.9 },
      { id: 'aiohttp', missing: 'python3 was not found' },
      { id: 'fetch' },
    ],
    [
      record('manyfetch', { seconds: 0.1, links: linksAt((index) => index * 2, told) }),
      record('manyfetch', { round: 2, seconds: 0.12, links: linksAt((index) => index * 3, told) }),
      record('node-request', { seconds: 0.25, links: linksAt(barrier) }),
      record('requests', { seconds: 0.95, links: linksAt((index) => index * 46) }),
      record('fetch', { ok: false, failure: 'link 3: status 500', links: linksAt(() => 0) }),
    ],
  );
}

/** A limit, ours and two others, one of which is far behind. */
export function throughputData() {
  const cpu = { reqwest: 0.001, 'manyfetch-each': 0.002, 'undici-request': 0.004, httpx: 0.2 };
  const tally = { responses: 100, bytes: 102_400 };
  const samples = Object.entries(cpu).flatMap(([id, workCpuSeconds]) =>
    [1, 1.25].map((times, at) => {
      const more = { case: 'http-1k-64', keep: false, requests: 100, tally };
      return record(id, { ...more, round: at + 1, workCpuSeconds: workCpuSeconds * times });
    }),
  );
  const roles = { reqwest: 'limit', 'manyfetch-each': 'ours' };
  const contenders = Object.keys(cpu).map((id) => ({ id, role: roles[id] ?? 'peer', keep: false }));
  return dataOf('throughput', contenders, samples, { requests: 100 });
}

export function millionData() {
  const memory = (bytesOf) => Array.from({ length: 40 }, (_, at) => [at * 250, bytesOf(at)]);
  return dataOf(
    'million',
    [{ id: 'manyfetch' }, { id: 'undici' }],
    [
      record('manyfetch', { seconds: 10, memory: memory(() => 60e6) }),
      record('undici', { seconds: 12, memory: memory((at) => 60e6 + at * 1e6) }),
    ],
    { requests: 100 },
  );
}
