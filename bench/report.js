// Rows -> the table, for a terminal and as Markdown, with the notes below it. Pure.

/** Each column: its heading, which side it leans to, and how a row shows in it. */
const columns = [
  { head: 'contender', left: true, cell: ({ id }) => id },
  { head: 'seconds (min–max)', cell: ({ seconds }) => seconds && secondsOf(seconds) },
  { head: 'published', cell: ({ published }) => fixed(published, 3) },
  { head: 'ideal', cell: ({ ideal }) => fixed(ideal, 3) },
  { head: '× ideal', cell: ({ ratio }) => fixed(ratio, 2) },
  { head: 'CPU s', cell: ({ cpuSeconds }) => fixed(cpuSeconds, 2) },
  { head: 'peak MB', cell: ({ peakRssBytes }) => fixed(peakRssBytes && peakRssBytes / 1e6, 0) },
  { head: 'conns', cell: ({ connections }) => fixed(connections, 0) },
  { head: 'HTTP', cell: ({ protocols }) => protocols.join('+') || null },
  { head: 'check', left: true, cell: ({ check }) => check },
];

export function tableText(rows) {
  const lines = [columns.map(({ head }) => head), ...rows.map(cellsOf)];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at].length)));
  return lines.map((cells) => lineOf(cells, widths)).join('\n');
}

export function tableMarkdown(rows) {
  const lines = [
    columns.map(({ head }) => head),
    columns.map(({ left }) => (left ? '---' : '---:')),
    ...rows.map((row) => cellsOf(row).map((cell) => cell.replaceAll('|', '\\|'))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One line a note, in the order of the table. */
export function notesOf(rows) {
  return rows.flatMap(({ id, notes }) => notes.map((note) => `${id}: ${note}`));
}

function cellsOf(row) {
  return columns.map(({ cell }) => cell(row) ?? '-');
}

function lineOf(cells, widths) {
  const laid = cells.map((cell, at) =>
    columns[at].left ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
  );
  return laid.join('  ').trimEnd();
}

function secondsOf({ median, min, max }) {
  return `${fixed(median, 3)} (${fixed(min, 3)}–${fixed(max, 3)})`;
}

function fixed(number, digits) {
  return Number.isFinite(number) ? number.toFixed(digits) : null;
}
