// The caller's list, whatever kind of iterable it is. Closed once, and never twice. It knows nothing of the run that it feeds, so
// that it can be closed when that was forgotten.

'use strict';

class Source {
  #iterator;
  #closing;
  /** It has ended, or was closed. */
  isOver = false;
  isAsync;

  constructor(urls) {
    this.isAsync = typeof urls[Symbol.asyncIterator] === 'function';
    this.#iterator = urls[this.isAsync ? Symbol.asyncIterator : Symbol.iterator]();
  }

  /** The next step of the iterator: a promise, if it is async. */
  next() {
    return this.#iterator.next();
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
    await this.#iterator.return?.();
  }
}

module.exports = { Source };
