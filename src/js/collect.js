// All results of a run in one array, in the order of the list.

'use strict';

const alive = require('./alive.js');
const { unreadable } = require('./errors.js');
const { Feed, feedAll } = require('./feed.js');
const { checkList, chunks } = require('./items.js');
const { Overdue, Patience } = require('./patience.js');
const { copyOf, Result } = require('./result.js');
const { Run } = require('./run.js');
const { Source } = require('./source.js');

/** Batches read before timers and sockets of the caller's get their turn. */
const BATCHES_PER_TURN = 4;

/**
 * Fetches `urls` as `call` says: its `settings`, its `body` and its `signal`, if any, the `site` it was made at, and its native
 * `client`, if any.
 */
async function collect(urls, call) {
  checkList(urls);
  if (call.signal?.aborted) throw call.signal.reason;
  const source = sourceOf(urls, call);
  return gather(source, call.body?.isPending ? await readBody(source, call) : call);
}

/** What is there is read at once; of what comes in its own time, what was there when the body is. */
function sourceOf(urls, call) {
  if (typeof urls[Symbol.asyncIterator] === 'function') return { urls };
  const list = chunks(urls, call.files);
  // What the caller changes afterwards changes nothing.
  return { list: call.body?.isPending ? [...list] : list };
}

function gather(source, call) {
  return new Promise((resolve, reject) => {
    try {
      new Collection({ resolve, reject }).run(source, call);
    } finally {
      call.leave?.();
    }
  });
}

/** Reads the body of `call`, and returns the call that goes on. */
async function readBody(source, call) {
  const patience = new Patience(call.signal, call.settings.deadline);
  // It is a call of its client's before it is a run.
  const leave = call.runs?.add(patience);
  try {
    return { ...(await withBody(source, call, patience)), leave };
  } catch (error) {
    leave?.();
    throw error;
  } finally {
    patience.end();
  }
}

/** Where the deadline passes before the body is there, it does for all items. */
async function withBody({ list = [] }, call, patience) {
  const { body, signal, settings } = call;
  try {
    await patience.wait(body.settle());
    return { ...call, settings: { ...settings, deadline: patience.left } };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (patience.reason !== undefined) throw patience.reason;
    if (!(error instanceof Overdue)) throw unreadable('options.body', error);
    for (const chunk of list) chunk.fail(error);
    // Of a list that comes in its own time, the deadline passes for what comes, too.
    return { ...call, body: undefined, settings: { ...settings, deadline: patience.left } };
  }
}

class Collection {
  #run;
  #results = [];
  #stopsOnError;
  #resolve;
  #reject;

  constructor({ resolve, reject }) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run({ list, urls }, call) {
    this.#stopsOnError = call.settings.stopOnError;
    const run = new Run(call, {
      onReady: () => this.#take(),
      onFailure: (reason) => this.#fail(reason),
    });
    run.join(call.runs);
    this.#run = run;
    alive.hold(this);
    run.reportTo(call.onProgress);
    const patience = new Patience(call.signal, call.settings.deadline);
    run.endWith(() => patience.end());
    try {
      if (list === undefined) feedAsItComes(run, urls, { ...call, patience });
      else feedAll(run, list, { ...call, patience });
      if (run.isFinished) this.#finish();
    } catch (error) {
      run.fail(error);
    }
  }

  #take() {
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++) {
      // An abort may have ended it between the bell and now.
      const batch = this.#run.take();
      if (batch === null) {
        if (this.#run.isFinished && !this.#run.isOver) this.#finish();
        return;
      }
      if (!this.#keep(batch)) return;
    }
    setImmediate(() => this.#go());
  }

  #go() {
    try {
      this.#take();
    } catch (error) {
      this.#run.fail(error);
    }
  }

  /** Whether the run goes on. */
  #keep(batch) {
    const failed = this.#stopsOnError ? batch.firstFailed() : -1;
    if (failed !== -1) {
      this.#run.fail(batch.error(failed));
      return false;
    }
    // In one go where the length is known by now.
    if (this.#results.length < this.#run.total) this.#results.length = this.#run.total;
    for (let row = 0; row < batch.length; row++) {
      this.#results[batch.index[row]] = this.#result(batch, row);
    }
    return true;
  }

  #result(batch, row) {
    if (!batch.isCopy(row)) return new Result(batch, row);
    return copyOf(this.#results[batch.original(row)], batch.index[row]);
  }

  #finish() {
    // What the caller is told of it last may throw.
    const stats = this.#run.finish();
    alive.release(this);
    // Stays an ordinary array: `stats` shows neither in a loop nor in JSON.
    this.#resolve(Object.defineProperty(this.#results, 'stats', { value: stats }));
  }

  #fail(reason) {
    alive.release(this);
    this.#reject(reason);
  }
}

function feedAsItComes(run, urls, { patience, files }) {
  const feed = new Feed(new Source(urls), run, { patience, files });
  run.begin();
  feed.start();
}

module.exports = { collect };
