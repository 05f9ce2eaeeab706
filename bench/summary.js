// Records -> one row a contender and case: figures only, no text layout. Pure.

import { summarize } from './stats.js';

/**
 * @param {object[]} entries of the plan; those with `missing` never ran and say why
 * @param {object[]} records
 * @param {object} [suite] how its rows are made: `figures(believed, entry)` what they have besides, `sortBy(row)` the number
 *   that orders them (`seconds` without it), `relate(rows)` what a row has of the others
 * @returns {object[]} the lowest first, those without a number last
 */
export function makeRows(entries, records, suite = {}) {
  const { figures = () => ({}), sortBy = secondsOf, relate = (rows) => rows } = suite;
  const rows = entries.map((entry) =>
    makeRow(
      entry,
      records.filter((record) => isOf(record, entry)),
      figures,
    ),
  );
  return relate(rows).sort((a, b) => (sortBy(a) ?? Infinity) - (sortBy(b) ?? Infinity));
}

function isOf(record, entry) {
  return record.contender === entry.contender.id && record.case === entry.case;
}

function secondsOf({ seconds }) {
  return seconds?.median;
}

function makeRow(entry, records, figures) {
  const { contender, idealSeconds = null, missing } = entry;
  // A time is believed only after its answers were: a failed sample counts in `check` alone.
  const believed = records.filter(({ ok }) => ok);
  const middle = (pick) => summarize(believed.map(pick))?.median ?? null;
  const seconds = summarize(believed.map((record) => record.seconds));
  return {
    case: entry.case,
    id: contender.id,
    role: contender.role,
    keep: entry.scenario?.keep,
    seconds,
    published: contender.published ?? null,
    ideal: idealSeconds,
    ratio: seconds && idealSeconds ? seconds.median / idealSeconds : null,
    cpuSeconds: middle((record) => record.cpuSeconds),
    peakRssBytes: middle((record) => record.peakRssBytes),
    connections: middle((record) => record.origin?.connections),
    protocols: protocolsOf(believed),
    ...figures(believed, entry),
    check: missing ? `missing: ${missing}` : checkOf(records),
    notes: [contender.note, ...new Set(records.flatMap(({ notes }) => notes))].filter(Boolean),
  };
}

function protocolsOf(records) {
  const counted = records.flatMap(({ origin }) => Object.entries(origin?.requests ?? {}));
  return [...new Set(counted.filter(([, count]) => count > 0).map(([version]) => version))].sort();
}

function checkOf(records) {
  const failed = records.filter(({ ok }) => !ok);
  if (failed.length === 0) return 'ok';
  const share = failed.length < records.length ? ` ${failed.length} of ${records.length}` : '';
  return `FAILED${share}: ${failed[0].failure}`;
}
