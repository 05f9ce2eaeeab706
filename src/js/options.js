// What options there are, where each may be given, and what reads it.

'use strict';

const { readBody, readJson } = require('./bodies.js');
const { invalidType, wrongOption } = require('./errors.js');
const numbers = require('./numbers.js');
const read = require('./readers.js');
const { readTable, table } = require('./table.js');

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
  methods: read.list(read.string),
  statusCodes: read.list(numbers.status),
  errorCodes: read.list(read.errorCode),
  backoff: table(BACKOFF),
  jitter: read.boolean,
  maxRetryAfter: numbers.durationFromZero,
  budget: numbers.share,
};

const BASIC = { username: read.secret, password: read.secret };
const BEARER = { bearer: read.secret };

const REQUEST = {
  method: read.string,
  headers: read.headers,
  body: readBody,
  json: readJson,
  auth,
  timeout,
  minSpeed: numbers.leastSpeed,
  retry,
  redirect: read.word('follow', 'manual', 'error'),
  maxRedirects: numbers.countFromZero,
  responseType: read.word('buffer', 'none', 'head'),
  maxBodySize: count,
  decompress: read.boolean,
  checksum: read.string,
};

const TLS = {
  ca: read.pem,
  cert: read.pem,
  key: read.pem,
  rejectUnauthorized: read.boolean,
  minVersion: read.word('1.2', '1.3'),
};

const DNS = {
  ttl: numbers.durationFromZero,
  overrides: read.record('an object with names of hosts as its keys', read.addresses),
};

const CONNECTION = {
  http2: read.http2,
  tls: table(TLS),
  proxy: read.proxy,
  dns: table(DNS),
  localAddress: read.string,
  unixSocket: read.string,
  keepAlive: numbers.durationFromZero,
  cookies: read.boolean,
  sensitiveHeaders: read.list(read.string),
  denyPrivateNetworks: read.boolean,
};

const HOST = { concurrency: read.concurrency, rate: read.rate, headers: read.headers, auth };

const LIMITS = {
  concurrency: read.concurrency,
  concurrencyPerHost: read.concurrency,
  rate: read.rate,
  ratePerHost: read.rate,
  // Which hosts a key names, the native part knows.
  hosts: read.record('an object with hosts as its keys', table(HOST)),
};

const SAVE_TO = {
  dir: read.filePath,
  name: read.fileNames,
  ifExists: read.word('error', 'skip', 'replace', 'resume', 'update'),
  durable: read.boolean,
};

const OF_RUN = {
  signal: read.abortSignal,
  deadline: duration,
  stopOnError: read.boolean,
  dedupe: read.boolean,
  saveTo,
  journal: read.filePath,
  maxBufferedBytes: count,
  onProgress: read.callback,
};

const ITEM = { ...REQUEST, url: read.url, tag: (value) => value, file: read.string };

const CLOSING = { force: read.boolean };

/** What may be given to a free call, to a `Client`, and to a call of a `Client`'s. */
const FREE_CALL = { ...REQUEST, ...CONNECTION, ...LIMITS, ...OF_RUN };
const CLIENT = {
  ...{ ...REQUEST, ...CONNECTION, ...LIMITS },
  ...elsewhere(OF_RUN, 'belongs to a run: give it to downloadAll or downloadEach'),
};
const CLIENTS_CALL = {
  ...{ ...REQUEST, ...LIMITS, ...OF_RUN },
  ...elsewhere(
    CONNECTION,
    'makes the connections, which belong to the Client: give it to new Client',
  ),
};

/**
 * The signal of a call, the body of its requests, its callbacks, and its settings: options of requests under `request`, of
 * connections under `connection`, limits under `limits`, all others beside.
 */
function readOptions(options) {
  return readCall(FREE_CALL, options);
}

/** The same for a call of a client's. */
function readClientsOptions(options) {
  return readCall(CLIENTS_CALL, options);
}

function readCall(known, options) {
  const given = readAll(known, options);
  const signal = take(given, 'signal');
  const onProgress = take(given, 'onProgress');
  const body = takeBody(given, 'options');
  return { signal, body, onProgress, files: takeFiles(given), settings: grouped(given) };
}

/** Whether there is a folder for files, and the function that names them, if there is one: the native part takes what it says. */
function takeFiles({ saveTo }) {
  const nameOf = typeof saveTo?.name === 'function' ? take(saveTo, 'name') : undefined;
  return { hasFolder: saveTo !== undefined, nameOf };
}

/** The settings of a client, in the same shape, and the body of its requests. */
function readClientOptions(options) {
  const given = readAll(CLIENT, options);
  const body = takeBody(given, 'options');
  return { body, settings: grouped(given) };
}

/** How a client is closed. */
function readClosing(options = {}) {
  return readTable(CLOSING, options, 'options');
}

/** One item that is an object: its URL, its tag, its body, the name of its file, and the other options of its request. */
function readItem(item) {
  const request = readTable(ITEM, item, 'item');
  const [url, tag, file] = ['url', 'tag', 'file'].map((name) => take(request, name));
  return { url, tag, file, body: takeBody(request, 'item'), request };
}

function readAll(known, options = {}) {
  return readTable(known, options, 'options');
}

/** Takes the body out of `given`, in whichever of its two forms. A type in the headers beside it says more than its own. */
function takeBody(given, name) {
  const [body, json] = [take(given, 'body'), take(given, 'json')];
  if (body !== undefined && json !== undefined) {
    throw wrongOption(`${name}.body and ${name}.json cannot be given together`);
  }
  const taken = body ?? json;
  const isTyped = given.headers?.some(([field]) => field.toLowerCase() === 'content-type');
  if (taken !== undefined && isTyped) taken.contentType = undefined;
  return taken;
}

/** Takes one value out of `given`, which stays without a prototype. */
function take(given, name) {
  const value = given[name];
  delete given[name];
  return value;
}

/** The groups in which the native part takes options. All others stand beside them. */
const GROUPS = Object.entries({ request: REQUEST, limits: LIMITS, connection: CONNECTION });

function grouped(given) {
  // Without a prototype, as everything that is read here: what others hang on Object.prototype is no option.
  const settings = { __proto__: null };
  for (const [name, value] of Object.entries(given)) {
    const [group] = GROUPS.find(([, known]) => Object.hasOwn(known, name)) ?? [];
    if (group === undefined) settings[name] = value;
    else {
      settings[group] ??= { __proto__: null };
      settings[group][name] = value;
    }
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

function auth(value, name) {
  const isBearer = typeof value === 'object' && value !== null && Object.hasOwn(value, 'bearer');
  const given = readTable(isBearer ? BEARER : BASIC, value, name);
  if (isBearer && given.bearer !== undefined) return given;
  if (given.username === undefined || given.password === undefined) {
    throw invalidType(name, 'an object with username and password, or with bearer', value);
  }
  return given;
}

function saveTo(value, name) {
  if (typeof value === 'string') return { dir: read.filePath(value, name) };
  if (typeof value !== 'object' || value === null) {
    throw invalidType(name, 'the path of a folder, or an object', value);
  }
  const given = readTable(SAVE_TO, value, name);
  if (given.dir === undefined) throw invalidType(`${name}.dir`, 'the path of a folder', given.dir);
  return given;
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

module.exports = { readClientOptions, readClientsOptions, readClosing, readItem, readOptions };
