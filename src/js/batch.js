// Reads the columns of a batch. `src/engine/batch.rs` describes the layout; the two change together.

'use strict';

const { DownloadError } = require('./errors.js');
const native = require('./native.js');

const { CODES, PHASES } = native;

const TIMINGS = ['queue', 'dns', 'connect', 'firstByte', 'download', 'total'];
const VERSIONS = { 10: '1.0', 11: '1.1', 20: '2' };
const REUSED = 1;
const DECODED = 2;
const COPY = 4;
const OTHER_CHARSET = 8;
const SAVED = 16;
const FROM_JOURNAL = 32;

/**
 * Node lets nobody post a slab away from under its other bodies. `transfer`, which newer versions have besides, would: here
 * it refuses too.
 */
function keepWhole(slab) {
  for (const name of ['transfer', 'transferToFixedLength']) {
    if (name in ArrayBuffer.prototype) Object.defineProperty(slab.buffer, name, { value: refuse });
  }
  return slab;
}

function refuse() {
  throw new TypeError(
    'The body shares its memory with others: copy it with Buffer.from(result.body)',
  );
}

/** Takes those of `indexes` out of `tags`. */
function taken(tags, indexes) {
  const own = new Map();
  if (tags.size === 0) return own;
  for (const index of indexes) {
    if (tags.has(index)) own.set(index, tags.get(index));
    tags.delete(index);
  }
  return own;
}

/** Finished items. Holds nothing but typed arrays, so that nothing native is kept alive by a result. */
class Batch {
  constructor({ length, columns, text, slabs }, { tags, site, isStreamed }) {
    let at = columns.byteOffset;
    const column = (Type) => {
      const values = new Type(columns.buffer, at, length);
      at += values.byteLength;
      return values;
    };
    this.length = length;
    this.text = text;
    this.slabs = slabs.map(keepWhole);
    this.site = site;
    this.size = column(Float64Array);
    this.wireSize = column(Float64Array);
    this.timing = TIMINGS.map(() => column(Float32Array));
    this.index = column(Uint32Array);
    this.urlsEnd = column(Uint32Array);
    this.headEnd = column(Uint32Array);
    this.errorEnd = column(Uint32Array);
    this.slab = column(Uint32Array);
    this.bodyStart = column(Uint32Array);
    this.bodyLength = column(Uint32Array);
    this.status = column(Uint16Array);
    this.attempts = column(Uint16Array);
    this.version = column(Uint8Array);
    this.flags = column(Uint8Array);
    this.code = column(Uint8Array);
    this.phase = column(Uint8Array);
    // Where nobody keeps all results, nobody keeps all tags.
    this.tags = isStreamed ? taken(tags, this.index) : tags;
  }

  /** The URL asked for, and those redirected to. */
  urls(row) {
    const start = row === 0 ? 0 : this.errorEnd[row - 1];
    return this.text.toString('utf8', start, this.urlsEnd[row]).split('\n');
  }

  /** The reason phrase, the address at the other end, and the header fields as pairs. */
  head(row) {
    const text = this.text.toString('latin1', this.urlsEnd[row], this.headEnd[row]);
    const [reason, remote, ...lines] = text.split('\n');
    const fields = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
    return { reason, remote, fields };
  }

  body(row) {
    if ((this.flags[row] & (SAVED | FROM_JOURNAL)) !== 0) throw this.#notStored(row);
    const slab = this.slabs[this.slab[row]];
    if (slab === undefined) return Buffer.alloc(0);
    const start = this.bodyStart[row];
    return slab.subarray(start, start + this.bodyLength[row]);
  }

  bodyText(row) {
    if ((this.flags[row] & OTHER_CHARSET) !== 0) return this.#decodedText(row);
    if ((this.flags[row] & (SAVED | FROM_JOURNAL)) !== 0) throw this.#notStored(row);
    // Without a view in between.
    const start = this.bodyStart[row];
    const text = this.slabs[this.slab[row]]?.utf8Slice(start, start + this.bodyLength[row]) ?? '';
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  #decodedText(row) {
    const [, contentType] = this.head(row).fields.find(([name]) => name === 'content-type') ?? [];
    return native.decodeText(this.body(row), contentType);
  }

  timings(row) {
    const timings = {};
    // Stored with seven digits; what is beyond a microsecond is noise.
    for (const [i, name] of TIMINGS.entries())
      timings[name] = Math.round(this.timing[i][row] * 1e3) / 1e3;
    timings.reused = (this.flags[row] & REUSED) !== 0;
    return timings;
  }

  httpVersion(row) {
    return VERSIONS[this.version[row]];
  }

  isDecoded(row) {
    return (this.flags[row] & DECODED) !== 0;
  }

  /** Nothing but the index is its own: all else is that of the `original`. */
  isCopy(row) {
    return (this.flags[row] & COPY) !== 0;
  }

  /** The index of the item that the row is a copy of. */
  original(row) {
    return this.slab[row];
  }

  /** The first row that failed, or -1. */
  firstFailed() {
    return this.code.findIndex((code) => code !== 0);
  }

  /** The path of the file that has the body. */
  file(row) {
    return this.isSaved(row) ? this.#message(row) : undefined;
  }

  isSaved(row) {
    return (this.flags[row] & SAVED) !== 0;
  }

  isFromJournal(row) {
    return (this.flags[row] & FROM_JOURNAL) !== 0;
  }

  error(row, index = this.index[row]) {
    if (this.code[row] === 0) return undefined;
    return this.#error(row, index, CODES[this.code[row] - 1], this.#message(row));
  }

  #notStored(row) {
    const [url, file] = [this.urls(row).at(-1), this.file(row)];
    const where = file === undefined ? 'a journal knows of the response' : `the body is in ${file}`;
    return this.#error(row, this.index[row], 'ERR_NOT_STORED', `${url}: ${where}`);
  }

  #message(row) {
    return this.text.toString('utf8', this.headEnd[row], this.errorEnd[row]);
  }

  #error(row, index, code, message) {
    return new DownloadError(message, {
      code,
      phase: PHASES[this.phase[row] - 1],
      url: this.urls(row).at(-1),
      index,
      attempts: this.attempts[row],
      stack: this.site.frames,
    });
  }
}

module.exports = { Batch };
