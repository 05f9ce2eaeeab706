// What the bars of each suite show: which figure of a row, in which unit, beside which lines. Pure.

/**
 * @typedef {object} Measure
 * @property {string} title
 * @property {string} unit
 * @property {number} digits behind the point
 * @property {(row: object) => number | null | undefined} figure of a row as makeRows makes them
 * @property {(row: object) => number | null | undefined} [ideal] of the row alone: a mark of its own
 * @property {string} [aimUnit] bars of the suite in this unit are bounds of this figure: lines
 */

const cpuPer = (what) => ({
  title: `CPU time per ${what}`,
  unit: 'µs',
  digits: 1,
  figure: ({ unitCpu }) => unitCpu?.median,
});

const secondsOf = (title, more) => ({
  title,
  unit: 's',
  digits: 3,
  figure: ({ seconds }) => seconds?.median,
  ...more,
});

/** @type {Record<string, Measure[]>} */
export const measures = {
  article: [secondsOf('Seconds for the list', { ideal: ({ ideal }) => ideal })],
  million: [secondsOf('Seconds for all requests')],
  disk: [secondsOf('Seconds for all files')],
  throughput: [cpuPer('request')],
  bodies: [cpuPer('MiB')],
  hosts: [cpuPer('host')],
  startup: [
    secondsOf('Seconds of the whole process', {
      figure: ({ wholeSeconds }) => wholeSeconds?.median,
    }),
  ],
  crossing: [
    {
      title: 'Reading one thing of a result, on the main thread',
      unit: 'ns',
      digits: 0,
      figure: ({ readNanos }) => readNanos,
    },
    cpuPer('result'),
  ],
  responsive: [
    {
      title: 'How late a timer is, 99th percentile',
      unit: 'ms',
      digits: 1,
      figure: ({ timerLateMs }) => timerLateMs?.p99,
      aimUnit: 'ms',
    },
  ],
};

/** The clients of Rust that everything else stands on; `wrk` is no client, and the others are variations. */
const LIMITS = ['reqwest', 'reqwest-kept', 'hyper-util'];

/**
 * What bars are held against.
 * @returns {{name: string, value: number}[]} empty where nothing of it was there
 */
export function linesOf({ figure, aimUnit }, rows, bars) {
  const limits = rows
    .filter(({ id }) => LIMITS.includes(id))
    .map((row) => ({ name: row.id, value: figure(row) }));
  const bounds = bars.filter(({ unit }) => unit === aimUnit).map(({ bound }) => bound);
  const aims = [...new Set(bounds)].map((value) => ({ name: 'aim', value }));
  return [...limits, ...aims].filter(({ value }) => Number.isFinite(value));
}
