// All results of a run in one array, in the order of the list.

'use strict';

const { unreadable } = require('./errors.js');
const { chunks } = require('./items.js');
const { Overdue, Patience } = require('./patience.js');
const { copyOf, Result } = require('./result.js');
const { Run } = require('./run.js');

/**
 * Fetches `urls` as `call` says: its `settings`, its `body` and its `signal`, if any, the `site` it was made at, and its native
 * `client`, if any.
 */
async function collect(urls, call) {
  const list = chunks(urls);
  if (call.signal?.aborted) throw call.signal.reason;
  if (!call.body?.isPending) return gather(list, call);
  // What the caller changes afterwards changes nothing.
  const snapshot = [...list];
  return gather(snapshot, await readBody(snapshot, call));
}

function gather(list, call) {
  return new Promise((resolve, reject) => {
    new Collection({ resolve, reject }).run(list, call);
  });
}

/** Reads the body of `call`, and returns the call that goes on. Where the deadline passes before, it does for all items. */
async function readBody(list, call) {
  const { body, signal, settings } = call;
  const patience = new Patience(signal, settings.deadline);
  try {
    await patience.wait(body.settle());
    return { ...call, settings: { ...settings, deadline: patience.left } };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof Overdue)) throw unreadable('options.body', error);
    for (const chunk of list) chunk.fail(error);
    return { ...call, body: undefined };
  } finally {
    patience.end();
  }
}

class Collection {
  #run;
  #results;
  #missing;
  #stopsOnError;
  #resolve;
  #reject;

  constructor({ resolve, reject }) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run(list, call) {
    this.#stopsOnError = call.settings.stopOnError;
    this.#run = new Run(call, {
      onBatch: (batch) => this.#keep(batch),
      onFailure: this.#reject,
    });
    const total = this.#run.feed(list);
    this.#results = new Array(total);
    this.#missing = total;
    if (total === 0) this.#finish();
  }

  #keep(batch) {
    const failed = this.#stopsOnError ? batch.firstFailed() : -1;
    if (failed !== -1) return void this.#run.fail(batch.error(failed));
    for (let row = 0; row < batch.length; row++) {
      this.#results[batch.index[row]] = this.#result(batch, row);
    }
    this.#missing -= batch.length;
    if (this.#missing === 0) this.#finish();
  }

  #result(batch, row) {
    if (!batch.isCopy(row)) return new Result(batch, row);
    return copyOf(this.#results[batch.original(row)], batch.index[row]);
  }

  #finish() {
    // Stays an ordinary array: `stats` shows neither in a loop nor in JSON.
    const stats = this.#run.stats();
    const results = Object.defineProperty(this.#results, 'stats', { value: stats });
    this.#run.close();
    this.#resolve(results);
  }
}

module.exports = { collect };
