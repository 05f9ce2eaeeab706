// Resident memory over time: a line a contender, each with its own dashes and its name at its end. Pure.

import { anchorOf } from './bar-chart.js';
import { markup, trusted } from './markup.js';
import { believed, isOurs, middleSample } from './samples.js';
import { axisTo, rounded } from './scale.js';
import { foldedTable } from './table.js';

const MB = 1e6;
const HEIGHT = 320;
const HEAD = 16;
const FOOT = 18;
const LABEL = 15;

const dashes = ['none', '7 3', '2 3', '10 3 2 3', '4 4', '1 2'];

/** @returns {{id: string, title: string, content: object}[]} none where the system does not tell (Linux alone does) */
export function memorySections({ run, records }) {
  const lines = run.rows.flatMap((row) => {
    const sample = middleSample(believed(records, row).filter(({ memory }) => memory?.length > 1));
    return sample ? [{ row, points: sample.memory }] : [];
  });
  if (lines.length === 0) return [];
  return [{ id: 'memory', title: 'Memory over time', content: figureOf(lines) }];
}

function figureOf(lines) {
  return markup`<figure class="chart" id="memory-lines" tabindex="0" aria-labelledby="memory-caption">
<figcaption id="memory-caption"><b>Resident memory, in MB</b>, from the start of the process to its answer. Lower is better; a line that is flat at its end
is bounded memory.</figcaption>
${chartOf(lines)}
${foldedTable('Figures', 'memory over time', columns, lines.map(cellsOf))}
</figure>`;
}

function chartOf(lines) {
  const seconds = axisTo(highest(lines, 0) / 1000, 5);
  const megabytes = axisTo((highest(lines, 1) / MB) * 1.04, 5);
  const place = ([ms, bytes]) => ({
    x: ms / 1000 / seconds.top,
    y: HEAD + HEIGHT * (1 - bytes / MB / megabytes.top),
  });
  const drawn = lines.map((line, at) => ({
    ...line,
    dash: dashes[at % dashes.length],
    end: place(line.points.at(-1)),
  }));
  return markup`<svg class="memory" role="img" aria-labelledby="memory-title memory-text" width="100%" height="${HEAD + HEIGHT + FOOT}">
<title id="memory-title">Resident memory over time</title><desc id="memory-text">${lines.map(spokenOf).join('; ')}</desc>
${megabytes.ticks.map((tick) => levelOf(tick, place([0, tick * MB]).y))}
${seconds.ticks.map((tick) => markup`<text x="${seconds.place(tick)}" y="${HEAD + HEIGHT + 14}" text-anchor="${anchorOf(tick / seconds.top)}">${tick}${tick === seconds.ticks.at(-1) && ' s'}</text>`)}
<svg viewBox="0 0 1000 ${HEAD + HEIGHT}" preserveAspectRatio="none" width="100%" height="${HEAD + HEIGHT}">
${drawn.map((line) => pathOf(line, place))}
</svg>
${apart(drawn).map(labelOf)}
</svg>`;
}

function levelOf(megabytes, y) {
  return markup`<line class="grid" x1="0" x2="100%" y1="${rounded(y, 1)}" y2="${rounded(y, 1)}"/>${megabytes > 0 && markup`<text class="level" x="0" y="${rounded(y - 3, 1)}">${megabytes} MB</text>`}`;
}

function pathOf({ row, points, dash }, place) {
  const steps = points.map((point) => {
    const { x, y } = place(point);
    return `${rounded(x * 1000, 1)} ${rounded(y, 1)}`;
  });
  return markup`<path class="memory-line ${isOurs(row) && 'ours'}" stroke-dasharray="${dash}" vector-effect="non-scaling-stroke" d="M${trusted(steps.join('L'))}"/>
`;
}

/** Names stand at the ends of their lines, and none on another one: from the highest down, each below the one before where it must. */
function apart(lines) {
  const sorted = [...lines].sort((a, b) => a.end.y - b.end.y);
  let free = 0;
  return sorted.map((line) => {
    const y = Math.max(line.end.y - 8, free + LABEL);
    free = y;
    return { ...line, y };
  });
}

function labelOf({ row, end, y, points }) {
  const peak = Math.max(...points.map(([, bytes]) => bytes));
  return markup`<circle class="end" cx="${rounded(end.x * 100, 2)}%" cy="${rounded(end.y, 1)}" r="2.5"/>
<text class="line-name ${isOurs(row) && 'ours'}" x="${rounded(end.x * 100, 2)}%" y="${rounded(y, 1)}" text-anchor="${end.x > 0.5 ? 'end' : 'start'}" dx="${end.x > 0.5 ? 0 : 6}">${row.id}, ${(peak / MB).toFixed(0)} MB at most</text>
`;
}

function spokenOf({ row, points }) {
  const [ms, bytes] = points.at(-1);
  return `${row.id}: ${(bytes / MB).toFixed(0)} MB at the end, after ${(ms / 1000).toFixed(1)} s`;
}

const TENTHS = 10;
const columns = [
  { head: 'contender', left: true },
  { head: 'seconds' },
  { head: 'peak MB' },
  ...Array.from({ length: TENTHS + 1 }, (_, tenth) => ({ head: `${tenth * 10} %` })),
];

/** At the tenths of its own time: of each the point that is nearest to it in the list. */
function cellsOf({ row, points }) {
  const at = (tenth) => points[Math.round((tenth / TENTHS) * (points.length - 1))][1];
  const megabytes = Array.from({ length: TENTHS + 1 }, (_, tenth) => at(tenth) / MB);
  const peak = Math.max(...points.map(([, bytes]) => bytes)) / MB;
  const seconds = points.at(-1)[0] / 1000;
  return [row.id, seconds.toFixed(1), ...[peak, ...megabytes].map((each) => each.toFixed(0))];
}

function highest(lines, which) {
  return Math.max(...lines.flatMap(({ points }) => points.map((point) => point[which])));
}
