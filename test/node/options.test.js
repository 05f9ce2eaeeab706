// Options: every wrong one is refused before a connection is opened, with Node's codes and the value in the message.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

const NONE = Number.POSITIVE_INFINITY;
const TINY = Number.MIN_VALUE;
const NOT_NUMBERS = ['4', '', null, 1n, true, {}, [], Symbol('n'), () => {}];
/** What no option takes. */
const NEVER = [Number.NaN, -1, -TINY, Number.NEGATIVE_INFINITY];
const LARGE = [2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, 1e22, 1e308, Number.MAX_VALUE];
const WHOLE = [1, 1e9, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
const NOT_WHOLE = [...NEVER, TINY, 1.5, 2 ** 53, 2 ** 53 + 2, 1e308];

/** The kinds of numbers: what is out of range, and what is fine. */
const KINDS = {
  count: { wrong: [...NOT_WHOLE, 0, -0], fine: [...WHOLE, NONE] },
  countFromZero: { wrong: NOT_WHOLE, fine: [...WHOLE, 0, -0, NONE] },
  duration: { wrong: [...NEVER, 0, -0], fine: [60_000.5, ...LARGE, NONE] },
  durationFromZero: { wrong: NEVER, fine: [0, -0, TINY, 1.5, ...LARGE, NONE] },
  finiteDuration: { wrong: [...NEVER, NONE], fine: [0, -0, TINY, 1.5, ...LARGE] },
  rate: { wrong: [...NEVER, 0, -0], fine: [TINY, 0.5, 1, ...LARGE, NONE] },
  share: { wrong: NEVER, fine: [0, -0, TINY, 0.5, ...LARGE, NONE] },
  factor: { wrong: [...NEVER, 0, -0, 0.5, NONE], fine: [1, 1.5, ...LARGE] },
  least: { wrong: [...NEVER, NONE], fine: [0, -0, TINY, 0.5, 1, ...LARGE] },
};

/** Every option that is a number: its kind, and what else it may be. */
const NUMBERS = {
  concurrency: 'count',
  concurrencyPerHost: 'count',
  'hosts.localhost.concurrency': 'count',
  maxBodySize: 'count',
  maxBufferedBytes: 'count',
  rate: 'rate',
  ratePerHost: 'rate',
  'hosts.localhost.rate': 'rate',
  timeout: 'duration',
  'timeout.connect': 'duration',
  'timeout.response': 'duration',
  'timeout.idle': 'duration',
  'timeout.request': 'duration',
  'timeout.total': 'duration',
  minSpeed: 'least',
  deadline: 'duration',
  retry: 'countFromZero',
  'retry.limit': 'countFromZero',
  'retry.maxRetryAfter': 'durationFromZero',
  'retry.budget': 'share',
  'retry.backoff.base': 'finiteDuration',
  'retry.backoff.factor': 'factor',
  'retry.backoff.max': 'duration',
};
const OF_ITEMS = /^(timeout|retry|minSpeed|maxBodySize)/;
/** What no client takes. */
const OF_RUNS = ['deadline', 'maxBufferedBytes'];

/** `{ timeout: { idle: value } }` for 'timeout.idle'. */
function withOption(path, value) {
  return path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value);
}

/** The path as messages have it. */
function shown(path) {
  return path.replace('hosts.localhost', "hosts['localhost']");
}

/** What is no number, and nothing else that `path` takes. */
function wrongTypes(path) {
  if (path === 'timeout' || path === 'retry') {
    return NOT_NUMBERS.filter((value) => value?.constructor !== Object);
  }
  // Strings are rates: wrong ones, some of them.
  if (/rate/i.test(path)) return NOT_NUMBERS.filter((value) => typeof value !== 'string');
  return NOT_NUMBERS;
}

