// What the bar says: how far it is, and whom it waits for. As much of it as the window is wide.

'use strict';

const { visible } = require('./escape.js');
const { bytes, count, duration, perSecond } = require('./units.js');

const SLOWEST = 3;
/** To look at all hosts takes its time: that is done every two seconds, and for no more than a fiftieth of the time. */
const LOOK_EVERY = 2_000;
const SHARE = 50;
/** How much of the past the rate is of, in milliseconds. */
const WINDOW = 10_000;
const WIDEST_BAR = 24;

class Progress {
  #tally;
  #extent;
  #readStats;
  #past = [];
  #slowest = '';
  #lookAt;

  /** Of what `tally` counts, out of `extent`; `readStats()` reads the numbers of the run. */
  constructor(tally, extent, readStats) {
    this.#tally = tally;
    this.#extent = extent;
    this.#readStats = readStats;
    this.#lookAt = performance.now() + LOOK_EVERY / 4;
  }

  /** The lines of the bar, none longer than `width`. */
  lines(width) {
    const stats = this.#readStats();
    this.#look(stats);
    return [this.#howFar(stats, width), cut(this.#slowest, width)];
  }

  #howFar({ inFlight, bytes: size }, width) {
    const { done, failed } = this.#tally;
    const { total, isExact } = this.#extent;
    const rate = this.#rate();
    const left = total === undefined || rate === 0 ? undefined : ((total - done) / rate) * 1000;
    const all = total === undefined ? '' : `/${isExact ? '' : '~'}${count(total)}`;
    // In the order in which they are given up where there is no room: the last one first.
    const parts = [
      `${count(done)}${all} done`,
      `${count(failed)} failed`,
      left !== undefined && `${duration(left)} left`,
      `${perSecond(rate)}`,
      `${count(inFlight)} in flight`,
      bytes(size),
    ].filter(Boolean);
    return withBar(fitting(parts, width), total === undefined ? undefined : done / total, width);
  }

  /** Done in a second, of late. */
  #rate() {
    const now = performance.now();
    const { done } = this.#tally;
    this.#past.push({ now, done });
    while (this.#past.length > 2 && now - this.#past[1].now > WINDOW) this.#past.shift();
    const [first] = this.#past;
    return now === first.now ? 0 : ((done - first.done) * 1000) / (now - first.now);
  }

  #look(stats) {
    const before = performance.now();
    if (before < this.#lookAt) return;
    this.#slowest = slowestOf(stats.hosts);
    const after = performance.now();
    this.#lookAt = after + Math.max(LOOK_EVERY, (after - before) * SHARE);
  }
}

/** The hosts that a run waits for longest, in a line. */
function slowestOf(hosts) {
  const slow = Object.entries(hosts)
    .filter(([, { p99, pausedMs }]) => p99 > 0 || pausedMs > 0)
    .sort(([, left], [, right]) => right.p99 + right.pausedMs - (left.p99 + left.pausedMs))
    .slice(0, SLOWEST)
    .map(([name, { p99, pausedMs }]) => {
      const paused = pausedMs > 0 ? `, paused ${duration(pausedMs)}` : '';
      return `${visible(name)} p99 ${duration(p99)}${paused}`;
    });
  return slow.length === 0 ? '' : `slowest: ${slow.join('; ')}`;
}

/** As many of the first parts as there is room for. */
function fitting(parts, width) {
  let text = cut(parts[0], width);
  for (const part of parts.slice(1)) {
    if (text.length + 2 + part.length > width) break;
    text += `  ${part}`;
  }
  return text;
}

/** With a bar before it, if there is room and it is known how long that should be. */
function withBar(text, share, width) {
  const room = Math.min(width - text.length - '[] 100%  '.length, WIDEST_BAR);
  if (share === undefined || room < 4) return text;
  const part = Math.min(Math.max(share, 0), 1);
  const full = Math.floor(part * room);
  const percent = `${Math.floor(part * 100)}%`.padStart(4);
  return `[${'#'.repeat(full)}${'-'.repeat(room - full)}]${percent}  ${text}`;
}

function cut(text, width) {
  return text.length <= width ? text : text.slice(0, Math.max(width, 0));
}

module.exports = { Progress };
