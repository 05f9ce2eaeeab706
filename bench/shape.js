// The shape of a contender's memory over time: ten values, what the second half added, a small picture. Pure.

import { median } from './stats.js';

const TENTHS = 10;
const BARS = '▁▂▃▄▅▆▇█';

/**
 * The median of each tenth of the time; a tenth without a point has what the one before it had.
 * @param {[number, number][]} [points] milliseconds and bytes
 * @returns {number[] | null} null when there are too few points to speak of a shape
 */
export function tenthsOf(points = []) {
  if (points.length < TENTHS) return null;
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const groups = Array.from({ length: TENTHS }, () => []);
  for (const [ms, bytes] of points) {
    const tenth = Math.floor(((ms - first) / (last - first)) * TENTHS);
    groups[Math.min(tenth, TENTHS - 1)].push(bytes);
  }
  const tenths = [];
  for (const group of groups) tenths.push(group.length > 0 ? median(group) : tenths.at(-1));
  return tenths;
}

/** The middle shape of several rounds: tenth by tenth. Null without any. */
export function middleShape(shapes) {
  const known = shapes.filter((shape) => shape !== null);
  if (known.length === 0) return null;
  return known[0].map((_, tenth) => median(known.map((shape) => shape[tenth])));
}

/** What the second half of the time added: its last tenth less its first. */
export function growthOf(tenths) {
  return tenths && tenths[TENTHS - 1] - tenths[TENTHS / 2];
}

/** A bar a tenth; the highest is full, and the floor is nothing at all. */
export function sparkline(tenths) {
  const top = Math.max(...tenths);
  const bar = (bytes) => BARS[Math.round((bytes / top) * (BARS.length - 1))];
  return tenths.map(bar).join('');
}
