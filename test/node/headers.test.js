// Header fields: what goes on the wire, and what never does.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { version } = require('../../package.json');
const { serveHeads } = require('./server.js');

const BAD_FIELDS = [
  ['x', 'a\r\nevil: 1', 'ERR_INVALID_CHAR'],
  ['x', 'a\nevil: 1', 'ERR_INVALID_CHAR'],
  ['x', 'a\revil', 'ERR_INVALID_CHAR'],
  ['x', 'evil\0', 'ERR_INVALID_CHAR'],
  ['x', 'evil\x7f', 'ERR_INVALID_CHAR'],
  ['x', 'evil\u0100', 'ERR_INVALID_CHAR'],
  ['x', 'evil\ud800', 'ERR_INVALID_CHAR'],
  ['', 'evil', 'ERR_INVALID_HTTP_TOKEN'],
  ['a b', 'evil', 'ERR_INVALID_HTTP_TOKEN'],
  ['evil:', 'x', 'ERR_INVALID_HTTP_TOKEN'],
  ['evil\r\nx', 'x', 'ERR_INVALID_HTTP_TOKEN'],
  ['\u00e9vil', 'x', 'ERR_INVALID_HTTP_TOKEN'],
];
const FRAMING = [
  'Connection',
  'content-length',
  'Transfer-Encoding',
  'TE',
  'Upgrade',
  'Keep-Alive',
  'Trailer',
  'Expect',
];

