// What is told at the end, on stderr.

'use strict';

const { visible } = require('./escape.js');
const { adviceAboutFlags } = require('./misuse.js');
const { bytes, count, duration, frequencies, perSecond } = require('./units.js');

/** The lines: of `tally` and the run's `stats`; `left` is how many were not begun, and `failures` the file of what failed. */
function summaryOf({ tally, stats, left = 0, failures, file }) {
  const { latency, retries, advice } = stats;
  const rows = [
    ['statuses', frequencies(tally.statuses)],
    ['errors', frequencies(tally.errors)],
    ['latency', latency.max > 0 && percentiles(latency)],
    ['retries', retries > 0 && count(retries)],
    ['before', tally.before > 0 && `${count(tally.before)} were done by an earlier run`],
    ['not done', left > 0 && count(left)],
    [
      'written',
      failures?.count > 0 &&
        `${count(failures.count)} in ${visible(file)}, to be given as a list again`,
    ],
    ...advice.map((sentence) => ['advice', visible(adviceAboutFlags(sentence))]),
  ];
  const told = rows.filter(([, text]) => text);
  return [totals(tally, stats), ...told.map(([name, text]) => `${name.padEnd(9)} ${text}`)];
}

function totals({ done, failed }, { seconds, bytes: size }) {
  const rate = seconds > 0 ? perSecond(done / seconds) : perSecond(0);
  const time = duration(seconds * 1000);
  return `${count(done)} done, ${count(done - failed)} ok, ${count(failed)} failed in ${time} (${rate}), ${bytes(size)}`;
}

function percentiles({ p50, p90, p99, max }) {
  const all = { p50, p90, p99, max };
  return Object.entries(all)
    .map(([name, value]) => `${name} ${duration(value)}`)
    .join(', ');
}

module.exports = { summaryOf };
