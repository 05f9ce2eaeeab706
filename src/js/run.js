// One run: feeds the list to the native part, takes batches from it when it rings, and ends it. What becomes of the batches is
// its owner's: `collect.js` makes an array of them.

'use strict';

const { onAbort } = require('./abort.js');
const { Batch } = require('./batch.js');
const { asking } = require('./errors.js');
const native = require('./native.js');
const { rootsFor } = require('./trust.js');

/** Batches read before timers and sockets of the caller's get their turn. */
const BATCHES_PER_TURN = 4;

class Run {
  #native;
  /** What all results of the run share: their tags, and where it was called. */
  #shared;
  #signal;
  /** Ends the listening to the signal. */
  #listening;
  #onBatch;
  #onFailure;

  /**
   * A run with these settings, of the native `client` if there is one. Each batch goes to `onBatch`; why the run cannot go on,
   * if it cannot, to `onFailure`. Throws when the settings are refused.
   */
  constructor({ settings, signal, site, client }, { onBatch, onFailure }) {
    this.#shared = { tags: new Map(), site };
    this.#signal = signal;
    this.#onBatch = onBatch;
    this.#onFailure = onFailure;
    this.#native = prepare(settings, client, () => this.#wake());
    this.#listening = onAbort(signal, () => this.fail(signal.reason));
  }

  /** Hands over the whole list and returns how many items it has. What its iterator throws ends the run. */
  feed(chunks) {
    try {
      return this.#push(chunks);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The run in numbers. */
  stats() {
    return JSON.parse(this.#native.stats());
  }

  /** Ends the run because of `reason`. */
  fail(reason) {
    this.#onFailure(reason);
    this.close();
  }

  /** Ends the run: what is under way is cancelled, and nothing more comes. */
  close() {
    this.#native?.close();
    this.#native = undefined;
    this.#listening?.();
    this.#listening = undefined;
  }

  #push(chunks) {
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
      this.fail(error);
    }
  }

  #take() {
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++) {
      // An abort, or the owner, may have ended it between the bell and now.
      const raw = asking(() => this.#native?.take() ?? null);
      if (raw === null) return;
      this.#onBatch(new Batch(raw, this.#shared));
    }
    setImmediate(() => this.#wake());
  }
}

function prepare(settings, client, wake) {
  const wantsRoots = client === undefined && (settings.tls !== undefined || native.wantsRoots());
  const roots = wantsRoots ? rootsFor(settings.tls) : undefined;
  return asking(() => new native.Run(JSON.stringify(settings), roots, wake, client));
}

module.exports = { Run };