/** Every wrong number for every option that is one: what to pass, its path, the error. */
function* wrongNumbers() {
  for (const [path, kind] of Object.entries(NUMBERS)) {
    for (const value of KINDS[kind].wrong)
      yield { path, value, name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    for (const value of wrongTypes(path))
      yield { path, value, name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
  }
}

/** A value as a message shows it: numbers as they are, all else without what is in it. */
function kindOf(value) {
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return inspect(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return Array.isArray(value) ? 'an array' : `an instance of ${value.constructor.name}`;
}

test('a number that is none, or out of range, rejects the call', async (t) => {
  const server = await serve(t);
  for (const { path, value, name, code } of wrongNumbers()) {
    await assert.rejects(downloadAll([server.url], withOption(path, value)), (error) => {
      assert.equal(error.name, name, `${path}: ${inspect(value)}`);
      assert.equal(error.code, code);
      assert.ok(error.message.startsWith(`options.${shown(path)} must be`), error.message);
      assert.ok(error.message.endsWith(`Received ${kindOf(value)}`), error.message);
      return true;
    });
  }
  assert.equal(server.accepted, 0);
});

test('the same throws from the constructor of a Client, and rejects its calls', async (t) => {
  const server = await serve(t);
  const client = new Client();
  for (const { path, value, name, code } of wrongNumbers()) {
    const options = withOption(path, value);
    if (!OF_RUNS.includes(path)) {
      assert.throws(() => new Client(options), { name, code }, `${path}: ${inspect(value)}`);
    }
    await assert.rejects(client.downloadAll([server.url], options), { name, code });
  }
  assert.equal(server.accepted, 0);
});

test('the same in an item is the error of that item', async (t) => {
  const server = await serve(t);
  const wrong = [...wrongNumbers()].filter(({ path }) => OF_ITEMS.test(path));
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

test('every number in range is accepted, however large or small, and undefined is the default', async (t) => {
  const { url } = await serve(t);
  for (const [path, kind] of Object.entries(NUMBERS)) {
    for (const value of [undefined, ...KINDS[kind].fine]) {
      const options = withOption(path, value);
      const item = OF_ITEMS.test(path) ? { url, ...options } : url;
      const of = OF_RUNS.includes(path) ? {} : options;
      for (const run of [
        downloadAll([url], options),
        downloadAll([item]),
        new Client(of).downloadAll([url], options),
      ]) {
        const [result] = await run;
        assert.equal(result.error, undefined, `${path}: ${value}`);
        assert.ok(result.ok);
      }
    }
  }
});

test("concurrency may be 'auto', and no other word", async (t) => {
  const { url } = await serve(t);
  for (const path of ['concurrency', 'concurrencyPerHost', 'hosts.localhost.concurrency']) {
    const [result] = await downloadAll([url], withOption(path, 'auto'));
    assert.ok(result.ok);
    for (const word of ['Auto', 'auto ', 'none', '']) {
      await assert.rejects(downloadAll([url], withOption(path, word)), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: `options.${shown(path)} must be a number or 'auto'. Received a string`,
      });
    }
  }
});

test('a rate may be a string, and what is not one is refused by its name', async (t) => {
  const server = await serve(t);
  for (const path of ['rate', 'ratePerHost', 'hosts.localhost.rate']) {
    const [result] = await downloadAll([server.url], withOption(path, '50/s'));
    assert.ok(result.ok);
    for (const text of ['', 'fast', '/s', '-1/s', '0/s', 'NaN/s', '50/', '50/x', '\ud800']) {
      const expected = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
      const options = withOption(path, text);
      assert.throws(() => new Client(options), expected, `${path}: ${text}`);
      await assert.rejects(downloadAll([server.url], options), (error) => {
        assert.deepEqual({ name: error.name, code: error.code }, expected, `${path}: ${text}`);
        assert.ok(error.message.startsWith(`options.${shown(path)}: `), error.message);
        return true;
      });
    }
  }
});

test('rules for hosts are objects by host, each host once', async () => {
  for (const hosts of [null, 5, 'a', true, [], new Map([['a', {}]]), () => {}]) {
    await assert.rejects(downloadAll([], { hosts }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  for (const rule of [null, 5, 'a', []]) {
    await assert.rejects(downloadAll([], { hosts: { localhost: rule } }), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^options\.hosts\['localhost'\] must be an object/,
    });
  }
  await assert.rejects(downloadAll([], { hosts: { localhost: { rate: 1 }, LOCALHOST: {} } }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /^options\.hosts\['LOCALHOST'\]: /,
  });
  for (const name of ['timeout', 'concurrencyPerHost']) {
    await assert.rejects(downloadAll([], { hosts: { localhost: { [name]: {} } } }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /^'options\.hosts\['localhost'\]\.\w+' is not an option/,
    });
  }
  const none = { localhost: undefined, 'other.test': {}, '*.other.test': { rate: undefined } };
  assert.deepEqual([...(await downloadAll([], { hosts: none }))], []);
});

test('retry is a number, false or an object, and its lists are checked one by one', async (t) => {
  const server = await serve(t);
  const type = 'ERR_INVALID_ARG_TYPE';
  const value = 'ERR_INVALID_ARG_VALUE';
  const range = 'ERR_OUT_OF_RANGE';
  const wrong = [
    ...[
      [true, type],
      [null, type],
      ['2', type],
      [[], type],
      [[429], type],
    ],
    ...[null, 'GET', 5, { 0: 'GET' }, new Set(['GET'])].map((methods) => [{ methods }, type]),
    ...[5, null, undefined].map((method) => [{ methods: ['GET', method] }, type]),
    ...['', 'G ET', 'GET,HEAD', '\ud800', '\u00e9'].map((method) => [
      { methods: [method] },
      'ERR_INVALID_HTTP_TOKEN',
    ]),
    [{ methods: ['connect'] }, value],
    ...[null, 429, '429', { 0: 429 }].map((statusCodes) => [{ statusCodes }, type]),
    ...['429', null, undefined, 429n].map((status) => [{ statusCodes: [status] }, type]),
    ...[99, 1000, 429.5, Number.NaN, -429, 0, NONE, 2 ** 32 + 429, 1e308].map((status) => [
      { statusCodes: [500, status] },
      range,
    ]),
    ...[null, 'ECONNRESET', {}].map((errorCodes) => [{ errorCodes }, type]),
    ...[5, null, undefined].map((code) => [{ errorCodes: [code] }, type]),
    ...['', 'ECONNREST', 'econnreset', 'ENONSENSE', '__proto__'].map((code) => [
      { errorCodes: [code] },
      value,
    ]),
    ...[null, 5, 'x', []].map((backoff) => [{ backoff }, type]),
    ...[null, 0, 'yes'].map((jitter) => [{ jitter }, type]),
  ];
  for (const [retry, code] of wrong) {
    const name = code === range ? 'RangeError' : 'TypeError';
    await assert.rejects(downloadAll([server.url], { retry }), { name, code }, inspect(retry));
    assert.throws(() => new Client({ retry }), { name, code });
    const [{ error }] = await downloadAll([{ url: server.url, retry }]);
    assert.equal(error.code, code);
  }
  assert.equal(server.accepted, 0);
  const fine = [
    ...[false, 0, 7, {}],
    { methods: [], statusCodes: [], errorCodes: [] },
    { methods: ['get', 'Post', 'm-search'], statusCodes: [100, 429, 999] },
    { errorCodes: ['ERR_TOO_SLOW', 'ENOTFOUND'], jitter: false, backoff: {} },
    { limit: undefined, methods: undefined, backoff: undefined, jitter: undefined },
  ];
  for (const retry of fine) {
    const [both] = await downloadAll([{ url: server.url, retry }], { retry });
    assert.equal(both.error, undefined, inspect(retry));
  }
});

test('an unknown code is answered with the nearest one', async () => {
  const cases = { ECONNREST: 'ECONNRESET', etimedout: 'ETIMEDOUT', ERR_DECODING: 'ERR_DECODE' };
  for (const [code, near] of Object.entries(cases)) {
    await assert.rejects(downloadAll([], { retry: { errorCodes: ['EPIPE', code] } }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: new RegExp(`^options\\.retry\\.errorCodes\\[1\\] .*'${near}'.*'${code}'$`),
    });
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
    [{ retrys: 1 }, 'options.retrys', 'retry'],
    [{ retry: { limt: 1 } }, 'options.retry.limt', 'limit'],
    [{ retry: { statuscodes: [] } }, 'options.retry.statuscodes', 'statusCodes'],
    [{ retry: { backoff: { Base: 1 } } }, 'options.retry.backoff.Base', 'base'],
    [{ hosts: { a: { rates: 1 } } }, "options.hosts['a'].rates", 'rate'],
    [{ deadLine: 1 }, 'options.deadLine', 'deadline'],
    [{ stoponerror: true }, 'options.stoponerror', 'stopOnError'],
    [{ saveto: '.' }, 'options.saveto', 'saveTo'],
    [{ jurnal: 'a' }, 'options.jurnal', 'journal'],
    [{ maxBufferBytes: 1 }, 'options.maxBufferBytes', 'maxBufferedBytes'],
    [{ onprogress: () => {} }, 'options.onprogress', 'onProgress'],
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
      assert.equal(error.message, `'${path}' is not an option. Did you mean '${near}'?`);
      return true;
    });
  }
  await assert.rejects(
    downloadAll([server.url], { frobnicate: 1 }),
    /frobnicate.*concurrency.*signal/,
  );
  assert.equal(server.accepted, 0);
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
  for (const no of ['no', 0, null]) {
    const wrong = [{ tls: { rejectUnauthorized: no } }, { stopOnError: no }];
    for (const options of wrong) {
      await assert.rejects(downloadAll([], options), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  }
});
