// What the flags ask for, as options of the API. Reads the files that flags name, and refuses what does not go together.

'use strict';

const fs = require('node:fs');
const { journalIn } = require('./journal.js');
const { Misuse } = require('./misuse.js');

/** Limits of time within an attempt that grow with a longer one, in milliseconds. */
const RESPONSE = 30_000;

/** Pairs of flags of which one says the opposite of the other, or nothing beside it. */
const APART = [
  ['head', 'output', 'there is nothing to save'],
  ['head', 'request', 'it says the method'],
  ['head', 'data', 'HEAD has no body'],
  ['head', 'json', 'HEAD has no body'],
  ['head', 'body', 'there is no body'],
  ['data', 'json', 'there is one body'],
];

/**
 * The options of `downloadEach` for these flags; stdin is the list where `isStdinTaken`.
 * @returns {import('../../index.js').Options}
 */
function readSettings(flags, { isStdinTaken }) {
  refuse(flags);
  const { output, timeout } = flags;
  return {
    ...readRequest(flags, isStdinTaken),
    concurrency: flags.concurrency,
    concurrencyPerHost: flags.perHost,
    rate: flags.rate,
    ratePerHost: flags.ratePerHost,
    timeout: timeout && limits(timeout),
    retry: flags.retry,
    maxBodySize: flags.maxFilesize,
    responseType: responseType(flags),
    tls: readTls(flags),
    proxy: flags.proxy,
    saveTo: output && {
      dir: output,
      ifExists: flags.ifExists ?? (flags.continue ? 'resume' : 'error'),
    },
    journal: output && journalIn(output),
  };
}

function refuse(flags) {
  for (const [one, other, why] of APART) {
    if (flags[one] !== undefined && flags[other] !== undefined) {
      throw new Misuse(`--${one} and --${other} do not go together: ${why}`);
    }
  }
  if (flags.output === '') throw new Misuse('--output takes the path of a folder');
  if (flags.continue && flags.output === undefined) {
    throw new Misuse(
      '-C goes with -o: without files, what was not done is in the file of --failed',
    );
  }
  if (flags.ifExists !== undefined && flags.output === undefined) {
    throw new Misuse('--if-exists goes with -o');
  }
  if (flags.body && flags.format !== 'ndjson') throw new Misuse('--body goes with --format ndjson');
}

/** What is not saved, and not asked for, is read, checked and dropped. */
function responseType({ head, body, output }) {
  if (head) return 'head';
  return body || output !== undefined ? undefined : 'none';
}

/** Whoever gives an attempt longer than a server usually has, means the server. */
function limits(request) {
  return request > RESPONSE ? { request, response: request, idle: request } : { request };
}

function readTls({ insecure, cacert }) {
  if (!insecure && cacert === undefined) return undefined;
  const ca = cacert === undefined ? undefined : readFile('--cacert', cacert);
  return { ca, rejectUnauthorized: insecure ? false : undefined };
}

function readRequest({ request, head, header = [], data, json }, isStdinTaken) {
  const body = readBody({ data, json }, isStdinTaken);
  const headers = header.flatMap(readHeaders);
  const isGiven = (name) => headers.some(([given]) => given.toLowerCase() === name);
  for (const [name, value] of typesOf({ data, json })) {
    if (!isGiven(name)) headers.push([name, value]);
  }
  const method = request ?? (head ? 'HEAD' : body === undefined ? undefined : 'POST');
  return { method, body, headers: headers.length > 0 ? headers : undefined };
}

/** As curl sends them. */
function typesOf({ data, json }) {
  if (data !== undefined) return [['content-type', 'application/x-www-form-urlencoded']];
  if (json === undefined) return [];
  return [
    ['content-type', 'application/json'],
    ['accept', 'application/json'],
  ];
}

/** Pairs of name and value: those of one line, or of all lines of a file. */
function readHeaders(text) {
  if (!text.startsWith('@')) return [readHeader(text)];
  const lines = readFile('--header', text.slice(1)).toString().split(/\r?\n/);
  return lines.filter((line) => line.trim() !== '').map(readHeader);
}

/** What is in a header may be secret: no message has it. */
function readHeader(line) {
  const colon = line.indexOf(':');
  if (colon < 1) throw new Misuse("--header takes 'Name: value'");
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

function readBody({ data, json }, isStdinTaken) {
  if (data !== undefined) {
    const pieces = data.map((one) => readData('--data', one, isStdinTaken));
    return Buffer.concat(
      pieces.flatMap((piece, i) => (i === 0 ? [piece] : [Buffer.from('&'), piece])),
    );
  }
  if (json === undefined) return undefined;
  const body = readData('--json', json, isStdinTaken);
  try {
    JSON.parse(body);
  } catch {
    throw new Misuse('--json: that is not JSON');
  }
  return body;
}

/** The bytes that are meant: those of a file after `@`, or the text itself. */
function readData(flag, text, isStdinTaken) {
  if (!text.startsWith('@')) return Buffer.from(text);
  if (text !== '@-') return readFile(flag, text.slice(1));
  if (isStdinTaken) throw new Misuse(`${flag} @-: stdin is the list already`);
  return readFile(flag, 0);
}

function readFile(flag, file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new Misuse(`${flag}: ${file} cannot be read (${error.code})`);
  }
}

module.exports = { readSettings };
