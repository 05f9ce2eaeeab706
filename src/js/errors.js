// The errors of the API: misuse under Node's own codes, and what went wrong with one item.

'use strict';

const { inspect } = require('node:util');

/** Why one item failed. `code` is the contract; the message is for people. */
class DownloadError extends Error {
  constructor(message, { code, phase, url, index, attempts, stack }) {
    super(message);
    this.code = code;
    if (phase !== undefined) this.phase = phase;
    this.url = url;
    this.index = index;
    this.attempts = attempts;
    if (stack !== undefined) this.stack = `${this.name}: ${message}\n${stack}`;
  }
}
Object.defineProperty(DownloadError.prototype, 'name', { value: 'DownloadError' });

function invalidType(name, expected, value) {
  return coded(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `${name} must be ${expected}. Received ${kind(value)}`,
  );
}

function invalidValue(name, why, value) {
  return coded(TypeError, 'ERR_INVALID_ARG_VALUE', `${name} ${why}. Received ${show(value)}`);
}

function wrongOption(message) {
  return coded(TypeError, 'ERR_INVALID_ARG_VALUE', message);
}

function outOfRange(name, range, value) {
  return coded(RangeError, 'ERR_OUT_OF_RANGE', `${name} must be ${range}. Received ${show(value)}`);
}

function invalidThis(call, expected, value) {
  const message = `${call} must be called on ${expected}, not detached from it. Received ${kind(value)}`;
  return coded(TypeError, 'ERR_INVALID_THIS', message);
}

/** Calls the native part. What it throws comes in the words of the API. */
function asking(call) {
  try {
    return call();
  } catch (error) {
    throw refused(error);
  }
}

/** What the native part says: misuse as such, what the system or a file had to say as it is; anything else is our own fault. */
function refused({ code, message }) {
  if (!/^E(?!RR_INTERNAL)/.test(code)) return coded(Error, 'ERR_INTERNAL', `manyfetch: ${message}`);
  if (code === 'ERR_OUT_OF_RANGE') return coded(RangeError, code, message);
  const isMisuse = /^ERR_(?!JOURNAL_MISMATCH|CLIENT_CLOSED)/.test(code);
  return coded(isMisuse ? TypeError : Error, code, message);
}

function clientClosed() {
  return coded(Error, 'ERR_CLIENT_CLOSED', 'the client was closed');
}

/** What should have been read, and could not be. */
function unreadable(name, cause) {
  const { message } = describe(cause);
  return Object.assign(wrongOption(`${name} cannot be read: ${message}`), { cause });
}

/** What was thrown, as plain data: the user's own code may throw anything. */
function describe(thrown) {
  const { code, message, phase } = thrown instanceof Error ? thrown : {};
  return {
    code: /^[A-Z][A-Z0-9_]*$/.test(code) ? code : 'ERR_INVALID_ARG_VALUE',
    message: (typeof message === 'string' ? message : show(thrown)).toWellFormed(),
    phase: phase === 'deadline' ? phase : undefined,
  };
}

function coded(Type, code, message) {
  return Object.assign(new Type(message), { code });
}

/** What `value` is, without what is in it: it may be a secret in the wrong place. */
function kind(value) {
  if (value === null || ['undefined', 'number', 'boolean'].includes(typeof value))
    return `${value}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object';
}

/** A value as it fits a message, without the credentials of a URL in it. */
function show(value) {
  const text = inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  const shown = text.replace(/[/\\][^\s/\\?#]*@/g, '/');
  return shown.length > 128 ? `${shown.slice(0, 128)}...` : shown;
}

/** Where `callee` was called, for errors that are made later. Costs little until it is read. */
function callSite(callee) {
  const site = {};
  Error.captureStackTrace(site, callee);
  return {
    get frames() {
      // What it is, a hook of the program may have decided (Error.prepareStackTrace).
      const stack = typeof site.stack === 'string' ? site.stack : '';
      return stack.slice(stack.indexOf('\n') + 1);
    },
  };
}

module.exports = {
  asking,
  callSite,
  clientClosed,
  describe,
  DownloadError,
  invalidThis,
  invalidType,
  invalidValue,
  outOfRange,
  show,
  unreadable,
  wrongOption,
};
