// Horizontal bars: a row each with its name, its median and a bar, on which every sample is a dot. Names and numbers are text of
// the page and the bars have places in per cent, so that nothing shrinks on a phone. Pure.

import { markup } from './markup.js';
import { isOurs } from './samples.js';
import { axisTo } from './scale.js';

/** A bar so many times as long as the next one would leave nothing of all others. */
const CUT = 4;

/** Who needs less than this part of the axis is drawn once more, closer. */
const CLOSE = 1 / 10;
const FEWEST_CLOSE = 3;

/**
 * @param {import('./samples.js').Bar[]} bars the lowest first
 * @param {{measure: import('./measures.js').Measure, lines: {name: string, value: number}[]}} chart
 */
export function barChart(bars, chart) {
  const top = topOf(bars);
  const near = bars.filter(({ value }) => value <= top * CLOSE);
  const closer = near.length >= FEWEST_CLOSE && near.length < bars.length;
  return markup`<div class="parts">
${partOf(bars, top, 'All', chart)}
${closer && partOf(near, highest(near), `The first ${near.length}, closer`, chart)}
</div>`;
}

/** The highest value that is drawn whole. */
function topOf(bars) {
  const [next, last] = bars.slice(-2).map(({ value }) => value);
  const isCut = last !== undefined && last > next * CUT;
  return highest(isCut ? bars.slice(0, -1) : bars);
}

function highest(bars) {
  return Math.max(
    ...bars.flatMap(({ value, samples, row }) => [value, ...samples, row.ideal ?? 0]),
  );
}

function partOf(bars, top, title, chart) {
  const { unit } = chart.measure;
  const axis = axisTo(top);
  const drawn = { ...chart, axis, lines: chart.lines.filter(({ value }) => value <= top) };
  const named = namedOf(bars, drawn);
  const cut = bars.some(({ value }) => value > top) ? '; where there is ≈, a bar is cut off' : '';
  return markup`<div class="part">
<p class="part-title">${title}${cut}</p>
<div class="rows" role="list" aria-label="${title}, in ${unit}">
${named.length > 0 && headOf(named, drawn)}
${bars.map((bar) => rowOf(bar, drawn))}
${footOf(drawn)}
</div>
</div>`;
}

const LINE_OF_TEXT = 15;

/** Above this part of the axis there is no room for a name on the right. */
const RIGHT = 0.6;

/** The names of the lines, one below the other and in such an order that no line runs through the name of another one. */
function headOf(lines, { axis, measure }) {
  const left = lines.some(({ value }) => value > axis.top * RIGHT);
  const sorted = [...lines].sort((a, b) => (left ? b.value - a.value : a.value - b.value));
  const side = left ? markup`dx="-4" text-anchor="end"` : markup`dx="4"`;
  const label = ({ name, value, shown = value.toFixed(measure.digits) }, at) => markup`
<line class="limit" x1="${axis.place(value)}" x2="${axis.place(value)}" y1="${at * LINE_OF_TEXT + 2}" y2="100%"/>
<text class="limit-name" x="${axis.place(value)}" y="${at * LINE_OF_TEXT + 11}" ${side}>${name} ${shown}</text>`;
  return markup`<div class="row aside" aria-hidden="true"><svg width="100%" height="${sorted.length * LINE_OF_TEXT}">${sorted.map(label)}</svg></div>`;
}

/** Where each row has an ideal of its own, the first one is named, without its number. */
function namedOf(bars, { lines, measure }) {
  const value = measure.ideal?.(bars[0].row);
  return Number.isFinite(value) ? [...lines, { name: 'ideal', value, shown: '' }] : lines;
}

function rowOf(bar, chart) {
  const { row, value } = bar;
  const { measure } = chart;
  const kind = isOurs(row) ? 'ours' : (row.role ?? 'peer');
  return markup`<div class="row ${kind}" role="listitem"><span class="name">${row.id}</span> <span class="figure">${value.toFixed(measure.digits)}<span class="unit"> ${measure.unit}</span></span>
<svg class="bar" role="img" aria-label="${spokenOf(bar, measure)}" width="100%" height="22">${barOf(bar, chart)}</svg></div>
`;
}

function barOf({ row, value, samples }, { axis, lines, measure }) {
  const ideal = measure.ideal?.(row);
  const isCut = value > axis.top;
  const shown = samples.filter((sample) => sample <= axis.top);
  const at = (place, name) =>
    markup`<line class="${name}" x1="${place}" x2="${place}" y1="0" y2="100%"/>`;
  return [
    axis.ticks.map((tick) => at(axis.place(tick), 'grid')),
    markup`<rect class="value" y="4" width="${axis.place(value)}" height="14"/>`,
    lines.map((line) => at(axis.place(line.value), 'limit')),
    Number.isFinite(ideal) && at(axis.place(ideal), 'limit'),
    isCut &&
      markup`<rect class="cut" x="96%" y="2" width="1.5%" height="18"/><text class="cut-mark" x="96.75%" y="15" text-anchor="middle">≈</text>`,
    shown.length > 1 &&
      markup`<line class="range" x1="${axis.place(Math.min(...shown))}" x2="${axis.place(Math.max(...shown))}" y1="11" y2="11"/>`,
    shown.map(
      (sample) => markup`<circle class="sample" cx="${axis.place(sample)}" cy="11" r="2.2"/>`,
    ),
  ];
}

/** What an eye sees of a bar, in words. */
export function spokenOf({ row, value, samples }, { digits, unit, ideal }) {
  const of = (number) => `${number.toFixed(digits)} ${unit}`;
  const spread =
    samples.length > 1
      ? `${samples.length} samples from ${of(Math.min(...samples))} to ${of(Math.max(...samples))}`
      : 'one sample';
  const least = ideal?.(row);
  const best = Number.isFinite(least) ? `; the ideal is ${of(least)}` : '';
  return `median ${of(value)}; ${spread}${best}`;
}

/** The marks of the axis. */
export function footOf({ axis, measure }) {
  const last = axis.ticks.at(-1);
  const label = (tick) => markup`
<text x="${axis.place(tick)}" y="12" text-anchor="${anchorOf(tick / axis.top)}">${String(tick)}${tick === last && ` ${measure.unit}`}</text>`;
  return markup`<div class="row aside" aria-hidden="true"><svg class="axis" width="100%" height="16">${axis.ticks.map(label)}</svg></div>`;
}

/** What stands at an end of the axis must not stand out of it. */
export function anchorOf(share) {
  if (share < 0.02) return 'start';
  return share > 0.92 ? 'end' : 'middle';
}
