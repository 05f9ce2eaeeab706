// One run, as its owner sees it: takes items, gives batches, tells when there are some, and ends. What becomes of the batches is
// the owner's: `collect.js` makes an array of them, `each.js` an iterator. Where nobody holds it, it is collected and cancelled.

'use strict';

const { onAbort } = require('./abort.js');
const { Batch } = require('./batch.js');
const { BodyBlock } = require('./bodies.js');
const { asking } = require('./errors.js');
const native = require('./native.js');
const { Progress } = require('./progress.js');
const { Hosts, readStats } = require('./stats.js');
const { memoryLimit, surroundingsFor } = require('./surroundings.js');

/** Ends what else was begun for a run that nobody holds any more. */
const forgotten = new FinalizationRegistry(endAll);

class Run {
  #native;
  /** The numbers it ended with. */
  #finalStats;
  /** Where the numbers of hosts come from: held by whoever holds stats, and so holds nothing else. */
  #hosts;
  /** What its results share: their tags, and where it was called. */
  #shared;
  #owner;
  #progress;
  /** What is to be ended with it. */
  #endings = [];
  /** Items handed over. */
  #total = 0;
  #hasBegun = false;
  #hasEnded = false;
  /** It has a folder or a journal. */
  #keeps;

  /**
   * A run with the settings of `call` and its body, of its native `client` if there is one. `onReady` is called when there may be
   * something to take; `onFailure` with the reason why it cannot go on, if it cannot. Throws when the settings are refused.
   */
  constructor(call, { onReady, onFailure }) {
    const { settings, body, signal, site, client } = call;
    this.#shared = { tags: new Map(), site, isStreamed: settings.isStreamed === true };
    this.#owner = { onReady, onFailure };
    // Whoever only calls it must not hold it.
    const self = new WeakRef(this);
    this.#native = prepare({ settings, body, client }, () => self.deref()?.#ready());
    this.#endings.push(onAbort(signal, () => self.deref()?.fail(signal.reason)));
    this.#hosts = new Hosts(this.#native);
    this.#keeps = settings.saveTo !== undefined || settings.journal !== undefined;
    forgotten.register(this, this.#endings, this);
  }

  /** Tells `onProgress` now and then how far it has come. */
  reportTo(onProgress) {
    if (onProgress === undefined) return;
    const progress = new Progress(onProgress, new WeakRef(this));
    this.#endings.push(() => progress.end());
    this.#progress = progress;
  }

  /** Becomes one of `runs`, those of its client. */
  join(runs) {
    if (runs !== undefined) this.#endings.push(runs.add(this));
  }

  /** Also ends `end` with the run, however that ends. */
  endWith(end) {
    this.#endings.push(end);
  }

  /** Items handed over so far. */
  get total() {
    return this.#total;
  }

  /** How many items may have been handed over and not be delivered. */
  get lookAhead() {
    return this.#native?.lookAhead() ?? 0;
  }

  /** It was closed. */
  get isOver() {
    return this.#native === undefined;
  }

  /** Every item has come to its end, and nothing is left to take. */
  get isFinished() {
    return this.#hasEnded && (!this.#hasBegun || (this.#native?.isDrained() ?? true));
  }

  /** Starts the run before there are items. */
  begin() {
    this.#hasBegun = true;
    asking(() => this.#native?.begin());
  }

  /** Hands over the items of `chunk`, whose bodies are all there. */
  push(chunk) {
    for (const [row, tag] of chunk.tags) this.#shared.tags.set(this.#total + row, tag);
    this.#total += chunk.urls.length;
    this.#hasBegun = true;
    const encoded = chunk.encode();
    asking(() => this.#native?.push(...encoded));
  }

  /** The list is not read on until results are taken, or it is again. */
  setAhead(isAhead) {
    this.#native?.setAhead(isAhead);
  }

  /** There are no more items. */
  end() {
    // What is to be found out of a folder and of a journal does not depend on items.
    if (this.#keeps) this.begin();
    this.#hasEnded = true;
    this.#native?.end();
  }

  /** Starts nothing more. */
  stop() {
    this.#hasEnded = true;
    this.#native?.stop();
  }

  /** The next batch, or null. Of a run that is streamed, it also says that the one before is delivered. */
  take() {
    const raw = asking(() => this.#native?.take() ?? null);
    return raw === null ? null : new Batch(raw, this.#shared);
  }

  /** The run in numbers: so far, or as it ended. */
  stats() {
    return this.#finalStats ?? readStats(this.#native, this.#hosts);
  }

  /** It is over, and all went well as far as the run itself goes. Returns the numbers, once they were reported. */
  finish() {
    const stats = this.stats();
    this.#progress?.report(stats);
    this.close();
    return stats;
  }

  /** Ends the run because of `reason`. */
  fail(reason) {
    if (this.isOver) return;
    this.close();
    this.#owner.onFailure(reason);
  }

  /** Ends the run: what is under way is cancelled, and nothing more comes. */
  close() {
    if (this.isOver) return;
    this.#finalStats = readStats(this.#native, this.#hosts);
    this.#hosts.settle();
    this.#native.close();
    this.#native = undefined;
    forgotten.unregister(this);
    endAll(this.#endings);
  }

  #ready() {
    try {
      this.#owner.onReady();
    } catch (error) {
      this.fail(error);
    }
  }
}

function endAll(endings) {
  for (const end of endings) end();
}

function prepare({ settings, body, client }, wake) {
  const block = new BodyBlock();
  const place = body && block.add(body);
  const options = { ...settings, request: { ...settings.request, body: place } };
  options.memoryLimit = memoryLimit();
  const makesClient = settings.connection !== undefined || native.wantsSurroundings();
  const surroundings =
    client === undefined && makesClient ? surroundingsFor(settings.connection) : undefined;
  return asking(
    () => new native.Run(JSON.stringify(options), block.toBuffer(), wake, client, surroundings),
  );
}

module.exports = { Run };
