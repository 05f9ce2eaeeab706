// Results on their way to stdout: several lines in one go, no faster than they are taken there, and none once nobody reads.

'use strict';

/** Characters that are gathered, at most. */
const MOST = 1 << 16;

class Output {
  #stream;
  #print;
  #text = '';
  #isDue = false;
  #drained;
  /** What ended it: that nobody reads any more (EPIPE), or that it cannot be written (ENOSPC). */
  failure;

  /** To `stream`, by `print(text)`, which may have to make room for it first. `onFailure` is called if it fails. */
  constructor(stream, { print, onFailure }) {
    this.#stream = stream;
    this.#print = print;
    stream.on('error', (error) => {
      if (this.failure !== undefined) return;
      this.failure = error;
      this.#drained?.resolve();
      onFailure();
    });
    stream.on('drain', () => this.#drained?.resolve());
  }

  /** Resolves when there is room for more. */
  async write(line) {
    this.#text += `${line}\n`;
    if (this.#text.length >= MOST) this.flush();
    else this.#flushSoon();
    await this.#drained?.promise;
  }

  /** What comes in one go is written together, and nothing waits for what may be long in coming. */
  #flushSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  flush() {
    if (this.#text === '' || this.failure !== undefined) return;
    const text = this.#text;
    this.#text = '';
    this.#print(text);
    if (this.#stream.writableNeedDrain) this.#waitForRoom();
  }

  #waitForRoom() {
    let resolve;
    const promise = new Promise((done) => {
      resolve = done;
    });
    this.#drained = { promise, resolve };
  }

  /** Resolves when all is written, or cannot be. */
  async end() {
    this.flush();
    if (this.failure !== undefined) return;
    await new Promise((resolve) => this.#stream.write('', resolve));
  }
}

module.exports = { Output };
