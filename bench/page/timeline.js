// The links of one sample over time: a bar each, in the order of their start, divided into phases. A phase has a colour and a
// height of its own, so that it can be told without the colour. Pure.

import { anchorOf } from './bar-chart.js';
import { batchesOf } from './batches.js';
import { markup, trusted } from './markup.js';
import { axisTo, rounded } from './scale.js';

/** In the order in which they happen; `height` is a part of the row. */
export const phases = [
  { name: 'queue', title: 'waits for its turn', height: 0.14 },
  { name: 'dns', title: 'looks the name up', height: 0.3 },
  { name: 'connect', title: 'connects', height: 0.5 },
  { name: 'firstByte', title: 'waits for the first byte', height: 0.84 },
  { name: 'download', title: 'downloads', height: 1 },
];

/** A part of a link that its contender tells nothing of. */
export const untold = { name: 'untold', title: 'in no phase that it tells', height: 0.4 };

const ROW = 3;
const FOOT = 18;

/** In the order of their start. */
export function inOrder(links) {
  return [...links].sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

/** Where each phase of a link begins and ends; what they do not cover is untold. */
export function partsOf({ startMs, endMs, phases: told = {} }) {
  const parts = [];
  let from = startMs;
  for (const phase of phases) {
    const ms = told[phase.name];
    if (ms > 0) parts.push({ ...phase, from, ms });
    from += Math.max(ms ?? 0, 0);
  }
  const rest = endMs - from;
  return rest > 0.5 || parts.length === 0 ? [...parts, { ...untold, from, ms: rest }] : parts;
}

/**
 * @param {object[]} links in their order
 * @param {{id: string, title: string, text: string, top: number, before?: number}} chart `before`: where the charts of another scale
 *   end, if they do
 */
export function timeline(links, { id, title, text, top, before }) {
  const axis = axisTo(top, 6);
  const height = links.length * ROW;
  return markup`<svg class="timeline" role="img" aria-labelledby="${id}-title ${id}-text" width="100%" height="${height + FOOT}">
<title id="${id}-title">${title}</title><desc id="${id}-text">${text}</desc>
${before && markup`<rect class="before" width="${axis.place(before)}" height="${height}"/>`}
${axis.ticks.map((tick) => markup`<line class="grid" x1="${axis.place(tick)}" x2="${axis.place(tick)}" y1="0" y2="${height}"/><text x="${axis.place(tick)}" y="${height + 14}" text-anchor="${anchorOf(tick / axis.top)}">${tick}${tick === axis.ticks.at(-1) && ' ms'}</text>`)}
<svg class="links" viewBox="0 0 ${rounded(axis.top, 1)} ${links.length}" preserveAspectRatio="none" width="100%" height="${height}">
${batchesOf(links).map(boxOf)}
${links.map(linkOf)}
</svg>
</svg>`;
}

function boxOf({ first, count, startMs, endMs }) {
  return markup`<rect class="batch" x="${rounded(startMs, 1)}" y="${first}" width="${rounded(endMs - startMs, 1)}" height="${count}"/>`;
}

function linkOf(link, at) {
  const bars = partsOf(link).map(
    ({ name, height, from, ms }) =>
      markup`<rect class="${name}" x="${rounded(from, 1)}" y="${rounded(at + (1 - height) / 2, 2)}" width="${rounded(ms, 2)}" height="${height}"/>`,
  );
  return markup`<g class="link">${bars}</g>
`;
}

/** The same without phases, as small as one likes: what one sees is the shape. */
export function silhouette(links, top) {
  const lines = links.map(
    ({ startMs, endMs }, at) =>
      `M${rounded(startMs, 1)} ${at + 0.5}h${rounded(endMs - startMs, 1)}`,
  );
  return markup`<svg viewBox="0 0 ${rounded(top, 1)} ${links.length}" preserveAspectRatio="none" width="100%" height="100%"><path class="shape" d="${trusted(lines.join(''))}"/></svg>`;
}

export function phaseLegend(names) {
  const shown = [...phases, untold].filter(({ name }) => names.has(name));
  return markup`<ul class="legend">${shown.map(
    ({ name, title, height }) =>
      markup`<li><svg width="28" height="10" aria-hidden="true"><rect class="${name}" y="${rounded(5 - height * 5, 2)}" width="28" height="${rounded(height * 10, 2)}"/></svg> <b>${name}</b> ${title}</li>`,
  )}</ul>`;
}
