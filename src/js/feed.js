// Pulls items out of the caller's list and hands them to a run, in their order. Two ways: all at once, for a list that is there and
// is wanted whole; or as far ahead as the run can use, for one that comes in its own time.

'use strict';

// As they are now: a program under test may replace the global ones.
const { clearTimeout, setImmediate, setTimeout } = require('node:timers');
const { Chunk } = require('./items.js');
const { LONGEST } = require('./patience.js');

/** Hands over the whole list at once. What has to wait for a body, and all behind it, follows later and in its order. */
function feedAll(run, list, { signal, patience }) {
  const later = [];
  for (const chunk of list) {
    // The caller's own iterator may have aborted.
    if (signal?.aborted) throw signal.reason;
    if (later.length > 0 || chunk.isPending) later.push(chunk);
    else run.push(chunk);
  }
  if (later.length === 0) return run.end();
  // Time passes while they wait.
  run.begin();
  feedLater(run, later, patience);
}

async function feedLater(run, list, patience) {
  try {
    for (const chunk of list) {
      await chunk.settle(patience);
      run.push(chunk);
    }
    run.end();
  } catch (error) {
    run.fail(error);
  }
}

/** Pulls items as they come, as long as there is room for them. */
class Feed {
  #source;
  /** Weakly: what waits for the source must not keep it. */
  #run;
  #patience;
  #files;
  /** How many items may be under way, and how many were pulled and delivered. */
  #room;
  #pulled = 0;
  #delivered = 0;
  /** What was pulled and not handed over yet. */
  #chunk;
  #isFlushing = false;
  /** Chunks that wait for a body, or behind one that does, and when the last of them is handed over. */
  #queued = 0;
  #pushed = Promise.resolve();
  /** Goes on with the pulling, when it waits for room. */
  #goOn = () => {};

  /** From `source`; at most `room` items are under way: pulled, and not delivered. */
  constructor(source, run, { patience, files, room = Number.POSITIVE_INFINITY }) {
    this.#source = source;
    this.#run = new WeakRef(run);
    this.#patience = patience;
    this.#files = files;
    this.#room = room;
    this.#chunk = new Chunk(0, files);
    run.endWith(() => source.close());
    this.#watchDeadline(run);
  }

  /** Pulls until the list has ended, or the run. */
  start() {
    this.#pull().catch((error) => this.#run.deref()?.fail(error));
  }

  /** `count` more items were delivered. */
  deliver(count) {
    this.#delivered += count;
    this.#goOn();
  }

  /** What has not come by the deadline comes too late. */
  #watchDeadline(run) {
    const { left } = this.#patience;
    if (left === undefined || left > LONGEST) return;
    const self = new WeakRef(this);
    const timer = setTimeout(() => self.deref()?.#cut(), left);
    // Whoever waits for the run keeps the process alive.
    timer.unref();
    run.endWith(() => clearTimeout(timer));
  }

  #cut() {
    // All items of a list that has an end come to one, too.
    if (this.#source.isOver || this.#source.isBounded) return;
    this.#source.close();
    this.#goOn();
    this.#flushOrFail();
    this.#pushed.then(() => this.#run.deref()?.end());
  }

  async #pull() {
    for (;;) {
      while (this.#pulled - this.#delivered < this.#room) {
        const { done, value } = this.#source.isAsync
          ? await this.#source.arrival()
          : this.#source.next();
        if (this.#source.isOver) return;
        if (done) return this.#finish();
        this.#add(value);
        // Others in this process want their turn, too.
        if (this.#chunk.isFull) await this.#nextTurn();
        if (this.#source.isOver) return;
      }
      this.#flush();
      await this.#roomMade();
      if (this.#source.isOver) return;
    }
  }

  async #roomMade() {
    this.#run.deref()?.setAhead(true);
    await new Promise((resolve) => {
      this.#goOn = resolve;
    });
    this.#run.deref()?.setAhead(false);
  }

  #add(item) {
    this.#pulled++;
    this.#chunk.add(item);
    if (this.#isFlushing || !this.#source.isAsync) return;
    // What comes in one go is handed over together, and nothing waits for what may be long in coming.
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (!this.#source.isOver) this.#flushOrFail();
    });
  }

  async #nextTurn() {
    this.#flush();
    await new Promise(setImmediate);
  }

  async #finish() {
    this.#flush();
    // Closed from now on: it has come to its end.
    const wasOver = this.#source.isOver;
    this.#source.isOver = true;
    await this.#pushed;
    if (!wasOver) this.#run.deref()?.end();
  }

  /** Where nobody would catch what is thrown. */
  #flushOrFail() {
    try {
      this.#flush();
    } catch (error) {
      this.#run.deref()?.fail(error);
    }
  }

  #flush() {
    const chunk = this.#chunk;
    if (chunk.urls.length === 0) return;
    this.#chunk = new Chunk(this.#pulled, this.#files);
    if (this.#queued === 0 && !chunk.isPending) return this.#run.deref()?.push(chunk);
    this.#queued++;
    this.#pushed = this.#pushed
      .then(() => this.#pushLater(chunk))
      .catch((error) => this.#run.deref()?.fail(error));
  }

  async #pushLater(chunk) {
    await chunk.settle(this.#patience);
    this.#queued--;
    const run = this.#run.deref();
    if (run?.isOver === false) run.push(chunk);
  }
}

module.exports = { Feed, feedAll };
