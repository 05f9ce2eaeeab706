// The runs of one client that are not over. It holds none of them: one that is forgotten is over, too.

'use strict';

const { clientClosed } = require('./errors.js');

class Runs {
  #isClosed = false;
  #all = new Map();
  #forgotten = new FinalizationRegistry((number) => this.#remove(number));
  #count = 0;
  #onEmpty = [];

  /** Takes `run` in until it is over, or forgotten. Returns what says that it is over. */
  add(run) {
    const number = this.#count++;
    this.#all.set(number, new WeakRef(run));
    this.#forgotten.register(run, number);
    return () => this.#remove(number);
  }

  /** Throws if no more are to begin. */
  check() {
    if (this.#isClosed) throw clientClosed();
  }

  /** No more are to begin. */
  close() {
    this.#isClosed = true;
  }

  /** Ends all of them because of `reason`. */
  fail(reason) {
    for (const run of this.#all.values()) run.deref()?.fail(reason);
  }

  /** Resolves when none is left. */
  async ended() {
    if (this.#all.size > 0) await new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #remove(number) {
    this.#all.delete(number);
    if (this.#all.size > 0) return;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}

module.exports = { Runs };
