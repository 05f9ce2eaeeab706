// The columns there are: each with its heading, the side it leans to, and how a row shows in it. A suite picks its own. Pure.

import { sparkline } from './shape.js';

const MB = 1e6;

export const columns = {
  contender: { head: 'contender', left: true, cell: ({ id }) => id },
  seconds: {
    head: 'seconds (min–max)',
    cell: ({ seconds }) => seconds && secondsOf(seconds),
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
  resultBytes: { head: 'B/result', cell: ({ resultBytes }) => fixed(resultBytes, 0) },
  connections: { head: 'conns', cell: ({ connections }) => fixed(connections, 0) },
  protocols: { head: 'HTTP', cell: ({ protocols }) => protocols.join('+') || null },
  check: { head: 'check', left: true, cell: ({ check }) => check },
};

function secondsOf({ median, min, max }) {
  return `${fixed(median, 3)} (${fixed(min, 3)}–${fixed(max, 3)})`;
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
