// The figures behind a chart: folded away, to be opened by a click or by a key. Pure.

import { markup } from './markup.js';

/**
 * @param {string} label what one sees; the title says what it is of to who hears it
 * @param {string} title
 * @param {{head: string, left?: boolean}[]} columns
 * @param {unknown[][]} rows a cell a column; the first names the row
 */
export function foldedTable(label, title, columns, rows) {
  return markup`<details>
<summary>${label}<span class="unseen">: ${title}</span></summary>
${tableOf(title, columns, rows)}
</details>`;
}

/** It may be wider than a phone: then it is moved in its own place, by keys too. */
export function tableOf(title, columns, rows) {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${title}">
<table>
<thead><tr>${columns.map(({ head, left }) => markup`<th scope="col" ${sideOf(left)}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => rowOf(cells, columns))}</tbody>
</table>
</div>`;
}

function rowOf([name, ...cells], [first, ...columns]) {
  const cell = (text, at) => markup`<td ${sideOf(columns[at].left)}>${text ?? '–'}</td>`;
  return markup`<tr><th scope="row" ${sideOf(first.left)}>${name}</th>${cells.map(cell)}</tr>
`;
}

function sideOf(left) {
  return left && markup`class="left"`;
}
