// Lines of a stream, as many at a time as came together. Whoever wrote them: UTF-8 or UTF-16, with or without a byte order mark,
// with or without CR, and with or without an end of the last one.

'use strict';

/** Characters of one line, at most: an item may bring its body, but a file without line breaks must not fill the memory. */
const LONGEST = 16 << 20;

/** The text of a stream of bytes, in pieces, and how many bytes each was. */
async function* decoded(stream) {
  let decoder;
  for await (const bytes of stream) {
    decoder ??= new TextDecoder(encodingOf(bytes));
    yield { text: decoder.decode(bytes, { stream: true }), size: bytes.length };
  }
  const text = decoder?.decode() ?? '';
  if (text !== '') yield { text, size: 0 };
}

/** What a byte order mark says. */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/** Arrays of `{ text, number }`, with the `size` in bytes of what they were made of. A line that is too long has no text. */
async function* linesOf(stream) {
  const line = new Line();
  for await (const { text, size } of decoded(stream)) {
    const lines = [];
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      line.add(text.slice(start, end));
      lines.push(line.take());
      start = end + 1;
    }
    line.add(text.slice(start));
    yield { lines, size };
  }
  if (line.length > 0) yield { lines: [line.take()], size: 0 };
}

/** A line as it comes together. */
class Line {
  length = 0;
  #pieces = [];
  #number = 0;

  add(piece) {
    this.length += piece.length;
    if (this.length <= LONGEST) this.#pieces.push(piece);
    else this.#pieces = [];
  }

  take() {
    this.#number += 1;
    const text = this.length > LONGEST ? undefined : this.#pieces.join('').trim();
    this.length = 0;
    this.#pieces = [];
    return { text, number: this.#number };
  }
}

module.exports = { decoded, linesOf, LONGEST };
