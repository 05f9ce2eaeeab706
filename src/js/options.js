// Checks what the caller wrote against tables of options, and shapes it for the native part. Fills in no default: what is
// not given stays away, and `Infinity` becomes null, which is JSON's word for "no limit" here.

'use strict';

const { invalidType, outOfRange, unknownOption } = require('./errors.js');

const TIMEOUTS = { connect: duration, response: duration, idle: duration, request: duration };

const REQUEST = { method: string, headers, timeout, maxBodySize: count };

const CONNECTION = { tls: table({ ca: certificates, rejectUnauthorized: boolean }) };

const RUN = {
  ...REQUEST,
  ...CONNECTION,
  concurrency: count,
  concurrencyPerHost: count,
  signal: abortSignal,
};

const ITEM = { ...REQUEST, url, tag: (value) => value };

/** The signal of a call, and its settings: the options of its requests under `request`, all others beside it. */
function readOptions(options = {}) {
  const { signal, ...read } = readTable(RUN, options, 'options');
  // Without a prototype, here and below: what others hang on Object.prototype is no option.
  const settings = { __proto__: null, request: {} };
  for (const [name, value] of Object.entries(read)) {
    (Object.hasOwn(REQUEST, name) ? settings.request : settings)[name] = value;
  }
  return { signal, settings };
}

/** One item that is an object: its URL, its tag, and the options of its request. */
function readItem(item) {
  const { url, tag, ...request } = readTable(ITEM, item, 'item');
  return { url, tag, request };
}

/** Reads each own property once. What is inherited, or named by a symbol, is no option. */
function readTable(known, given, name) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidType(name, 'an object', given);
  }
  const read = { __proto__: null };
  for (const key of Object.keys(given)) {
    const path = `${name}.${key}`;
    if (!Object.hasOwn(known, key)) throw unknown(path, key, Object.keys(known));
    const value = given[key];
    if (value !== undefined) read[key] = known[key](value, path);
  }
  return read;
}

function table(known) {
  return (value, name) => readTable(known, value, name);
}

function unknown(path, key, names) {
  const lower = key.toLowerCase();
  const [[near, changes]] = names
    .map((name) => [name, distance(name.toLowerCase(), lower)])
    .sort(([, left], [, right]) => left - right);
  const isNear = changes <= (key.length > 3 ? 2 : 1);
  const hint = isNear ? `Did you mean '${near}'?` : `Known are: ${names.join(', ')}`;
  return unknownOption(`'${path}' is not an option. ${hint}`);
}

/** How many letters were left out, put in or changed (Levenshtein). */
function distance(left, right) {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const changed = row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1);
      next[j] = Math.min(changed, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[right.length];
}

function string(value, name) {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  // Half a surrogate pair is no text, and JSON cannot carry it.
  return value.toWellFormed();
}

function boolean(value, name) {
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean', value);
  return value;
}

function count(value, name) {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value);
  if (value === Number.POSITIVE_INFINITY) return null;
  if (!Number.isSafeInteger(value) || value < 1) {
    throw outOfRange(name, 'a whole number from 1 to 2^53 - 1, or Infinity', value);
  }
  return value;
}

function duration(value, name) {
  if (typeof value !== 'number') throw invalidType(name, 'a number of milliseconds', value);
  if (value === Number.POSITIVE_INFINITY) return null;
  if (!(value > 0)) throw outOfRange(name, 'more than 0 milliseconds, or Infinity', value);
  return value;
}

function timeout(value, name) {
  if (typeof value === 'number') return { request: duration(value, name) };
  if (typeof value !== 'object' || value === null) {
    throw invalidType(name, 'a number of milliseconds or an object', value);
  }
  return readTable(TIMEOUTS, value, name);
}

/** The three forms of headers as one: pairs of strings. */
function headers(value, name) {
  if (typeof value !== 'object' || value === null) {
    throw invalidType(name, 'an object, a Headers or a list of pairs', value);
  }
  if (typeof value[Symbol.iterator] === 'function')
    return Array.from(value, (pair) => headerPair(pair, name));
  const pairs = [];
  for (const key of Object.keys(value)) {
    const given = value[key];
    if (given === undefined) continue;
    for (const one of Array.isArray(given) ? given : [given]) {
      pairs.push([key, string(one, `${name}['${key}']`)]);
    }
  }
  return pairs;
}

function headerPair(pair, name) {
  if (!Array.isArray(pair) || pair.length !== 2) throw invalidType(name, 'a list of pairs', pair);
  return [string(pair[0], `a name in ${name}`), string(pair[1], `a value in ${name}`)];
}

function certificates(value, name) {
  return (Array.isArray(value) ? value : [value]).map((one) => {
    if (typeof one === 'string') return one.toWellFormed();
    if (one instanceof Uint8Array) return Buffer.from(one).toString('latin1');
    throw invalidType(name, 'PEM in a string or a Buffer, or a list of these', one);
  });
}

/** By its shape: a signal may come from another realm or from a polyfill. */
function abortSignal(value, name) {
  const isSignal =
    typeof value === 'object' &&
    value !== null &&
    typeof value.aborted === 'boolean' &&
    typeof value.addEventListener === 'function' &&
    typeof value.removeEventListener === 'function';
  if (!isSignal) throw invalidType(name, 'an AbortSignal', value);
  return value;
}

function url(value, name) {
  if (typeof value === 'string') return value;
  if (isUrl(value)) return value.href;
  throw invalidType(name, 'a string or a URL', value);
}

function isUrl(value) {
  return value instanceof URL || value?.[Symbol.toStringTag] === 'URL';
}

module.exports = { isUrl, readItem, readOptions };
