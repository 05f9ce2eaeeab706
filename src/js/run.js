// One run: feeds the list to the native part, takes batches from it when it rings, and settles the caller's promise.

'use strict';

const { onAbort } = require('./abort.js');
const { Batch } = require('./batch.js');
const { refused } = require('./errors.js');
const native = require('./native.js');
const { Result } = require('./result.js');
const { trustedRoots } = require('./trust.js');

/** Batches read before timers and sockets of the caller's get their turn. */
const BATCHES_PER_TURN = 4;

/** Resolves with the results of all items, in the order of the list. */
function collect(chunks, settings, signal, site) {
  return new Promise((resolve, reject) => {
    new Collection({ signal, site, resolve, reject }).run(chunks, settings);
  });
}

class Collection {
  #native;
  #results;
  #missing;
  /** What all results of the run share: their tags, and where it was called. */
  #shared;
  #signal;
  /** Ends the listening to the signal. */
  #listening;
  #resolve;
  #reject;

  constructor({ signal, site, resolve, reject }) {
    this.#shared = { tags: new Map(), site };
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run(chunks, settings) {
    try {
      this.#native = prepare(settings, () => this.#wake());
      this.#listening = onAbort(this.#signal, () => this.#fail(this.#signal.reason));
      const total = this.#feed(chunks);
      this.#results = new Array(total);
      this.#missing = total;
      if (total === 0) this.#finish();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Returns how many items there are. */
  #feed(chunks) {
    let total = 0;
    for (const chunk of chunks) {
      // The caller's own iterator may have aborted.
      if (this.#signal?.aborted) throw this.#signal.reason;
      const encoded = chunk.encode();
      asking(() => this.#native.push(...encoded));
      for (const [row, tag] of chunk.tags) this.#shared.tags.set(total + row, tag);
      total += chunk.urls.length;
    }
    this.#native.end();
    return total;
  }

  #wake() {
    try {
      this.#take();
    } catch (error) {
      this.#fail(error);
    }
  }

  #take() {
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++) {
      // An abort may have come between the bell and now.
      const raw = this.#native?.take() ?? null;
      if (raw === null) return;
      this.#keep(new Batch(raw, this.#shared));
    }
    setImmediate(() => this.#wake());
  }

  #keep(batch) {
    for (let row = 0; row < batch.length; row++) {
      this.#results[batch.index[row]] = new Result(batch, row);
    }
    this.#missing -= batch.length;
    if (this.#missing === 0) this.#finish();
  }

  #finish() {
    // Stays an ordinary array: `stats` shows neither in a loop nor in JSON.
    const stats = JSON.parse(this.#native.stats());
    const results = Object.defineProperty(this.#results, 'stats', { value: stats });
    this.#stop();
    this.#resolve(results);
  }

  #fail(reason) {
    this.#reject(reason);
    this.#stop();
  }

  #stop() {
    this.#native?.close();
    this.#native = undefined;
    this.#listening?.();
    this.#listening = undefined;
  }
}

function prepare(settings, wake) {
  const { tls } = settings;
  const wantsRoots = tls === undefined ? native.wantsRoots() : tls.ca === undefined;
  const roots = wantsRoots ? trustedRoots() : undefined;
  return asking(() => new native.Run(JSON.stringify(settings), roots, wake));
}

/** What the native part throws, in the words of the API. */
function asking(call) {
  try {
    return call();
  } catch (error) {
    throw refused(error);
  }
}

module.exports = { collect };
