// The caller's list as the native part takes it: in chunks, each with all its URLs in one string, in JSON the options of those
// few items that have any, and their bodies in one block. A fault of one item travels along in its row.

'use strict';

const { BodyBlock } = require('./bodies.js');
const { describe, invalidType, wrongOption } = require('./errors.js');
const { readItem } = require('./options.js');
const read = require('./readers.js');

/** Items that cross together, and bytes of bodies after which they do. */
const CHUNK = 1024;
const MAX_BYTES = 4 << 20;

/** Throws unless `urls` is something that items can be read from. */
function checkList(urls) {
  const isText = typeof urls === 'string' || urls instanceof String;
  const isFunction = (key) => typeof urls?.[key] === 'function';
  if (isText || !(isFunction(Symbol.asyncIterator) || isFunction(Symbol.iterator))) {
    throw invalidType('urls', 'an iterable of URLs, such as an array', urls);
  }
}

/** The chunks of an iterable, which is read as they are asked for. Its items are saved as `files` say. */
function* chunks(urls, files) {
  let first = 0;
  let chunk = new Chunk(first, files);
  for (const item of urls) {
    chunk.add(item);
    if (!chunk.isFull) continue;
    yield chunk;
    first += chunk.urls.length;
    chunk = new Chunk(first, files);
  }
  if (chunk.urls.length > 0) yield chunk;
}

/** What the caller's own function threw: it is no fault of an item. */
class OfCaller {
  constructor(thrown) {
    this.thrown = thrown;
  }
}

class Chunk {
  urls = [];
  /** Pairs of row and what is special about it. */
  special = [];
  /** Pairs of those and the body of the item. */
  bodies = [];
  /** Bytes of the bodies that are there. */
  size = 0;
  /** Pairs of row and tag. */
  tags = [];
  /** The index of its first item. */
  #first;
  #files;

  constructor(first, files) {
    this.#first = first;
    this.#files = files;
  }

  get isFull() {
    return this.urls.length === CHUNK || this.size >= MAX_BYTES;
  }

  add(item) {
    const isPlain = typeof item === 'string' && this.#files.nameOf === undefined;
    if (isPlain) return void this.urls.push(line(item));
    const row = this.urls.length;
    try {
      this.addObject(row, item);
    } catch (error) {
      if (error instanceof OfCaller) throw error.thrown;
      this.special.push([row, { fault: describe(error) }]);
      this.urls[row] ??= shownUrl(item);
      const tag = attempt(() => item.tag);
      if (tag !== undefined) this.tags.push([row, tag]);
    }
  }

  addObject(row, item) {
    if (typeof item === 'string' || read.isUrl(item))
      return this.addRequest(row, { url: item.href ?? item });
    if (typeof item !== 'object' || item === null) {
      throw invalidType('an item', 'a URL or an object with a url', item);
    }
    // By its tag: to name the global would load fetch.
    if (item[Symbol.toStringTag] === 'Request') {
      throw wrongOption('an item cannot be a Request: pass { url, method, headers }');
    }
    this.addRequest(row, readItem(item));
  }

  addRequest(row, { url, tag, body, file, request = {} }) {
    if (url === undefined) throw invalidType('item.url', 'a string or a URL', url);
    this.urls.push(line(url));
    if (tag !== undefined) this.tags.push([row, tag]);
    const name = this.#nameFor(file, { url, index: this.#first + row, tag });
    if (body === undefined && name === undefined && Object.keys(request).length === 0) return;
    const special = [row, { options: request, file: name }];
    this.special.push(special);
    if (body === undefined) return;
    this.bodies.push([special, body]);
    this.size += body.bytes.byteLength ?? 0;
  }

  #nameFor(file, item) {
    const { nameOf, hasFolder } = this.#files;
    if (file !== undefined) return hasFolder ? file : read.lonePath(file, 'item.file');
    if (nameOf === undefined) return undefined;
    let name;
    try {
      name = nameOf(item);
    } catch (error) {
      throw new OfCaller(error);
    }
    if (typeof name !== 'string') throw invalidType('the name of a file', 'a string', name);
    return name.toWellFormed();
  }

  /** A body is still to be read. */
  get isPending() {
    return this.bodies.some(([, body]) => body.isPending);
  }

  /** Reads the bodies that are still to be read, with `patience`. One that cannot be is its item's fault. */
  async settle(patience) {
    for (const [special, body] of this.bodies) {
      if (!body.isPending) continue;
      try {
        await patience.wait(body.settle());
      } catch (error) {
        special[1] = { fault: describe(error) };
      }
    }
  }

  /** Every item fails with `error`. */
  fail(error) {
    this.special = this.urls.map((_url, row) => [row, { fault: describe(error) }]);
    this.bodies = [];
  }

  /** The arguments of the native `push`. */
  encode() {
    const block = new BodyBlock();
    for (const [[, { options }], body] of this.bodies) {
      if (options !== undefined) options.body = block.add(body);
    }
    const special = this.special.length > 0 ? JSON.stringify(this.special) : undefined;
    return [this.urls.join('\n'), special, block.toBuffer()];
  }
}

/** The URL of an item that has another fault, to tell it by. */
function shownUrl(item) {
  const url = attempt(() => item.url);
  return typeof url === 'string' ? line(url) : '';
}

/** What `read` returns, unless it throws: an item may be anything. */
function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Tabs and line breaks mean nothing in a URL, by the URL standard; here a line break ends one. */
function line(url) {
  return url.includes('\n') ? url.replace(/[\t\n\r]/g, '') : url;
}

module.exports = { checkList, Chunk, chunks };
