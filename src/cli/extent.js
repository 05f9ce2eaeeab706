// How long a list is. Counting first would read it twice: once its end was seen it is known, and until then what was read of its
// files tells how much there is in the rest.

'use strict';

class Extent {
  /** Bytes of all files; unknown if one of the sources has no size. */
  #size;
  /** Sources that are URLs. */
  #urls;
  #counted = 0;
  /** What is in which part of the files. */
  #entries = 0;
  #bytes = 0;
  #hasEnded = false;

  constructor(sources) {
    const lists = sources.filter(({ url }) => url === undefined);
    this.#urls = sources.length - lists.length;
    const isKnown = lists.every(({ size }) => size !== undefined);
    this.#size = isKnown ? lists.reduce((sum, { size }) => sum + size, 0) : undefined;
  }

  /** Numbers an entry. */
  count(entry) {
    return Object.assign(entry, { index: this.#counted++ });
  }

  /** So many bytes of the files have so many entries. */
  pass(bytes, entries) {
    this.#bytes += bytes;
    this.#entries += entries;
  }

  end() {
    this.#hasEnded = true;
  }

  /** Whether `total` is no estimate. */
  get isExact() {
    return this.#hasEnded || this.#size === 0;
  }

  /** How many entries there are, if that can be said. */
  get total() {
    if (this.#hasEnded) return this.#counted;
    if (this.#size === undefined) return undefined;
    if (this.#size === 0) return this.#urls;
    if (this.#bytes === 0) return undefined;
    const ofFiles = Math.round((this.#size * this.#entries) / this.#bytes);
    return Math.max(this.#urls + ofFiles, this.#counted);
  }
}

module.exports = { Extent };
