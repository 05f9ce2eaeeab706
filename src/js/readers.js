// Reads the values of options: checks what each may be, and shapes it for the native part.

'use strict';

const path = require('node:path');
const { invalidType, invalidValue, show } = require('./errors.js');
const { CODES } = require('./native.js');
const numbers = require('./numbers.js');
const { nearest } = require('./table.js');

function string(value, name) {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  // Half a surrogate pair is no text, and JSON cannot carry it.
  return value.toWellFormed();
}

/** The same, where what was given is not to be shown. */
function secret(value, name) {
  if (typeof value !== 'string') throw invalidType(name, 'a string', Object(value));
  return value.toWellFormed();
}

function boolean(value, name) {
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean', value);
  return value;
}

/** What reads one of these words. */
function word(...words) {
  const known = words.map((one) => `'${one}'`).join(', ');
  return (value, name) => {
    if (typeof value !== 'string') throw invalidType(name, `one of ${known}`, value);
    if (!words.includes(value)) throw invalidValue(name, `must be one of ${known}`, value);
    return value;
  };
}

/** What reads a list of what `read` reads. */
function list(read) {
  return (value, name) => {
    if (!Array.isArray(value)) throw invalidType(name, 'an array', value);
    return Array.from(value, (one, i) => read(one, `${name}[${i}]`));
  };
}

/** What reads an object by whatever keys it has: pairs of key and what `read` makes of the value. */
function record(expected, read) {
  return (value, name) => {
    const isRecord = typeof value === 'object' && value !== null && !(Symbol.iterator in value);
    if (!isRecord) throw invalidType(name, expected, value);
    const pairs = [];
    for (const key of Object.keys(value)) {
      const given = value[key];
      if (given !== undefined)
        pairs.push([key.toWellFormed(), read(given, `${name}[${show(key)}]`)]);
    }
    return pairs;
  };
}

function concurrency(value, name) {
  if (value === 'auto') return value;
  if (typeof value !== 'number') throw invalidType(name, "a number or 'auto'", value);
  return numbers.count(value, name);
}

/** What a string of a rate means, the native part knows. */
function rate(value, name) {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'number') {
    throw invalidType(name, "a number of requests a second or a string such as '50/s'", value);
  }
  return numbers.perSecond(value, name);
}

function errorCode(value, name) {
  const code = string(value, name);
  if (CODES.includes(code)) return code;
  const near = nearest(code, CODES).name;
  throw invalidValue(name, `must be a code of an error. The nearest is '${near}'`, value);
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
      pairs.push([key, string(one, `${name}[${show(key)}]`)]);
    }
  }
  return pairs;
}

function headerPair(pair, name) {
  if (!Array.isArray(pair) || pair.length !== 2) throw invalidType(name, 'a list of pairs', pair);
  return [string(pair[0], `a name in ${name}`), string(pair[1], `a value in ${name}`)];
}

/** PEM, in one piece or several. */
function pem(value, name) {
  return (Array.isArray(value) ? value : [value]).map((one) => {
    if (typeof one === 'string') return one.toWellFormed();
    if (one instanceof Uint8Array) return Buffer.from(one).toString('latin1');
    throw invalidType(name, 'PEM in a string or a Buffer, or a list of these', one);
  });
}

function http2(value, name) {
  if (typeof value === 'boolean' || value === 'prior-knowledge') return value;
  if (typeof value !== 'string') throw invalidType(name, "a boolean or 'prior-knowledge'", value);
  throw invalidValue(name, "must be a boolean or 'prior-knowledge'", value);
}

/** What a URL of a proxy may be, the native part knows. */
function proxy(value, name) {
  if (value === false) return 'none';
  if (typeof value !== 'string') throw invalidType(name, 'the URL of a proxy, or false', value);
  return { url: value.toWellFormed() };
}

/** One address, or several. */
function addresses(value, name) {
  if (typeof value === 'string') return [value.toWellFormed()];
  if (!Array.isArray(value)) throw invalidType(name, 'an IP address or a list of these', value);
  return value.map((one) => string(one, name));
}

function callback(value, name) {
  if (typeof value !== 'function') throw invalidType(name, 'a function', value);
  return value;
}

/** Where something is in the file system: a relative one is taken from here, whatever becomes the working directory later. */
function filePath(value, name) {
  if (typeof value !== 'string') throw invalidType(name, 'a path', value);
  if (value === '' || value.includes('\0')) throw invalidValue(name, 'must be a path', value);
  return path.resolve(value.toWellFormed());
}

/** The same of a file that is in no folder of the run's. */
function lonePath(value, name) {
  const isFolder = /(^|[/\\])\.{0,2}$/.test(value);
  if (isFolder) throw invalidValue(name, 'must be the path of a file, not of a folder', value);
  return filePath(value, name);
}

/** How files are called: by one of these words, or by a function of the caller's. */
function fileNames(value, name) {
  const words = ['url', 'content-disposition'];
  if (typeof value === 'function' || words.includes(value)) return value;
  const expected = "'url', 'content-disposition' or a function";
  if (typeof value !== 'string') throw invalidType(name, expected, value);
  throw invalidValue(name, `must be ${expected}`, value);
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

module.exports = {
  abortSignal,
  addresses,
  boolean,
  callback,
  concurrency,
  errorCode,
  fileNames,
  filePath,
  headers,
  http2,
  isUrl,
  list,
  lonePath,
  pem,
  proxy,
  rate,
  record,
  secret,
  string,
  url,
  word,
};
