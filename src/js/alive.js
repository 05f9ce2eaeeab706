// Keeps the process, and those runs that somebody waits for. All others may be forgotten at any time.

'use strict';

// As they are now: a program under test may replace the global ones.
const { setInterval } = require('node:timers');

/** What Node's timers can count. */
const LONGEST = 2 ** 31 - 1;

const held = new Set();
let clock;

/** Somebody waits for `run`. */
function hold(run) {
  held.add(run);
  if (held.size > 1) return;
  clock ??= setInterval(() => {}, LONGEST);
  clock.ref();
}

/** Nobody does any more. */
function release(run) {
  if (held.delete(run) && held.size === 0) clock.unref();
}

module.exports = { hold, release };
