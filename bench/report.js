// Rows -> a table, for a terminal and as Markdown. Pure.

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

function cellsOf(row, columns) {
  return columns.map(({ cell }) => cell(row) ?? '-');
}

function lineOf(cells, columns, widths) {
  const laid = cells.map((cell, at) =>
    columns[at].left ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
  );
  return laid.join('  ').trimEnd();
}
