// Bodies of requests: the forms in which they may be given, and the bytes and the type that a server sees.

'use strict';

const assert = require('node:assert/strict');
const { createHash, randomBytes } = require('node:crypto');
const { test } = require('node:test');
const vm = require('node:vm');
const { Client, downloadAll } = require('../../index.js');
const { serveRequests } = require('./server.js');

const TEXT = 'text/plain;charset=UTF-8';
const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';
const POST = { method: 'POST' };

/** Twelve bytes, of which the four from the fourth on are 3 to 6. */
const COUNTED = Uint8Array.from({ length: 12 }, (_, i) => i);

/** What is given, the bytes that are to be sent, and their type. */
const FORMS = {
  'a string': ['plain', 'plain', TEXT],
  'a string beyond ASCII': ['h\u00e9llo \u20ac \u{1f600}', 'h\u00e9llo \u20ac \u{1f600}', TEXT],
  'a string with halves of surrogate pairs': ['a\ud800b\udc00', 'a\ufffdb\ufffd', TEXT],
  'a string with a NUL and line breaks': ['\0\r\n\r\nGET / HTTP/1.1', null, TEXT],
  'an empty string': ['', '', TEXT],
  'a Buffer': [Buffer.from([0, 255, 128, 10]), [0, 255, 128, 10]],
  'an empty Buffer': [Buffer.alloc(0), ''],
  'a part of a Uint8Array': [COUNTED.subarray(3, 7), [3, 4, 5, 6]],
  'a Uint16Array with an offset': [new Uint16Array(COUNTED.buffer, 4, 2), [4, 5, 6, 7]],
  'a Float64Array': [new Float64Array([1]), Buffer.from(new Float64Array([1]).buffer)],
  'a DataView': [new DataView(COUNTED.buffer, 1, 2), [1, 2]],
  'an ArrayBuffer': [COUNTED.slice(0, 3).buffer, [0, 1, 2]],
  'an empty ArrayBuffer': [new ArrayBuffer(0), ''],
  'a view of shared memory': [new Uint8Array(new SharedArrayBuffer(2)).fill(9), [9, 9]],
  'a Uint8Array of another realm': [vm.runInNewContext('new Uint8Array([65, 66])'), 'AB'],
  'an ArrayBuffer of another realm': [vm.runInNewContext('new Uint8Array([65]).buffer'), 'A'],
  'a URLSearchParams': [
    new URLSearchParams([
      ['a b', '\u00e9&='],
      ['a b', ''],
    ]),
    'a+b=%C3%A9%26%3D&a+b=',
    FORM,
  ],
  'an empty URLSearchParams': [new URLSearchParams(), '', FORM],
  'a Blob with a type': [
    new Blob(['<a>', '\u00e9'], { type: 'image/svg+xml' }),
    '<a>\u00e9',
    'image/svg+xml',
  ],
  'a Blob without a type': [new Blob([COUNTED.subarray(0, 2), 'x']), [0, 1, 120]],
  'a part of a Blob': [new Blob(['0123456789']).slice(2, 5), '234'],
  'an empty Blob with a type': [new Blob([], { type: 'text/css' }), '', 'text/css'],
  'an empty Blob': [new Blob([]), ''],
  'a File with a type': [new File(['f'], 'n.txt', { type: 'text/x-file' }), 'f', 'text/x-file'],
  'a File without a type': [new File(['f'], 'n.txt'), 'f'],
};
const JSONS = {
  'an object': [{ a: [1, '\u00e9'], b: undefined }, '{"a":[1,"\u00e9"]}'],
  'an array': [[1, undefined, 'x'], '[1,null,"x"]'],
  null: [null, 'null'],
  'a string': ['te"xt', '"te\\"xt"'],
  'half of a surrogate pair': ['\ud800', '"\\ud800"'],
  'a number': [0, '0'],
  NaN: [Number.NaN, 'null'],
  false: [false, 'false'],
  'what has a toJSON': [{ toJSON: () => [7] }, '[7]'],
  'a Date': [new Date(0), '"1970-01-01T00:00:00.000Z"'],
};

/** The three places where a body may be given, each as a call. */
const LEVELS = {
  item: (url, options) => downloadAll([{ url, ...options }]),
  call: (url, options) => downloadAll([url], options),
  client: (url, options) => new Client(options).downloadAll([url]),
};

function assertSent({ method, headers, body }, bytes, type, message) {
  const expected = Buffer.from(bytes);
  assert.ok(body.equals(expected), `${message}: ${body.toString('latin1')}`);
  assert.equal(headers['content-type'], type, message);
  assert.equal(headers['content-length'], String(expected.length), message);
  assert.equal(headers['transfer-encoding'], undefined, message);
  assert.equal(method, 'POST');
}

