// The list as a run takes it, and what has come to no end yet. Where links are checked, those that refuse HEAD come once more,
// in the same run, whose limits hold for them too.

'use strict';

const { refused } = require('./items.js');

/** The answers to HEAD that say nothing about the link: servers refuse the method with them, as they should (405, 501) or not. */
const REFUSALS = new Set([400, 403, 404, 405, 501]);

class Work {
  #entries;
  #checksLinks;
  /** Those that come once more, and those that were read and not asked for. */
  #again = [];
  #read = [];
  /** Those that were handed over and have no end. */
  #open = new Set();
  #reading;
  #hasEnded = false;
  #isStopped = false;
  #wake = () => {};
  /** Why the list ended before its end, if it did: what was read of it is done all the same. */
  failure;

  /** `entries` is an iterator, which may be read on after the run was stopped. */
  constructor(entries, { checksLinks }) {
    this.#entries = entries;
    this.#checksLinks = checksLinks;
  }

  [Symbol.asyncIterator]() {
    return { next: () => this.#next(), return: () => this.#stop() };
  }

  /** The entry of `result` has come to its end. False if it has not: it is asked for again, or would be. */
  settle(entry, result) {
    const isRefused = this.#checksLinks && !entry.isSecond && REFUSALS.has(result.status);
    if (isRefused && entry.item.method === undefined) {
      entry.isSecond = true;
      if (!this.#isStopped) this.#again.push(entry);
      this.#wake();
      return false;
    }
    this.#open.delete(entry);
    this.#wake();
    return true;
  }

  /** Once the run is over: what it has no result for, in the order of the list. With `isWhole` the list is read to its end. */
  async *rest({ isWhole }) {
    yield* [...this.#open].sort((left, right) => left.index - right.index);
    if (isWhole) await this.#reading;
    yield* this.#read;
    if (!isWhole || this.#hasEnded) return;
    try {
      yield* this.#entries;
    } catch (error) {
      this.failure = error;
    }
  }

  async #next() {
    const entry = await this.#take();
    if (entry === undefined) return { value: undefined, done: true };
    this.#open.add(entry);
    return { value: requestOf(entry), done: false };
  }

  async #take() {
    while (!this.#isStopped) {
      const entry = this.#again.shift() ?? this.#read.shift();
      if (entry !== undefined) return entry;
      if (!this.#hasEnded) this.#readOn();
      else if (!this.#checksLinks || this.#open.size === 0) return undefined;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  /** Has the next entry come, whenever it does: meanwhile others may be asked for again. */
  #readOn() {
    this.#reading ??= this.#entries
      .next()
      .then(({ value, done }) => {
        if (done) this.#hasEnded = true;
        else this.#read.push(value);
      })
      .catch((error) => {
        this.#hasEnded = true;
        this.failure = error;
      })
      .then(() => {
        this.#reading = undefined;
        this.#wake();
      });
  }

  async #stop() {
    this.#isStopped = true;
    this.#wake();
    return { value: undefined, done: true };
  }
}

function requestOf(entry) {
  const { item, fault, isSecond } = entry;
  const request = fault === undefined ? { ...item } : refused(item, fault);
  if (isSecond) request.method = 'GET';
  request.tag = entry;
  return request;
}

module.exports = { Work };
