// Bars: what a suite wants to reach, held against its rows. They are told, and no exit code depends on them. Pure.

/**
 * @param {{title: string, unit: string, bound: number, of: (rows: object[]) => number | null}[]} [bars] a figure that is at
 *   most its bound reaches the bar; null is a figure that this run has not
 */
export function judge(bars = [], rows) {
  return bars.map(({ title, unit, bound, of }) => {
    const reached = of(rows) ?? null;
    return { title, unit, bound, reached, verdict: verdictOf(reached, bound) };
  });
}

function verdictOf(reached, bound) {
  if (reached === null) return '—';
  return reached <= bound ? 'ok' : 'missed';
}

export const barColumns = [
  { head: 'bar', left: true, cell: ({ title }) => title },
  { head: 'at most', cell: ({ bound }) => shown(bound) },
  { head: 'reached', cell: ({ reached }) => shown(reached) },
  { head: 'unit', left: true, cell: ({ unit }) => unit },
  { head: 'verdict', left: true, cell: ({ verdict }) => verdict },
];

/** Five digits: what misses its bound by little must not look like it. */
function shown(number) {
  return number === null ? null : String(Number(number.toPrecision(5)));
}

/**
 * Figures of rows for the `of` of a bar: null as soon as one is missing.
 * @param {(row: object) => number | null | undefined} figure of a row that may be empty
 */
export function figuresOf(figure) {
  const one = (rows, caseId, id) => {
    const number = figure(rowOf(rows, caseId, id) ?? {});
    return Number.isFinite(number) ? number : null;
  };
  return {
    /** What one row has. */
    of: (caseId, id) => (rows) => one(rows, caseId, id),
    /** One row's by another's, in the same case. */
    ratio: (caseId, id, otherId) => (rows) =>
      divided(one(rows, caseId, id), one(rows, caseId, otherId)),
    /** The highest of several rows. */
    highest: (caseId, ids) => (rows) => {
      const all = ids.map((id) => one(rows, caseId, id));
      return all.includes(null) ? null : Math.max(...all);
    },
    /** The best of the rows that `among` picks, those with a figure, by one row's: at most 1 when nobody is ahead of it. */
    ahead: (caseId, id, among) => (rows) => {
      const rivals = rows.filter((row) => row.case === caseId && among(row));
      const known = rivals.map(figure).filter(Number.isFinite);
      return known.length === 0 ? null : divided(Math.max(...known), one(rows, caseId, id));
    },
  };
}

function rowOf(rows, caseId, id) {
  return rows.find((row) => row.case === caseId && row.id === id);
}

function divided(number, by) {
  return number === null || by === null ? null : number / by;
}
