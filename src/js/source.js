// The caller's list, whatever kind of iterable it is. Closed once, and never twice. It knows nothing of the run that it feeds, so
// that it can be closed when that was forgotten.

'use strict';

class Source {
  #iterator;
  #closing;
  /** It has ended, or was closed. */
  isOver = false;
  /** Somebody waits for its next step, for who knows how long. */
  isPending = false;
  isAsync;
  /** It is known to have an end. */
  isBounded;

  constructor(urls) {
    this.isAsync = typeof urls[Symbol.asyncIterator] === 'function';
    this.isBounded = typeof (urls.length ?? urls.size) === 'number';
    this.#iterator = urls[this.isAsync ? Symbol.asyncIterator : Symbol.iterator]();
  }

  /** The next step of an iterator that is not async. */
  next() {
    try {
      return this.#iterator.next();
    } catch (error) {
      // That has ended it.
      this.isOver = true;
      throw error;
    }
  }

  /** The next step of one that is. */
  async arrival() {
    this.isPending = true;
    try {
      return await this.#iterator.next();
    } catch (error) {
      this.isOver = true;
      throw error;
    } finally {
      this.isPending = false;
    }
  }

  /** Ends it before its end. Settles as its iterator does. */
  close() {
    this.#closing ??= this.#close();
    // Whoever asked is told.
    this.#closing.catch(() => {});
    return this.#closing;
  }

  async #close() {
    if (this.isOver) return;
    this.isOver = true;
    const closed = this.#iterator.return?.();
    // A generator is closed when it comes to its next step.
    if (!this.isPending) await closed;
    else Promise.resolve(closed).catch(() => {});
  }
}

module.exports = { Source };
