// What the caller holds: one result, a light view over its row of a batch. Whatever costs something is made when it is read.

'use strict';

const { inspect } = require('node:util');

/** The statuses whose Response must have no body (fetch standard, "null body status"). */
const BODILESS = new Set([204, 205, 304]);

/** `result` as that of the item at `index`, which is equal to its own. */
let copyOf;

class Result {
  #batch;
  #row;
  #body;
  /** What else was made already, so that it is the same object when it is read again. */
  #made;

  constructor(batch, row) {
    this.#batch = batch;
    this.#row = row;
  }

  get index() {
    return this.#batch.index[this.#row];
  }

  get url() {
    return this.#batch.urls(this.#row).at(-1);
  }

  get requestUrl() {
    return this.#batch.urls(this.#row)[0];
  }

  get redirects() {
    return this.#batch.urls(this.#row).slice(1);
  }

  get redirected() {
    return this.redirects.length > 0;
  }

  get tag() {
    return this.#batch.tags.get(this.index);
  }

  get ok() {
    const status = this.status;
    const isSuccess = (status >= 200 && status <= 299) || this.#batch.isSaved(this.#row);
    return isSuccess && this.#batch.code[this.#row] === 0;
  }

  get status() {
    return this.#batch.status[this.#row];
  }

  get statusText() {
    return this.#batch.head(this.#row).reason;
  }

  get remoteAddress() {
    return this.#batch.head(this.#row).remote || undefined;
  }

  get headers() {
    return this.#once('headers', () => new Headers(this.#batch.head(this.#row).fields));
  }

  get httpVersion() {
    return this.#batch.httpVersion(this.#row);
  }

  get body() {
    this.#body ??= this.#batch.body(this.#row);
    return this.#body;
  }

  get decoded() {
    return this.#batch.isDecoded(this.#row);
  }

  get size() {
    return this.#batch.size[this.#row];
  }

  get wireSize() {
    return this.#batch.wireSize[this.#row];
  }

  get file() {
    return this.#batch.file(this.#row);
  }

  get fromJournal() {
    return this.#batch.isFromJournal(this.#row) || undefined;
  }

  get attempts() {
    return this.#batch.attempts[this.#row];
  }

  get timings() {
    return this.#once('timings', () => this.#batch.timings(this.#row));
  }

  get error() {
    return this.#once('error', () => this.#batch.error(this.#row, this.index));
  }

  bytes() {
    const { buffer, byteOffset, byteLength } = this.body;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  text() {
    return this.#batch.bodyText(this.#row);
  }

  json() {
    if (this.error !== undefined) throw this.error;
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch ({ message }) {
      // It quotes the body, which a terminal might obey.
      throw new SyntaxError(`${this.url}: the body is not JSON: ${withoutControls(message)}`);
    }
  }

  arrayBuffer() {
    const { buffer, byteOffset, byteLength } = this.body;
    return buffer.slice(byteOffset, byteOffset + byteLength);
  }

  toResponse() {
    const { status, error, url, redirected } = this;
    if (status < 200 || status > 599) {
      const message = `A Response has a status from 200 to 599. ${url} has ${status}`;
      throw new RangeError(message, { cause: error });
    }
    // A body that did not come whole must not look as if it had.
    if (error !== undefined) throw error;
    const body = BODILESS.has(status) ? null : this.bytes();
    const { statusText, headers } = this;
    return located(new Response(body, { status, statusText, headers }), { url, redirected });
  }

  /** Every field but the body. */
  toJSON() {
    const { error, headers, ...fields } = this.#fields();
    return {
      ...fields,
      headers: headersToJson(headers),
      error: error && { ...error, message: error.message },
    };
  }

  [inspect.custom](depth, options) {
    if (depth < 0) return options.stylize('[Result]', 'special');
    return `Result ${inspect(this.#fields(), options)}`;
  }

  #fields() {
    const { index, url, requestUrl, redirects, redirected, tag, ok, status, statusText, headers } =
      this;
    const { httpVersion, remoteAddress, decoded, size, wireSize, file, fromJournal } = this;
    const { attempts, timings, error } = this;
    return {
      ...{ index, url, requestUrl, redirects, redirected, tag, ok, status, statusText, headers },
      ...{ httpVersion, remoteAddress, decoded, size, wireSize, file, fromJournal },
      ...{ attempts, timings, error },
    };
  }

  #once(name, make) {
    this.#made ??= {};
    if (!(name in this.#made)) this.#made[name] = make();
    return this.#made[name];
  }

  static {
    copyOf = (result, index) => new Copy(result.#batch, result.#row, index);
  }
}

/** A result that an equal item has too, under an index and a tag of its own. */
class Copy extends Result {
  #index;

  constructor(batch, row, index) {
    super(batch, row);
    this.#index = index;
  }

  get index() {
    return this.#index;
  }
}

function withoutControls(text) {
  return text.replace(/\p{Cc}/gu, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** `response`, and whatever is cloned from it, with what its constructor takes from nobody. */
function located(response, { url, redirected }) {
  const clone = () => located(Response.prototype.clone.call(response), { url, redirected });
  return Object.defineProperties(response, {
    url: { value: url, configurable: true },
    redirected: { value: redirected, configurable: true },
    clone: { value: clone, configurable: true, writable: true },
  });
}

/** As an object; of the fields that may not be joined, a list. */
function headersToJson(headers) {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}

module.exports = { copyOf, Result };
