// What a terminal shows in the end, of all that was written to it: just enough of one for what the command writes. Anything else
// is an error.

'use strict';

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const SEQUENCE = /^\x1b\[(\d*)([AGJKm])/;

/** The rows of the screen, without blanks at their ends. */
function screenOf(written) {
  const screen = new Screen();
  for (let rest = written; rest !== ''; ) rest = rest.slice(screen.take(rest));
  return screen.rows.map((row) => row.join('').trimEnd());
}

class Screen {
  rows = [[]];
  #row = 0;
  #column = 0;

  /** Takes the first thing that is in `text`. Returns its length. */
  take(text) {
    if (text[0] === '\x1b') return this.#obey(text);
    if (text[0] === '\r') this.#column = 0;
    else if (text[0] === '\n') this.#moveDown();
    else this.#put(text[0]);
    return 1;
  }

  #moveDown() {
    this.#row += 1;
    this.rows[this.#row] ??= [];
  }

  #put(character) {
    const row = this.rows[this.#row];
    while (row.length < this.#column) row.push(' ');
    row[this.#column] = character;
    this.#column += 1;
  }

  #obey(text) {
    const [sequence, number, name] = SEQUENCE.exec(text) ?? [];
    if (sequence === undefined) throw new Error(`unknown: ${JSON.stringify(text.slice(0, 20))}`);
    if (name === 'A') this.#row = Math.max(this.#row - Number(number), 0);
    if (name === 'G') this.#column = Number(number) - 1;
    if (name === 'J' || name === 'K') this.rows[this.#row].length = this.#column;
    if (name === 'J') this.rows.length = this.#row + 1;
    return sequence.length;
  }
}

module.exports = { screenOf };
