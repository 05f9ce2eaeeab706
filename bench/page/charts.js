// The charts of a suite: for each of its tables a figure a measure, and below it the table itself. Pure.

import { groupsOf } from '../groups.js';
import { barChart } from './bar-chart.js';
import { markup } from './markup.js';
import { linesOf, measures } from './measures.js';
import { barsOf } from './samples.js';
import { foldedTable } from './table.js';

/** @returns {{id: string, title: string, content: object}[]} sections of the page */
export function chartSections(data) {
  const { run, suite } = data;
  return groupsOf(suite, run.rows).map(({ title, rows }, at) => ({
    id: `chart-${at + 1}`,
    short: shortOf(rows[0]),
    title: title || 'All contenders',
    content: measures[suite.name].map((measure, which) =>
      figureOf(`chart-${at + 1}-${which + 1}`, measure, rows, { ...data, title }),
    ),
  }));
}

/** For a list of them all. */
function shortOf({ case: caseId, keep }) {
  return caseId && `${caseId}${keep ? ', kept' : ''}`;
}

function figureOf(id, measure, rows, data) {
  const bars = barsOf(measure, rows, data);
  if (bars.length === 0) return markup`<p>${measure.title}: nobody has a figure to believe.</p>`;
  const lines = linesOf(measure, rows, data.run.bars);
  return markup`<figure class="chart" id="${id}" tabindex="0" aria-labelledby="${id}-caption">
<figcaption id="${id}-caption"><b>${measure.title}</b>, in ${measure.unit}. ${explained(measure, lines, bars)}</figcaption>
${barChart(bars, { measure, lines })}
${figuresOf(bars, measure, data)}
${everythingOf(rows, data)}
</figure>`;
}

function explained({ ideal }, lines, bars) {
  const several = bars.some(({ samples }) => samples.length > 1);
  const mark = [
    lines.length > 0 && 'A line is what to hold the others against.',
    ideal && 'The line in a row is its ideal: the shortest that its plan can take.',
  ].filter(Boolean);
  const dots = several ? 'A bar is a median, a dot a sample.' : 'One sample each.';
  return ['Shorter is better.', dots, ...mark].join(' ');
}

function figuresOf(bars, measure, { title, suite }) {
  const cells = bars.map((bar) => cellsOf(bar, measure));
  const name = `${measure.title}, ${title || suite.name}`;
  return foldedTable('Figures', name, columnsOf(measure), cells);
}

function columnsOf({ unit, ideal }) {
  const heads = ['median', 'min', 'max'].map((name) => `${name} ${unit}`);
  const columns = [...heads, ...(ideal ? [`ideal ${unit}`] : []), `every sample, ${unit}`];
  return [{ head: 'contender', left: true }, ...columns.map((head) => ({ head }))];
}

function cellsOf({ row, value, samples }, { digits, ideal }) {
  const of = (number) => (Number.isFinite(number) ? number.toFixed(digits) : null);
  const all = samples.map(of).join(' ');
  const spread = samples.length > 0 ? [Math.min(...samples), Math.max(...samples)] : [null, null];
  return [row.id, of(value), ...spread.map(of), ...(ideal ? [of(ideal(row))] : []), all];
}

/** All that summary.md says of these rows. */
function everythingOf(rows, { suite, title }) {
  const [first, ...more] = suite.columns;
  const cells = rows.map((row) => [first.cell(row), ...more.map(({ cell }) => cell(row))]);
  return foldedTable('All columns', title || suite.name, suite.columns, cells);
}
