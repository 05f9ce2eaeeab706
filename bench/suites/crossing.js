// The boundary between Rust and JavaScript alone: what a result costs the main thread, and what each way of reading it costs on top.

import { all } from '../clients.js';
import { columns, perUnit } from '../columns.js';
import { loadSuite } from '../load.js';

const readings = ['nothing', 'status', 'size', 'url', 'body', 'text', 'timings', 'headers'];

const reading = (read) => ({
  ...all,
  id: `read-${read}`,
  program: 'manyfetch-crossing.js',
  options: { read },
  note: undefined,
});

const { cpu: cpuColumn } = perUnit('result');

export const crossing = loadSuite({
  name: 'crossing',
  title: 'what a result of downloadAll costs to hand over, and to read',
  rounds: 5,
  requests: 100_000,
  origin: { threads: 1 },
  cases: [
    {
      id: 'http-1k-64',
      title: '1 KiB over http, 64 in flight',
      scheme: 'http',
      http: '1.1',
      bytes: 1024,
      concurrency: 64,
    },
  ],
  contenders: readings.map(reading),
  columns: [columns.contender, columns.read, columns.main, cpuColumn, columns.peak, columns.check],
  sortBy: ({ readNanos }) => readNanos,
});
