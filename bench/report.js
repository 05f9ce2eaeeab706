// Rows -> the table, for a terminal and as Markdown, with the notes below it. Pure.

export function tableText(rows, columns) {
  const lines = [columns.map(({ head }) => head), ...rows.map((row) => cellsOf(row, columns))];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at].length)));
  return lines.map((cells) => lineOf(cells, columns, widths)).join('\n');
}

export function tableMarkdown(rows, columns) {
  const lines = [
    columns.map(({ head }) => head),
    columns.map(({ left }) => (left ? '---' : '---:')),
    ...rows.map((row) => cellsOf(row, columns).map((cell) => cell.replaceAll('|', '\\|'))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One line a note, in the order of the table. */
export function notesOf(rows) {
  return rows.flatMap(({ id, notes }) => notes.map((note) => `${id}: ${note}`));
}

function cellsOf(row, columns) {
  return columns.map(({ cell }) => cell(row) ?? '-');
}

function lineOf(cells, columns, widths) {
  const laid = cells.map((cell, at) =>
    columns[at].left ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
  );
  return laid.join('  ').trimEnd();
}
