// One run: feeds the list to the native part, takes batches from it when it rings, and ends it. What becomes of the batches is
// its owner's: `collect.js` makes an array of them.

'use strict';

const { onAbort } = require('./abort.js');
const { Batch } = require('./batch.js');
const { BodyBlock } = require('./bodies.js');
const { asking } = require('./errors.js');
const native = require('./native.js');
const { Patience } = require('./patience.js');
const { surroundingsFor } = require('./surroundings.js');

/** Batches read before timers and sockets of the caller's get their turn. */
const BATCHES_PER_TURN = 4;

class Run {
  #native;
  /** What all results of the run share: their tags, and where it was called. */
  #shared;
  #signal;
  /** With what is still to be read. */
  #patience;
  /** Ends the listening to the signal. */
  #listening;
  #onBatch;
  #onFailure;

  /**
   * A run with these settings and this body, of the native `client` if there is one. Each batch goes to `onBatch`; why the run
   * cannot go on, if it cannot, to `onFailure`. Throws when the settings are refused.
   */
  constructor({ settings, body, signal, site, client }, { onBatch, onFailure }) {
    this.#shared = { tags: new Map(), site };
    this.#signal = signal;
    this.#patience = new Patience(signal, settings.deadline);
    this.#onBatch = onBatch;
    this.#onFailure = onFailure;
    this.#native = prepare({ settings, body, client }, () => this.#wake());
    this.#listening = onAbort(signal, () => this.fail(signal.reason));
  }

  /** Hands over the whole list and returns how many items it has. What its iterator throws ends the run. */
  feed(chunks) {
    try {
      return this.#pushAll(chunks);
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
    this.#patience.end();
    this.#listening?.();
    this.#listening = undefined;
  }

  /** All is read at once. What has to wait for a body, and all behind it, is handed over later and in its order. */
  #pushAll(chunks) {
    let total = 0;
    const later = [];
    for (const chunk of chunks) {
      // The caller's own iterator may have aborted.
      if (this.#signal?.aborted) throw this.#signal.reason;
      for (const [row, tag] of chunk.tags) this.#shared.tags.set(total + row, tag);
      total += chunk.urls.length;
      if (later.length > 0 || chunk.isPending) later.push(chunk);
      else this.#push(chunk);
    }
    if (later.length === 0) this.#native.end();
    else {
      // Time passes while they wait.
      asking(() => this.#native.begin());
      this.#pushLater(later);
    }
    return total;
  }

  async #pushLater(chunks) {
    try {
      for (const chunk of chunks) {
        await chunk.settle(this.#patience);
        // It may have ended meanwhile.
        if (this.#native === undefined) return;
        this.#push(chunk);
      }
      this.#native.end();
    } catch (error) {
      this.fail(error);
    }
  }

  #push(chunk) {
    const encoded = chunk.encode();
    asking(() => this.#native.push(...encoded));
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

function prepare({ settings, body, client }, wake) {
  const block = new BodyBlock();
  const place = body && block.add(body);
  const options = { ...settings, request: { ...settings.request, body: place } };
  const makesClient = settings.connection !== undefined || native.wantsSurroundings();
  const surroundings =
    client === undefined && makesClient ? surroundingsFor(settings.connection) : undefined;
  return asking(
    () => new native.Run(JSON.stringify(options), block.toBuffer(), wake, client, surroundings),
  );
}

module.exports = { Run };
