// Bodies of requests: the forms in which a caller may give one, as bytes and what they are. They are copied when they are given;
// only what has no bytes yet (a Blob, a FormData) is read later.

'use strict';

const { types } = require('node:util');
const { invalidType, wrongOption } = require('./errors.js');

const FORMS = 'a string, bytes, a URLSearchParams, a FormData or a Blob';

/** A body. `isPlain` says that any type which was given before says more than `contentType`. */
class Body {
  constructor(bytes, { contentType, isPlain = false } = {}) {
    this.bytes = bytes;
    this.contentType = contentType;
    this.isPlain = isPlain;
    // Whoever waits for it is told.
    if (this.isPending) bytes.catch(() => {});
  }

  get isPending() {
    return this.bytes instanceof Promise;
  }

  async settle() {
    this.bytes = Buffer.from(await this.bytes);
  }
}

/** The native part's block of bodies: they stand next to each other. */
class BodyBlock {
  #parts = [];
  #size = 0;

  /** Adds a body that is settled, and returns where it stands and what it is. */
  add({ bytes, contentType, isPlain }) {
    const start = this.#size;
    this.#parts.push(bytes);
    this.#size += bytes.byteLength;
    return { start, end: this.#size, contentType, isPlain };
  }

  /** Undefined when there is none. */
  toBuffer() {
    if (this.#parts.length === 0) return undefined;
    return this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts, this.#size);
  }
}

/** The option `body`. Told apart by tags where to name the global would load fetch. */
function readBody(value, name) {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return new Body(bytes, { contentType: 'text/plain;charset=UTF-8', isPlain: true });
  }
  if (ArrayBuffer.isView(value) || types.isArrayBuffer(value)) return new Body(copy(value, name));
  if (value instanceof URLSearchParams) {
    const contentType = 'application/x-www-form-urlencoded;charset=UTF-8';
    return new Body(Buffer.from(value.toString()), { contentType });
  }
  switch (value?.[Symbol.toStringTag]) {
    case 'Blob':
    case 'File':
      return new Body(Promise.resolve(value.arrayBuffer()), { contentType: typeOf(value) });
    case 'FormData':
      return readForm(value, name);
    case 'ReadableStream':
      throw streamed(name, value);
    default:
      if (typeof value?.pipe === 'function' || value?.[Symbol.asyncIterator] !== undefined) {
        throw streamed(name, value);
      }
      throw invalidType(name, FORMS, value);
  }
}

function typeOf({ type }) {
  return typeof type === 'string' && type !== '' ? type.toWellFormed() : undefined;
}

/** As multipart/form-data. Node writes it, boundary and all. */
function readForm(form, name) {
  if (!(form instanceof FormData)) throw invalidType(name, "Node's own FormData", form);
  const response = new Response(form);
  const contentType = response.headers.get('content-type');
  return new Body(response.arrayBuffer(), { contentType });
}

/** The option `json`. What is in it may be secret, and is not shown. */
function readJson(value, name) {
  const text = stringify(value, name);
  if (text === undefined) throw wrongOption(`${name} must be something that JSON can say`);
  return new Body(Buffer.from(text), { contentType: 'application/json' });
}

function stringify(value, name) {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    const error = wrongOption(
      `${name} cannot be written as JSON: ${String(cause?.message ?? cause)}`,
    );
    throw Object.assign(error, { cause });
  }
}

function copy(value, name) {
  try {
    const { buffer = value, byteOffset = 0, byteLength } = value;
    return Buffer.from(new Uint8Array(buffer, byteOffset, byteLength));
  } catch {
    throw wrongOption(`${name} must not be detached`);
  }
}

function streamed(name, value) {
  return invalidType(name, `${FORMS}, not a stream: read it first`, value);
}

module.exports = { BodyBlock, readBody, readJson };
