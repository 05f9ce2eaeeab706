// Rows -> the tables of a suite: one a case, and in it those that keep bodies apart from those that drop them. Pure.

const kinds = [
  { keep: undefined, words: [] },
  { keep: false, words: ['bodies dropped'] },
  { keep: true, words: ['bodies kept'] },
];

/** For suites without cases: one table, without a title. */
const unnamed = [{ id: undefined }];

/** @returns {{title: string, rows: object[]}[]} those with a row, each in the order of the rows */
export function groupsOf({ cases = unnamed }, rows) {
  const groups = cases.flatMap(({ id, title }) =>
    kinds.map(({ keep, words }) => ({
      title: [...(id === undefined ? [] : [`${id}: ${title}`]), ...words].join('; '),
      rows: rows.filter((row) => row.case === id && row.keep === keep),
    })),
  );
  return groups.filter((group) => group.rows.length > 0);
}

/** Each note once, however many tables its contender is in. */
export function notesOf(rows) {
  const notes = rows.flatMap(({ id, notes }) => notes.map((note) => `${id}: ${note}`));
  return [...new Set(notes)];
}
