// The columns there are: each with its heading, the side it leans to, and how a row shows in it. A suite picks its own. Pure.

import { sparkline } from './shape.js';

const MB = 1e6;

export const columns = {
  contender: { head: 'contender', left: true, cell: ({ id }) => id },
  seconds: {
    head: 'seconds (min–max)',
    cell: ({ seconds }) => seconds && spread(seconds, 3),
  },
  published: { head: 'published', cell: ({ published }) => fixed(published, 3) },
  ideal: { head: 'ideal', cell: ({ ideal }) => fixed(ideal, 3) },
  ratio: { head: '× ideal', cell: ({ ratio }) => fixed(ratio, 2) },
  perSecond: { head: 'per second', cell: ({ perSecond }) => fixed(perSecond, 0) },
  cpu: { head: 'CPU s', cell: ({ cpuSeconds }) => fixed(cpuSeconds, 2) },
  peak: { head: 'peak MB', cell: ({ peakRssBytes }) => megabytes(peakRssBytes) },
  growth: { head: 'growth MB', cell: ({ growthBytes }) => megabytes(growthBytes) },
  memory: { head: 'memory', left: true, cell: ({ tenths }) => tenths && sparkline(tenths) },
  late: { head: 'timer late ms', cell: ({ timerLateMs }) => lateOf(timerLateMs) },
  whole: {
    head: 'process s (min–max)',
    cell: ({ wholeSeconds }) => wholeSeconds && spread(wholeSeconds, 3),
  },
  timesLimit: { head: '× reqwest', cell: ({ timesLimit }) => fixed(timesLimit, 2) },
  main: { head: 'main thread µs', cell: ({ mainMicros }) => fixed(mainMicros, 2) },
  read: { head: 'reading ns', cell: ({ readNanos }) => fixed(readNanos, 0) },
  requests: { head: 'requests', cell: ({ requests }) => fixed(requests, 0) },
  resultBytes: { head: 'B/result', cell: ({ resultBytes }) => fixed(resultBytes, 0) },
  connections: { head: 'conns', cell: ({ connections }) => fixed(connections, 0) },
  protocols: { head: 'HTTP', cell: ({ protocols }) => protocols.join('+') || null },
  check: { head: 'check', left: true, cell: ({ check }) => check },
};

/** CPU time and rate, per what the suite counts in. */
export function perUnit(unit, units = `${unit}s`) {
  return {
    cpu: {
      head: `CPU µs/${unit} (min–max)`,
      cell: ({ unitCpu }) => unitCpu && spread(unitCpu, 1),
    },
    rate: { head: `${units}/s`, cell: ({ perSecond }) => fixed(perSecond, 0) },
  };
}

/** What suites show whose rows are about the CPU of a unit; `more` is what else one of them has. */
export function costColumns({ cpu, rate }, ...more) {
  const { contender, timesLimit, main, peak, connections, check } = columns;
  return [contender, cpu, timesLimit, rate, main, peak, ...more, connections, check];
}

function spread({ median, min, max }, digits) {
  return `${fixed(median, digits)} (${fixed(min, digits)}–${fixed(max, digits)})`;
}

function lateOf({ median, p99, max }) {
  if (median === null) return null;
  return [median, p99, max].map((ms) => fixed(ms, 1)).join(' / ');
}

function megabytes(bytes) {
  return Number.isFinite(bytes) ? fixed(bytes / MB, 0) : null;
}

function fixed(number, digits) {
  return Number.isFinite(number) ? number.toFixed(digits) : null;
}
