// A run's records, as the figures of its charts: for each row its median and every sample behind it. Pure.

import { makeRows } from '../summary.js';

/**
 * @typedef {object} Bar
 * @property {object} row
 * @property {number} value the median
 * @property {number[]} samples in the order of the rounds
 */

/**
 * @returns {Bar[]} the lowest first; rows without a believed sample have none
 */
export function barsOf({ figure }, rows, { run, suite, records }) {
  return rows
    .filter((row) => Number.isFinite(figure(row)))
    .map((row) => ({
      row,
      value: figure(row),
      samples: believed(records, row)
        .map((record) => figure(rowOfOne(record, run, suite)))
        .filter(Number.isFinite),
    }))
    .sort((a, b) => a.value - b.value);
}

export function believed(records, row) {
  return records.filter(
    (record) => record.ok && record.contender === row.id && record.case === row.case,
  );
}

/** A sample's figure is that of a row which has this sample alone: so there is one way to work it out. */
function rowOfOne(record, { requests }, suite) {
  const { contender: id, case: caseId, keep } = record;
  const contender = suite.contenders.find((each) => each.id === id) ?? { id };
  const scenario = { requests: record.requests, keep };
  const entry = { contender, case: caseId, requestCount: requests, scenario };
  return makeRows([entry], [record], suite)[0];
}

/** The sample in the middle by its seconds; of an even number the faster of the two. */
export function middleSample(records) {
  const sorted = [...records].sort((a, b) => a.seconds - b.seconds);
  return sorted[(sorted.length - 1) >> 1];
}

export function isOurs({ id, role }) {
  return role === 'ours' || id.startsWith('manyfetch');
}
