// Checks what the caller wrote against tables of options, and shapes it for the native part.

'use strict';

const { invalidType, invalidValue, wrongOption } = require('./errors.js');
const { CODES } = require('./native.js');
const numbers = require('./numbers.js');
const { nearest, readTable, table } = require('./table.js');

const { count, duration } = numbers;

const TIMEOUTS = {
  connect: duration,
  response: duration,
  idle: duration,
  request: duration,
  total: duration,
};

const BACKOFF = { base: numbers.finiteDuration, factor: numbers.factor, max: duration };

const RETRY = {
  limit: numbers.countFromZero,
  methods: list(string),
  statusCodes: list(numbers.status),
  errorCodes: list(errorCode),
  backoff: table(BACKOFF),
  jitter: boolean,
  maxRetryAfter: numbers.durationFromZero,
  budget: numbers.share,
};

const REQUEST = {
  method: string,
  headers,
  timeout,
  minSpeed: numbers.leastSpeed,
  retry,
  maxBodySize: count,
};

const CONNECTION = { tls: table({ ca: certificates, rejectUnauthorized: boolean }) };

const HOST = { concurrency, rate };

const LIMITS = {
  concurrency,
  concurrencyPerHost: concurrency,
  rate,
  ratePerHost: rate,
  hosts,
};

const OF_RUN = { signal: abortSignal, deadline: duration, stopOnError: boolean };

const ITEM = { ...REQUEST, url, tag: (value) => value };

/** What may be given to a free call, to a `Client`, and to a call of a `Client`'s. */
const FREE_CALL = { ...REQUEST, ...CONNECTION, ...LIMITS, ...OF_RUN };
const CLIENT = {
  ...{ ...REQUEST, ...CONNECTION, ...LIMITS },
  ...elsewhere(OF_RUN, 'belongs to a run: give it to downloadAll'),
};
const CLIENTS_CALL = {
  ...{ ...REQUEST, ...LIMITS, ...OF_RUN },
  ...elsewhere(
    CONNECTION,
    'makes the connections, which belong to the Client: give it to new Client',
  ),
};

/** The signal of a call, and its settings: options of requests under `request`, limits under `limits`, all others beside. */
function readOptions(options) {
  return readCall(FREE_CALL, options);
}

/** The same for a call of a client's. */
function readClientsOptions(options) {
  return readCall(CLIENTS_CALL, options);
}

function readCall(known, options) {
  const { signal, ...read } = readAll(known, options);
  return { signal, settings: grouped(read) };
}

/** The settings of a client, in the same shape. */
function readClientOptions(options) {
  return grouped(readAll(CLIENT, options));
}

/** One item that is an object: its URL, its tag, and the options of its request. */
function readItem(item) {
  const { url, tag, ...request } = readTable(ITEM, item, 'item');
  return { url, tag, request };
}

function readAll(known, options = {}) {
  return readTable(known, options, 'options');
}

function grouped(read) {
  // Without a prototype, as everything that is read here: what others hang on Object.prototype is no option.
  const [request, limits] = [{ __proto__: null }, { __proto__: null }];
  const settings = { __proto__: null, request, limits };
  for (const [name, value] of Object.entries(read)) {
    if (Object.hasOwn(REQUEST, name)) request[name] = value;
    else if (Object.hasOwn(LIMITS, name)) limits[name] = value;
    else settings[name] = value;
  }
  return settings;
}

/** The same names, each refused because of `why`. What was given is not shown: it may be secret. */
function elsewhere(known, why) {
  const refuse = (_value, name) => {
    throw wrongOption(`${name} ${why}`);
  };
  return Object.fromEntries(Object.keys(known).map((name) => [name, refuse]));
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

/** What reads a list of what `read` reads. */
function list(read) {
  return (value, name) => {
    if (!Array.isArray(value)) throw invalidType(name, 'an array', value);
    return Array.from(value, (one, i) => read(one, `${name}[${i}]`));
  };
}

function concurrency(value, name) {
  if (value === 'auto') return value;
  if (typeof value !== 'number') throw invalidType(name, "a number or 'auto'", value);
  return count(value, name);
}

/** What a string of a rate means, the native part knows. */
function rate(value, name) {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'number') {
    throw invalidType(name, "a number of requests a second or a string such as '50/s'", value);
  }
  return numbers.perSecond(value, name);
}

/** Pairs of host and rule. Which hosts a key names, the native part knows. */
function hosts(value, name) {
  if (typeof value !== 'object' || value === null || typeof value[Symbol.iterator] === 'function') {
    throw invalidType(name, 'an object with hosts as its keys', value);
  }
  const rules = [];
  for (const host of Object.keys(value)) {
    const rule = value[host];
    const key = host.toWellFormed();
    if (rule !== undefined) rules.push([key, readTable(HOST, rule, `${name}['${key}']`)]);
  }
  return rules;
}

function timeout(value, name) {
  if (typeof value === 'number') return { request: duration(value, name) };
  if (typeof value !== 'object' || value === null) {
    throw invalidType(name, 'a number of milliseconds or an object', value);
  }
  return readTable(TIMEOUTS, value, name);
}

function retry(value, name) {
  if (value === false) return { limit: 0 };
  if (typeof value === 'number') return { limit: RETRY.limit(value, name) };
  if (typeof value !== 'object' || value === null) {
    throw invalidType(name, 'a number, false or an object', value);
  }
  return readTable(RETRY, value, name);
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

module.exports = { isUrl, readClientOptions, readClientsOptions, readItem, readOptions };