/** The values of one field, in the order in which they were sent. */
function valuesOf(head, name) {
  const lines = head.split('\r\n').slice(1);
  const fields = lines.map((line) => line.split(/: (.*)/s));
  return fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

test('a plain request has the default fields and nothing else', async (t) => {
  const { url, port, heads } = await serveHeads(t);
  await downloadAll([`${url}/path?query#fragment`]);
  const [line, ...fields] = heads[0].split('\r\n');
  assert.equal(line, 'GET /path?query HTTP/1.1');
  assert.deepEqual(fields.map((field) => field.toLowerCase()).sort(), [
    'accept-encoding: gzip, deflate, br, zstd',
    'accept: */*',
    `host: 127.0.0.1:${port}`,
    `user-agent: manyfetch/${version}`,
  ]);
});

test('headers may be an object, a Headers or pairs, and a name may have several values', async (t) => {
  const { url, heads } = await serveHeads(t);
  const forms = [
    { 'X-One': '1', 'X-Two': ['2', '3'] },
    new Headers([
      ['X-One', '1'],
      ['X-Two', '2, 3'],
    ]),
    [
      ['X-One', '1'],
      ['X-Two', '2'],
      ['x-two', '3'],
    ],
    new Map([
      ['X-One', '1'],
      ['X-Two', '2, 3'],
    ]),
    { 'X-One': '1', 'X-Two': ['2', '3'], 'X-None': undefined, 'X-Empty': [] },
  ];
  for (const headers of forms) await downloadAll([url], { headers });
  for (const head of heads) {
    assert.deepEqual(valuesOf(head, 'x-one'), ['1']);
    assert.equal(valuesOf(head, 'x-two').join(', '), '2, 3');
    assert.deepEqual([...valuesOf(head, 'x-none'), ...valuesOf(head, 'x-empty')], []);
  }
  assert.deepEqual(valuesOf(heads[0], 'x-two'), ['2', '3']);
});

test("an item's fields win over those of the call, and those over the defaults, by name", async (t) => {
  const { url, heads } = await serveHeads(t);
  const headers = { Accept: 'text/html', 'X-Both': ['call', 'call'], 'X-Call': 'call' };
  await downloadAll([{ url, headers: { 'x-both': 'item', 'USER-AGENT': 'mine' } }], { headers });
  const shown = ['accept', 'x-both', 'x-call', 'user-agent'].map((name) =>
    valuesOf(heads[0], name),
  );
  assert.deepEqual(shown, [['text/html'], ['item'], ['call'], ['mine']]);
});

test('what belongs to the caller may be set, Host once only', async (t) => {
  const { url, heads } = await serveHeads(t);
  const headers = {
    Host: 'example.test',
    Cookie: 'a=1',
    Range: 'bytes=0-1',
    'Accept-Encoding': 'identity',
    Empty: '',
  };
  await downloadAll([url], { headers });
  for (const [name, value] of Object.entries(headers)) {
    assert.deepEqual(valuesOf(heads[0], name.toLowerCase()), [value], name);
  }
});

test('values are sent as bytes, without the white space around them', async (t) => {
  const { url, heads } = await serveHeads(t);
  await downloadAll([url], { headers: { 'X-Latin': ' caf\u00e9\t\r\n' } });
  assert.deepEqual(valuesOf(heads[0], 'x-latin'), ['caf\u00e9']);
});

test('bad fields in the options reject the call, and nothing is sent', async (t) => {
  const server = await serveHeads(t);
  const { url } = server;
  const framing = FRAMING.map((name) => [name, 'x', 'ERR_INVALID_ARG_VALUE']);
  for (const [name, value, code] of [...BAD_FIELDS, ...framing]) {
    for (const headers of [[[name, value]], { fine: '1', [name]: value }]) {
      await assert.rejects(
        downloadAll([url], { headers }),
        { name: 'TypeError', code },
        JSON.stringify([name, value]),
      );
    }
  }
  assert.equal(server.accepted, 0);
});

test('bad fields in an item are its error, and nothing of them reaches the wire', async (t) => {
  const { url, heads } = await serveHeads(t);
  const framing = FRAMING.map((name) => [name, 'evil', 'ERR_INVALID_ARG_VALUE']);
  const bad = [...BAD_FIELDS, ...framing];
  const items = bad.flatMap(([name, value], i) => [
    { url: `${url}/bad`, headers: { [name]: value } },
    `${url}/${i}`,
  ]);
  const results = await downloadAll(items);
  for (const [i, [name, value, code]] of bad.entries()) {
    assert.equal(results[2 * i].error?.code, code, JSON.stringify([name, value]));
    assert.equal(results[2 * i].url, `${url}/bad`);
    assert.equal(results[2 * i + 1].status, 200);
  }
  assert.equal(heads.length, bad.length);
  assert.ok(heads.every((head) => !head.includes('evil') && !head.includes('/bad')));
});

test('headers of a wrong type are refused', async (t) => {
  const server = await serveHeads(t);
  const { url } = server;
  const wrong = [
    'a: b',
    5,
    { a: 1 },
    { a: null },
    { a: ['b', 1] },
    [['a']],
    [['a', 'b', 'c']],
    [['a', 1]],
    ['ab'],
    new Set(['ab']),
  ];
  for (const headers of wrong) {
    await assert.rejects(downloadAll([url], { headers }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    });
    const [result] = await downloadAll([{ url, headers }]);
    assert.equal(result.error.code, 'ERR_INVALID_ARG_TYPE');
  }
  assert.equal(server.accepted, 0);
});

test('more fields than can be sent are the error of their item', async (t) => {
  const { url } = await serveHeads(t);
  const headers = Array.from({ length: 40_000 }, (_, i) => [`x-${i}`, '1']);
  const results = await downloadAll([url, { url, headers }, url]);
  assert.deepEqual(
    results.map((result) => result.error?.code),
    [undefined, 'ERR_INVALID_ARG_VALUE', undefined],
  );
});

test('fields are copied at the call', async (t) => {
  const { url, heads } = await serveHeads(t);
  const headers = { 'X-A': 'before' };
  const item = { url, headers: { 'X-B': 'before' } };
  const run = downloadAll([item, item], { headers });
  headers['X-A'] = item.headers['X-B'] = 'after';
  item.url = 'not a URL';
  await run;
  assert.deepEqual(
    heads.map((head) => [...valuesOf(head, 'x-a'), ...valuesOf(head, 'x-b')]),
    [
      ['before', 'before'],
      ['before', 'before'],
    ],
  );
});
