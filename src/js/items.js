// The caller's list as the native part takes it: in chunks, each with all its URLs in one string, in JSON the options of those
// few items that have any, and their bodies in one block. A fault of one item travels along in its row.

'use strict';

const { BodyBlock } = require('./bodies.js');
const { describe, invalidType, wrongOption } = require('./errors.js');
const { readItem } = require('./options.js');
const { isUrl } = require('./readers.js');

/** Items that cross together, and bytes of bodies after which they do. */
const CHUNK = 1024;
const MAX_BYTES = 4 << 20;

/** The chunks of `urls`, which is read as they are asked for. */
function chunks(urls) {
  if (typeof urls === 'string' || typeof urls?.[Symbol.iterator] !== 'function') {
    throw invalidType('urls', 'an iterable of URLs, such as an array', urls);
  }
  return generate(urls);
}

function* generate(urls) {
  let chunk = new Chunk();
  for (const item of urls) {
    chunk.add(item);
    if (chunk.urls.length === CHUNK || chunk.size >= MAX_BYTES) {
      yield chunk;
      chunk = new Chunk();
    }
  }
  if (chunk.urls.length > 0) yield chunk;
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

  add(item) {
    if (typeof item === 'string') return void this.urls.push(line(item));
    const row = this.urls.length;
    try {
      this.addObject(row, item);
    } catch (error) {
      this.special.push([row, { fault: describe(error) }]);
      this.urls[row] ??= shownUrl(item);
      const tag = attempt(() => item.tag);
      if (tag !== undefined) this.tags.push([row, tag]);
    }
  }

  addObject(row, item) {
    if (isUrl(item)) return void this.urls.push(line(item.href));
    if (typeof item !== 'object' || item === null) {
      throw invalidType('an item', 'a URL or an object with a url', item);
    }
    // By its tag: to name the global would load fetch.
    if (item[Symbol.toStringTag] === 'Request') {
      throw wrongOption('an item cannot be a Request: pass { url, method, headers }');
    }
    const { url, tag, body, request } = readItem(item);
    if (url === undefined) throw invalidType('item.url', 'a string or a URL', url);
    this.urls.push(line(url));
    if (tag !== undefined) this.tags.push([row, tag]);
    if (body === undefined && Object.keys(request).length === 0) return;
    const special = [row, { options: request }];
    this.special.push(special);
    if (body === undefined) return;
    this.bodies.push([special, body]);
    this.size += body.bytes.byteLength ?? 0;
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

module.exports = { chunks };
