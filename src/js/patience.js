// How long a call waits for what is still to be read before it can be sent: until it is aborted, or its deadline passes.

'use strict';

const { onAbort } = require('./abort.js');

/** What Node's timers can count. */
const LONGEST = 2 ** 31 - 1;

/** The deadline passed. Said as the native part says it. */
class Overdue extends Error {
  constructor(deadline) {
    super(`timed out after ${Math.floor(deadline)} ms in the phase 'deadline'`);
    this.code = 'ETIMEDOUT';
    this.phase = 'deadline';
  }
}

/** The patience of one call, from now on and until it is ended. */
class Patience {
  #signal;
  #deadline;
  #begun = performance.now();
  /** Rejects when it is over, with the reason of that. Made when somebody waits. */
  #over;
  #release = () => {};
  #fail = () => {};
  /** Why the call failed, if it did. */
  reason;

  /** No `deadline` is undefined, or null. */
  constructor(signal, deadline) {
    this.#signal = signal;
    this.#deadline = deadline ?? Number.POSITIVE_INFINITY;
  }

  /** Milliseconds until the deadline; undefined without one. */
  get left() {
    if (this.#deadline === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(this.#deadline - (performance.now() - this.#begun), Number.MIN_VALUE);
  }

  /** Settles as `promise` does, unless the call ends before. */
  wait(promise) {
    if (this.#over === undefined) {
      this.#over = new Promise((_resolve, reject) => this.#watch(reject));
      // Whoever waits is told.
      this.#over.catch(() => {});
    }
    return Promise.race([promise, this.#over]);
  }

  /** Whoever waits is told that the call has failed because of `reason`. */
  fail(reason) {
    this.reason = reason;
    this.#fail(reason);
  }

  /** Nobody waits any more. */
  end() {
    this.#release();
  }

  #watch(reject) {
    this.#fail = reject;
    const pass = () => reject(new Overdue(this.#deadline));
    const timer = this.left <= LONGEST ? setTimeout(pass, this.left) : undefined;
    const stopListening = onAbort(this.#signal, () => reject(this.#signal.reason));
    this.#release = () => {
      clearTimeout(timer);
      stopListening();
      reject(new Error('the call is over'));
    };
  }
}

module.exports = { LONGEST, Overdue, Patience };