for (const [level, send] of Object.entries(LEVELS)) {
  for (const [name, [body, bytes, type]] of Object.entries(FORMS)) {
    test(`the body of ${level === 'item' ? 'an' : 'a'} ${level} may be ${name}`, async (t) => {
      const { url, requests } = await serveRequests(t);
      const [{ error }] = await send(url, { ...POST, body });
      assert.equal(error, undefined);
      assert.equal(requests.length, 1);
      assertSent(requests[0], bytes ?? body, type, name);
    });
  }

  test(`json of ${level === 'item' ? 'an' : 'a'} ${level} may be all that JSON can say`, async (t) => {
    const { url, requests } = await serveRequests(t);
    for (const [name, [json, text]] of Object.entries(JSONS)) {
      const [{ error }] = await send(url, { ...POST, json });
      assert.equal(error, undefined, name);
      assertSent(requests.pop(), text, 'application/json', name);
    }
  });
}

test('what is undefined is not given', async (t) => {
  const { url, requests } = await serveRequests(t);
  const none = { body: undefined, json: undefined };
  for (const send of Object.values(LEVELS)) await send(url, { ...POST, ...none });
  await downloadAll(
    [
      { url, ...none, json: 1 },
      { url, ...none, body: '1' },
    ],
    POST,
  );
  await downloadAll([{ url, ...none }], { ...POST, ...none, body: 'of the call' });
  assert.deepEqual(
    requests.slice(0, 3).map(({ headers, body }) => [headers['content-type'], body.length]),
    [...Array(3)].map(() => [undefined, 0]),
  );
  assert.deepEqual(
    requests.slice(3).map(({ body }) => body.toString()),
    ['1', '1', 'of the call'],
  );
});

test('all methods but GET, HEAD and TRACE may have a body', async (t) => {
  const { url, requests } = await serveRequests(t);
  const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'delete', 'QUERY', 'REPORT'];
  // Node's own parser knows no method of ours; it does know REPORT and, from version 22 on, QUERY.
  const known = methods.filter((method) =>
    require('node:http').METHODS.includes(method.toUpperCase()),
  );
  for (const method of known) await downloadAll([{ url, method, body: 'x' }]);
  assert.deepEqual(
    requests.map(({ method, body }) => [method, body.toString()]),
    known.map((method) => [method.toUpperCase(), 'x']),
  );
  assert.ok(known.length >= 7);
});

test("an item's body replaces the call's, and that the client's, whatever their forms", async (t) => {
  const { url, requests } = await serveRequests(t);
  const client = new Client({ ...POST, body: 'client' });
  await client.downloadAll([url, { url, json: 'item' }]);
  await client.downloadAll([url, { url, body: 'item' }], { json: 'call' });
  await client.downloadAll([url]);
  assert.deepEqual(requests.map(({ body }) => body.toString()).sort(), [
    '"call"',
    '"item"',
    'client',
    'client',
    'item',
  ]);
});

test('a large body arrives whole, and so does a large answer', async (t) => {
  const [sent, answered] = [randomBytes(50 << 20), randomBytes(50 << 20)];
  const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const { url, requests } = await serveRequests(t, (_request, response) => response.end(answered));
  const [result] = await downloadAll([{ url, ...POST, body: sent }]);
  assert.equal(digest(requests[0].body), digest(sent));
  assert.equal(requests[0].headers['content-length'], String(sent.length));
  assert.equal(digest(result.body), digest(answered));
});

test('a request that is tried again has the same body again', async (t) => {
  const bodies = {
    string: 'again \u00e9',
    bytes: randomBytes(100_000),
    blob: new Blob(['again'], { type: 'a/b' }),
    form: new URLSearchParams({ again: '1' }),
  };
  const { url, requests } = await serveRequests(t, ({ url }, response) => {
    const tries = requests.filter((request) => request.url === url).length;
    response.writeHead(tries < 3 ? 503 : 200).end();
  });
  const items = Object.entries(bodies).map(([name, body]) => ({ url: `${url}/${name}`, body }));
  const options = { method: 'PUT', retry: { backoff: { base: 0 } } };
  for (const { status, attempts } of await downloadAll(items, options)) {
    assert.deepEqual([status, attempts], [200, 3]);
  }
  for (const name of Object.keys(bodies)) {
    const [first, ...others] = requests.filter((request) => request.url === `/${name}`);
    assert.equal(others.length, 2);
    assert.ok(first.body.length > 0);
    for (const { headers, body } of others) {
      assert.ok(body.equals(first.body), name);
      assert.deepEqual(headers, first.headers);
    }
  }
});

test('a POST is not tried again, unless that is asked for', async (t) => {
  const { url, requests } = await serveRequests(t, (_request, response) =>
    response.writeHead(503).end(),
  );
  const retry = { limit: 1, backoff: { base: 0 } };
  const [once] = await downloadAll([{ url, ...POST, body: 'once', retry }]);
  assert.deepEqual([once.status, once.attempts, requests.length], [503, 1, 1]);
  const [twice] = await downloadAll([
    { url, ...POST, body: 'x', retry: { ...retry, methods: ['POST'] } },
  ]);
  assert.deepEqual([twice.attempts, requests.length], [2, 3]);
});
