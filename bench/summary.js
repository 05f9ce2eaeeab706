// Records -> one row a contender: figures only, no text layout. Pure.

import { summarize } from './stats.js';

/**
 * @param {object[]} entries of the plan; those with `missing` never ran and say why
 * @param {object[]} records
 * @param {(believed: object[], entry: object) => object} [figures] what a suite has in its rows besides
 * @returns {object[]} the fastest first, those without a time last
 */
export function makeRows(entries, records, figures = () => ({})) {
  const rows = entries.map((entry) =>
    makeRow(
      entry,
      records.filter(({ contender }) => contender === entry.contender.id),
      figures,
    ),
  );
  return rows.sort((a, b) => (a.seconds?.median ?? Infinity) - (b.seconds?.median ?? Infinity));
}

function makeRow(entry, records, figures) {
  const { contender, idealSeconds = null, missing } = entry;
  // A time is believed only after its answers were: a failed sample counts in `check` alone.
  const believed = records.filter(({ ok }) => ok);
  const middle = (pick) => summarize(believed.map(pick))?.median ?? null;
  const seconds = summarize(believed.map((record) => record.seconds));
  return {
    id: contender.id,
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
