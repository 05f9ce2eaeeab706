// Both streams of the command: results on stdout, all else on stderr, and the bar below either where they are one terminal.

'use strict';

const { visible } = require('./escape.js');

class Screen {
  #bar;

  constructor() {
    // Nobody is left to be told. What the session writes to stdout, it looks after itself.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  }

  /** Shows a bar with what `lines(width)` says. */
  show(lines) {
    const { Bar } = require('./bar.js');
    this.#bar = new Bar(process.stderr, lines);
  }

  /** Takes the bar away. */
  clear() {
    this.#bar?.end();
    this.#bar = undefined;
  }

  /** Results. */
  print(text) {
    const write = () => process.stdout.write(text);
    if (this.#bar !== undefined && process.stdout.isTTY) this.#bar.above(write);
    else write();
  }

  /** A line to whoever sits there. */
  tell(text) {
    const write = () => process.stderr.write(`${text.split('\n').map(visible).join('\n')}\n`);
    if (this.#bar === undefined) write();
    else this.#bar.above(write);
  }

  /** Resolves when all that was told is on its way. */
  async end() {
    for (const stream of [process.stdout, process.stderr]) {
      if (stream.writable) await new Promise((resolve) => stream.write('', resolve));
    }
  }
}

module.exports = { Screen };
