// Options: every wrong one is refused before a connection is opened, with Node's codes and the value in the message.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

const NOT_NUMBERS = ['4', '', null, 1n, true, {}, [], Symbol('n'), () => {}];
const NOT_COUNTS = [
  Number.NaN,
  -1,
  0,
  -0,
  1.5,
  2 ** 53,
  Number.MIN_VALUE,
  Number.NEGATIVE_INFINITY,
];
const NOT_DURATIONS = [Number.NaN, -1, 0, -0, Number.NEGATIVE_INFINITY];
const COUNTS = ['concurrency', 'concurrencyPerHost', 'maxBodySize'];
const DURATIONS = [
  'timeout',
  'timeout.connect',
  'timeout.response',
  'timeout.idle',
  'timeout.request',
];

/** `{ timeout: { idle: value } }` for 'timeout.idle'. */
function withOption(path, value) {
  return path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value);
}

/** Every wrong number for every option that is one: what to pass, its path, the error. */
function* wrongNumbers() {
  for (const path of [...COUNTS, ...DURATIONS]) {
    const outOfRange = COUNTS.includes(path) ? NOT_COUNTS : NOT_DURATIONS;
    for (const value of outOfRange)
      yield { path, value, name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    for (const value of NOT_NUMBERS) {
      // An object is a fine `timeout`.
      if (path === 'timeout' && value?.constructor === Object) continue;
      yield { path, value, name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    }
  }
}

test('a number that is none, or out of range, rejects the call', async (t) => {
  const server = await serve(t);
  for (const { path, value, name, code } of wrongNumbers()) {
    await assert.rejects(downloadAll([server.url], withOption(path, value)), (error) => {
      assert.equal(error.name, name, `${path}: ${inspect(value)}`);
      assert.equal(error.code, code);
      assert.ok(error.message.startsWith(`options.${path} must be`), error.message);
      assert.ok(error.message.endsWith(`Received ${inspect(value)}`), error.message);
      return true;
    });
  }
  assert.equal(server.accepted, 0);
});

test('the same in an item is the error of that item', async (t) => {
  const server = await serve(t);
  const wrong = [...wrongNumbers()].filter(({ path }) => !path.startsWith('concurrency'));
  const items = wrong.map(({ path, value }, i) => ({
    url: `${server.url}/${i}`,
    ...withOption(path, value),
  }));
  const results = await downloadAll(items);
  for (const [i, { path, value, code }] of wrong.entries()) {
    const { error, url } = results[i];
    assert.equal(error?.code, code, `${path}: ${inspect(value)}`);
    assert.ok(error.message.includes(`item.${path} must be`), error.message);
    assert.equal(url, `${server.url}/${i}`);
  }
  assert.equal(server.accepted, 0);
});

test('every number in range is accepted, however large, and undefined is the default', async (t) => {
  const { url } = await serve(t);
  const accepted = {
    counts: [
      undefined,
      1,
      1e9,
      2 ** 31,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
      Number.POSITIVE_INFINITY,
    ],
    durations: [
      undefined,
      60_000.5,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 64,
      Number.MAX_VALUE,
      Number.POSITIVE_INFINITY,
    ],
  };
  for (const path of [...COUNTS, ...DURATIONS]) {
    for (const value of COUNTS.includes(path) ? accepted.counts : accepted.durations) {
      const [result] = await downloadAll([url], withOption(path, value));
      assert.equal(result.error, undefined, `${path}: ${value}`);
      assert.ok(result.ok);
    }
  }
});

test('an unknown option is refused with the nearest name', async (t) => {
  const server = await serve(t);
  const misspelt = [
    [{ concurency: 1 }, 'options.concurency', 'concurrency'],
    [{ concurrencyPerhost: 1 }, 'options.concurrencyPerhost', 'concurrencyPerHost'],
    [{ timeOut: 1 }, 'options.timeOut', 'timeout'],
    [{ header: {} }, 'options.header', 'headers'],
    [{ timeout: { conect: 1 } }, 'options.timeout.conect', 'connect'],
    [{ tls: { CA: 'x' } }, 'options.tls.CA', 'ca'],
    [
      { tls: { rejectUnauthorised: false } },
      'options.tls.rejectUnauthorised',
      'rejectUnauthorized',
    ],
  ];
  for (const [options, path, near] of misspelt) {
    await assert.rejects(downloadAll([server.url], options), (error) => {
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
      assert.match(error.message, new RegExp(`'${path}'.*'${near}'`));
      return true;
    });
  }
  await assert.rejects(
    downloadAll([server.url], { frobnicate: 1 }),
    /frobnicate.*concurrency.*signal/,
  );
  assert.equal(server.accepted, 0);
});

test('what is not built yet is unknown', async () => {
  const later = `retry rate ratePerHost hosts proxy saveTo journal http2 dns localAddress unixSocket keepAlive cookies
    sensitiveHeaders denyPrivateNetworks deadline stopOnError dedupe maxBufferedBytes onProgress body json auth minSpeed
    redirect maxRedirects responseType decompress checksum`;
  for (const name of later.split(/\s+/)) {
    await assert.rejects(downloadAll([], { [name]: 1 }), { code: 'ERR_INVALID_ARG_VALUE' }, name);
  }
});

test('what is no object is no options', async () => {
  for (const options of [
    null,
    5,
    'fast',
    true,
    1n,
    [],
    [{ concurrency: 1 }],
    () => {},
    Symbol('o'),
  ]) {
    await assert.rejects(downloadAll([], options), (error) => {
      assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
      assert.ok(error.message.startsWith('options must be an object. Received '), error.message);
      return true;
    });
  }
  for (const name of ['timeout', 'tls', 'headers', 'signal']) {
    for (const value of [null, 'x', true, Symbol('v')]) {
      await assert.rejects(
        downloadAll([], { [name]: value }),
        { code: 'ERR_INVALID_ARG_TYPE' },
        name,
      );
    }
  }
  await assert.rejects(downloadAll([], { tls: { rejectUnauthorized: 'no' } }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
});
