// The results of a run one by one, as they come. The list is pulled as far ahead as it helps, and no more is held than was allowed:
// a slow loop slows the sockets down. Whoever leaves the loop ends the run, and so does whoever forgets it.

'use strict';

const alive = require('./alive.js');
const { unreadable } = require('./errors.js');
const { Feed } = require('./feed.js');
const { checkList } = require('./items.js');
const { Overdue, Patience } = require('./patience.js');
const { copyOf, Result } = require('./result.js');
const { Run } = require('./run.js');
const { Source } = require('./source.js');

/** Before Node 20.4 it has no name. */
const asyncDispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');

/** An iterator over the results of `urls`, fetched as `call` says. Throws for misuse; begins when it is asked for the first. */
function iterate(urls, call) {
  checkList(urls);
  const settings = { ...call.settings, isStreamed: true };
  return new ResultIterator(urls, { ...call, settings });
}

class ResultIterator {
  #run;
  #source;
  #feed;
  #stopsOnError;
  /** Makes the run going; undefined once it was. */
  #start;
  #isStopped = false;
  /** What is being delivered, and how far. */
  #batch;
  #row = 0;
  /** Those who were promised a result. */
  #waiting = [];
  /** Why it broke off, until somebody is told. */
  #failure;

  constructor(urls, call) {
    this.#stopsOnError = call.settings.stopOnError;
    // A body that is still to be read comes with a run of its own. This one shows that the options are fine.
    const body = call.body?.isPending ? { ...call.body, bytes: Buffer.alloc(0) } : call.body;
    this.#run = this.#prepare({ ...call, body });
    this.#start = () => this.#begin(urls, call).catch((error) => this.#run.fail(error));
  }

  /** The run in numbers, so far. */
  get stats() {
    return this.#run.stats();
  }

  next() {
    if (this.#hasNext && this.#waiting.length === 0) {
      return Promise.resolve({ value: this.#nextResult(), done: false });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#start?.();
      this.#deliver();
    });
  }

  /** Ends the run: what is under way is cancelled, and the list is closed. */
  async return(value) {
    this.#end();
    this.#failure = undefined;
    this.#serve();
    await this.#source?.close();
    return { value, done: true };
  }

  async throw(error) {
    await this.return();
    throw error;
  }

  /** Starts nothing more: what is in flight is delivered, and then the loop ends. */
  stop() {
    this.#isStopped = true;
    this.#run.stop();
    this.#source?.close().catch((error) => this.#run.fail(error));
    this.#deliver();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async [asyncDispose]() {
    await this.return();
  }

  #prepare(call) {
    return new Run(call, {
      onReady: () => this.#deliver(),
      onFailure: (reason) => this.#fail(reason),
    });
  }

  async #begin(urls, given) {
    this.#start = undefined;
    if (given.signal?.aborted) return this.#run.fail(given.signal.reason);
    given.runs?.check();
    this.#run.join(given.runs);
    const call = given.body?.isPending ? await this.#readBody(given) : given;
    if (this.#isStopped || this.#run.isOver) return;
    this.#run.reportTo(call.onProgress);
    const patience = new Patience(call.signal, call.settings.deadline);
    this.#run.endWith(() => patience.end());
    this.#run.begin();
    this.#source = new Source(urls);
    const room = this.#run.lookAhead;
    this.#feed = new Feed(this.#source, this.#run, { patience, files: call.files, room });
    this.#feed.start();
  }

  /** Goes on with a run that has the body. Where the deadline passes before, it does for all items. */
  async #readBody(call) {
    const { signal, body, settings } = call;
    const patience = new Patience(signal, settings.deadline);
    this.#run.endWith(() => patience.end());
    let isThere = true;
    try {
      await patience.wait(body.settle());
    } catch (error) {
      if (!(error instanceof Overdue)) throw unreadable('options.body', error);
      isThere = false;
    }
    if (this.#run.isOver) return call;
    const left = { ...settings, deadline: patience.left };
    const ready = { ...call, body: isThere ? body : undefined, settings: left };
    const before = this.#run;
    this.#run = this.#prepare(ready);
    this.#run.join(call.runs);
    before.close();
    if (this.#isStopped) this.#run.stop();
    return ready;
  }

  get #hasNext() {
    return this.#batch !== undefined && this.#row < this.#batch.length;
  }

  #nextResult() {
    const [batch, row] = [this.#batch, this.#row++];
    if (!batch.isCopy(row)) return new Result(batch, row);
    // It came just before, in the same batch.
    const original = batch.index.lastIndexOf(batch.original(row), row);
    return copyOf(new Result(batch, original), batch.index[row]);
  }

  #deliver() {
    try {
      this.#serve();
    } catch (error) {
      this.#run.fail(error);
    }
  }

  /** Gives those who wait what there is. */
  #serve() {
    while (this.#waiting.length > 0) {
      if (this.#failure !== undefined) {
        const { reason } = this.#failure;
        this.#failure = undefined;
        this.#waiting.shift().reject(reason);
      } else if (this.#hasNext) {
        this.#waiting.shift().resolve({ value: this.#nextResult(), done: false });
      } else if (this.#run.isOver) {
        this.#waiting.shift().resolve({ value: undefined, done: true });
      } else if (!this.#turn()) {
        return alive.hold(this);
      }
    }
    alive.release(this);
  }

  /** Turns to the next batch. False when there is nothing for now. */
  #turn() {
    if (this.#batch !== undefined) this.#feed.deliver(this.#batch.length);
    this.#batch = this.#run.take() ?? undefined;
    this.#row = 0;
    if (this.#batch === undefined) {
      const isFinished = this.#run.isFinished;
      if (isFinished) this.#run.finish();
      return isFinished;
    }
    const failed = this.#stopsOnError ? this.#batch.firstFailed() : -1;
    if (failed !== -1) this.#run.fail(this.#batch.error(failed));
    return true;
  }

  #end() {
    this.#start = undefined;
    this.#batch = undefined;
    this.#run.close();
  }

  #fail(reason) {
    this.#end();
    this.#failure = { reason };
    this.#serve();
  }
}

module.exports = { iterate };
