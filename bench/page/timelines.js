// The article's suite, link by link: all contenders on one scale, where one sees who crawls, and then each of them, close enough
// to see what it waits for. Pure.

import { footOf } from './bar-chart.js';
import { batchesOf, idleShare } from './batches.js';
import { markup } from './markup.js';
import { believed, isOurs, middleSample } from './samples.js';
import { axisTo } from './scale.js';
import { foldedTable } from './table.js';
import { inOrder, partsOf, phaseLegend, phases, silhouette, timeline } from './timeline.js';

/** Who takes more than so many times as long as the first is drawn on another scale. */
const SLOW = 3;

/** @returns {{id: string, title: string, content: object}[]} none where no sample can be believed */
export function timelineSections({ run, records }) {
  const shown = run.rows.flatMap((row, at) => {
    const sample = middleSample(believed(records, row).filter(({ links }) => links?.length > 0));
    return sample ? [{ id: `timeline-${at + 1}`, row, sample, links: inOrder(sample.links) }] : [];
  });
  if (shown.length === 0) return [];
  return [
    { id: 'one-scale', title: 'Every link, on one scale', content: allOf(shown) },
    { id: 'timelines', title: 'Every link, closer', content: eachOf(shown) },
  ];
}

function allOf(shown) {
  const top = endOf(shown);
  const row = ({ row, sample, links }) => markup`
<div class="row ${isOurs(row) && 'ours'}" role="listitem"><span class="name">${row.id}</span> <span class="figure">${sample.seconds.toFixed(3)}<span class="unit"> s</span></span>
<div class="shape-box">${silhouette(links, top)}</div></div>`;
  return markup`<figure class="chart" id="shapes" tabindex="0" aria-labelledby="shapes-caption">
<figcaption id="shapes-caption">A line a link, from its start to its end, the first on top; the sample in the middle of each contender. Time goes
to the right, ${(top / 1000).toFixed(1)} s in all. One after another is a slope: no link starts before the one above it has ended. Ten at a time is a
cliff.</figcaption>
<div class="rows shapes" role="list">${shown.map(row)}
${footOf({ axis: axisTo(top / 1000), measure: { unit: 's' } })}</div>
</figure>`;
}

function eachOf(shown) {
  const first = shown[0].sample.seconds;
  const isSlow = ({ sample }) => sample.seconds > first * SLOW;
  const [quick, slow] = [shown.filter((each) => !isSlow(each)), shown.filter(isSlow)];
  const top = endOf(quick);
  const names = new Set(
    shown.flatMap(({ links }) => links.flatMap((link) => partsOf(link).map(({ name }) => name))),
  );
  return markup`<p>A bar a link, in the order of their start, divided into the phases that its contender tells. To wait for a connection, and to make
one, is part of the first phase that it has.</p>
${phaseLegend(names)}
<div class="timelines">${quick.map((each) => figureOf(each, { top }))}</div>
${slow.length > 0 && slowOnes(slow, top)}`;
}

function slowOnes(slow, before) {
  const top = endOf(slow);
  return markup`<h3>On a longer scale</h3>
<p>These need ${(top / before).toFixed(1)} times as much time: the shaded part on the left is as long as the whole of a chart above.</p>
<div class="timelines wide">${slow.map((each) => figureOf(each, { top, before }))}</div>`;
}

function figureOf({ id, row, sample, links }, scale) {
  const text = textOf(sample, links);
  const title = `${row.id}: ${sample.seconds.toFixed(3)} s`;
  return markup`<figure class="chart ${isOurs(row) && 'ours'}" id="${id}" tabindex="0" aria-labelledby="${id}-caption">
<figcaption id="${id}-caption"><b class="name">${row.id}</b> <b class="figure">${sample.seconds.toFixed(3)} s</b> <span>${text}</span></figcaption>
${timeline(links, { id, title, text, ...scale })}
${foldedTable('Figures', `the links of ${row.id}`, columns, links.map(cellsOf))}
</figure>`;
}

/** What one is to see, in words. */
function textOf({ origin }, links) {
  const batches = batchesOf(links);
  const idle = Math.round(idleShare(links, batches) * 100);
  const facts = [
    `${links.length} links`,
    origin && `${origin.connections} connections`,
    origin && `${origin.peakInFlight} in flight at most`,
  ];
  const barrier = `. A box is a batch: what is empty in it waits for the slowest: ${idle} % of all the time that there was.`;
  return `${facts.filter(Boolean).join(', ')}${batches.length > 0 ? barrier : ''}`;
}

const told = phases.map(({ name }) => name);
const columns = [
  { head: 'link' },
  { head: 'address', left: true },
  ...['start', 'end', ...told].map((name) => ({ head: `${name} ms` })),
];

function cellsOf(link) {
  const { index, url, startMs, endMs, phases: own = {} } = link;
  return [index, url, ...[startMs, endMs, ...told.map((name) => own[name])].map(millis)];
}

function millis(ms) {
  return Number.isFinite(ms) ? ms.toFixed(1) : null;
}

function endOf(shown) {
  return Math.max(...shown.flatMap(({ links }) => links.map(({ endMs }) => endMs)));
}
