// How late a timer of a millisecond is on the main thread while requests run: what a server in the same process would feel.
// The client has one core for all its threads, which is the hard case.

import { figuresOf } from '../bars.js';
import * as clients from '../clients.js';
import { columns, perUnit } from '../columns.js';
import { loadSuite } from '../load.js';

const only = { id: 'http-1k-64', title: '1 KiB over http, 64 in flight' };
const late = figuresOf(({ timerLateMs }) => timerLateMs?.p99);

const bar = (call, id) => ({
  title: `99th percentile of how late a timer is, ${call}`,
  bound: 3,
  unit: 'ms',
  of: late.of(only.id, id),
});

const { cpu: cpuColumn, rate: rateColumn } = perUnit('request');

export const responsive = loadSuite({
  name: 'responsive',
  title: 'how late a timer of 1 ms is on the main thread while requests run',
  rounds: 5,
  requests: 100_000,
  origin: { threads: 1 },
  cases: [{ ...only, scheme: 'http', http: '1.1', bytes: 1024, concurrency: 64, lateness: true }],
  contenders: [clients.each, clients.all, clients.allNone, ...clients.inNode],
  columns: [
    columns.contender,
    columns.late,
    columns.main,
    cpuColumn,
    rateColumn,
    columns.peak,
    columns.requests,
    columns.check,
  ],
  sortBy: ({ timerLateMs }) => timerLateMs.p99,
  bars: [bar('downloadEach', 'manyfetch-each'), bar('downloadAll', 'manyfetch-all')],
});
