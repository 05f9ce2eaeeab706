// The bar: two lines on a terminal that are drawn again and again below the results, and are gone at the end. Nothing of the
// terminal is changed for them, so that there is nothing to put back, however the command ends.

'use strict';

const { clearScreenDown } = require('node:readline');
const { MultiBar } = require('cli-progress');

const OPTIONS = {
  clearOnComplete: true,
  forceRedraw: true,
  fps: 4,
  gracefulExit: false,
  hideCursor: false,
  linewrap: true,
};

class Bar {
  #bars;
  /** What is to be printed above it. */
  #print;

  /** On `stream`; `lines(width)` says what is in it. */
  constructor(stream, lines) {
    this.#bars = new MultiBar({ ...OPTIONS, stream });
    let drawn = [];
    this.#bars.on('redraw-pre', () => {
      // The cursor is where the bar begins.
      if (this.#print !== undefined) {
        clearScreenDown(stream);
        this.#print();
      }
      drawn = lines((stream.columns || 80) - 1);
    });
    for (const i of [0, 1]) this.#bars.create(1, 0, {}, { format: () => drawn[i] ?? '' });
    this.#bars.update();
  }

  /** Has `print()` write to the terminal, above the bar. */
  above(print) {
    this.#print = print;
    this.#bars.update();
    this.#print = undefined;
  }

  /** Takes it away. */
  end() {
    this.#bars.stop();
  }
}

/** Whether there is somebody to see it, on something that can draw it. */
function canDraw(stream, env) {
  return stream.isTTY === true && env.TERM !== 'dumb';
}

module.exports = { Bar, canDraw };
