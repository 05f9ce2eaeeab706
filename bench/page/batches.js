// Whether a contender waited between batches, told by its links alone. Pure.

/** What the clock of a contender may be off by between the end of one link and the start of the next. */
const TOLERANCE_MS = 0.5;

/**
 * Groups with nothing in flight between them.
 * @param {{startMs: number, endMs: number}[]} links in the order of their start
 * @returns {{first: number, count: number, startMs: number, endMs: number}[]} empty where it is no matter of batches: all at
 *   once, or one after another
 */
export function batchesOf(links) {
  const batches = [];
  for (const [at, { startMs, endMs }] of links.entries()) {
    const batch = batches.at(-1);
    if (batch && startMs < batch.endMs - TOLERANCE_MS) {
      batch.count += 1;
      batch.endMs = Math.max(batch.endMs, endMs);
    } else {
      batches.push({ first: at, count: 1, startMs, endMs });
    }
  }
  const several = batches.filter(({ count }) => count > 1);
  return several.length > 1 && several.length >= batches.length / 2 ? batches : [];
}

/** The part of the time of all places that nobody used: between the end of a link and that of its batch. */
export function idleShare(links, batches) {
  const used = links.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const had = batches.reduce(
    (sum, { count, startMs, endMs }) => sum + count * (endMs - startMs),
    0,
  );
  return Math.max(0, 1 - used / had);
}
