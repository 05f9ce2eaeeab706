// Tells the caller how far a run has come, now and then. What the callback throws ends the run.

'use strict';

const { setInterval, clearInterval } = require('node:timers');

/** Milliseconds from one report to the next. */
const EVERY = 250;

class Progress {
  #onProgress;
  #clock;

  /** Reports on the run that `run` refers to, as long as there is one. */
  constructor(onProgress, run) {
    this.#onProgress = onProgress;
    this.#clock = setInterval(() => {
      const current = run.deref();
      if (current === undefined || current.isOver) return this.end();
      try {
        onProgress(current.stats());
      } catch (error) {
        current.fail(error);
      }
    }, EVERY);
    // Whoever waits for the run keeps the process alive.
    this.#clock.unref();
  }

  /** The last report. */
  report(stats) {
    this.end();
    this.#onProgress(stats);
  }

  end() {
    clearInterval(this.#clock);
  }
}

module.exports = { Progress };
