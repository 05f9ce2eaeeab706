// The whole list, whatever it is made of: its entries one by one, read as they are asked for, and how many there may be.

'use strict';

const path = require('node:path');
const { openCsv } = require('./csv.js');
const { Extent } = require('./extent.js');
const { faultOfFile, faulty, itemOf, itemOfUrl } = require('./items.js');
const { linesOf } = require('./lines.js');
const { Misuse } = require('./misuse.js');

/**
 * @typedef {import('./items.js').Meant & { index: number, where?: string }} Entry `where` names its line
 */

class List {
  /** How many entries there are. */
  extent;
  #sources;
  #hasFolder;

  /** Of opened sources, as `openList` makes them. */
  constructor(sources, { hasFolder }) {
    this.#sources = sources;
    this.#hasFolder = hasFolder;
    this.extent = new Extent(sources);
  }

  /** Whether it comes to an end by itself. */
  get isBounded() {
    return this.#sources.every(({ isBounded }) => isBounded);
  }

  /** @returns {AsyncGenerator<Entry>} */
  async *entries() {
    for (const source of this.#sources) {
      if (source.url === undefined) yield* this.#entriesOf(source);
      else yield this.extent.count(itemOfUrl(source.url));
    }
    this.extent.end();
  }

  async *#entriesOf({ name, lines, meaningOf }) {
    for await (const { lines: some, size } of lines()) {
      const entries = some.flatMap((line) => this.#entryOf(line, { name, meaningOf }) ?? []);
      this.extent.pass(size, entries.length);
      for (const entry of entries) yield this.extent.count(entry);
    }
  }

  /** @returns {Entry | undefined} */
  #entryOf(line, { name, meaningOf }) {
    const entry = meaningOf(line);
    if (entry === undefined) return undefined;
    entry.fault ??= faultOfFile(entry.item, { hasFolder: this.#hasFolder });
    entry.where = `${name}, line ${line.number}`;
    return entry;
  }
}

/** What a line means, if it is neither blank nor a comment. */
function meaningOfLine({ text }, format) {
  if (text === '' || text?.startsWith('#')) return undefined;
  return itemOf(text, format);
}

/** What a cell means: there is nothing to pass over. */
function meaningOfCell({ text, isBroken }) {
  if (isBroken) return faulty('', 'a quote is not closed, or the record is too long');
  return itemOfUrl(text);
}

/** Opens a list. Throws Misuse where it is CSV without the column that is asked for. */
async function openList(sources, { inputFormat, column, output }) {
  if (column !== undefined && (inputFormat ?? 'csv') !== 'csv') {
    throw new Misuse(`--column goes with CSV, not with --input-format ${inputFormat}`);
  }
  const opened = [];
  for (const source of sources) opened.push(await opening(source, { inputFormat, column }));
  return new List(opened, { hasFolder: output !== undefined });
}

async function opening(source, { inputFormat, column }) {
  if (source.url !== undefined) return source;
  if (!isCsv(source, { inputFormat, column })) {
    const meaningOf = (line) => meaningOfLine(line, inputFormat);
    return { ...source, lines: () => linesOf(source.open()), meaningOf };
  }
  const cells = await openCsv(source.open(), { column: column ?? 'url', name: source.name });
  return { ...source, lines: () => cells, meaningOf: meaningOfCell };
}

function isCsv({ file = '' }, { inputFormat, column }) {
  if (inputFormat !== undefined) return inputFormat === 'csv';
  return column !== undefined || path.extname(file).toLowerCase() === '.csv';
}

module.exports = { openList };
