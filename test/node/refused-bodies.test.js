// Bodies that are refused: those of the call before anything is sent, those of an item as its own error.

'use strict';

const assert = require('node:assert/strict');
const { Readable } = require('node:stream');
const { test } = require('node:test');
const vm = require('node:vm');
const { Client, downloadAll } = require('../../index.js');
const { serve, serveRequests } = require('./server.js');

const POST = { method: 'POST' };

function detached() {
  const buffer = new ArrayBuffer(8);
  const views = [new Uint8Array(buffer, 2, 2), new DataView(buffer, 2, 2)];
  structuredClone(buffer, { transfer: [buffer] });
  return [buffer, ...views];
}

const circular = { a: [] };
circular.a.push(circular);
const throwing = (thrown) => ({
  toJSON() {
    throw thrown;
  },
});
const [buffer, view, dataView] = detached();
const STREAM = /not a stream: read it first/;
const NO_TYPE = /must be a string, bytes, a URLSearchParams, a FormData or a Blob/;
const [TYPE, VALUE] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE'];

/** Options that are refused, under which code, and what the message says. */
const REFUSED = {
  'a stream of Node': [{ body: Readable.from(['x']) }, TYPE, STREAM],
  'a stream of the web': [{ body: new Blob(['x']).stream() }, TYPE, STREAM],
  'an async generator': [{ body: (async function* () {})() }, TYPE, STREAM],
  'an async iterable': [{ body: { [Symbol.asyncIterator]() {} } }, TYPE, STREAM],
  null: [{ body: null }, TYPE, NO_TYPE],
  'a number': [{ body: 5 }, TYPE, NO_TYPE],
  'a bigint': [{ body: 5n }, TYPE, NO_TYPE],
  'a boolean': [{ body: true }, TYPE, NO_TYPE],
  'a Symbol': [{ body: Symbol('x') }, TYPE, NO_TYPE],
  'a function': [{ body: () => 'x' }, TYPE, NO_TYPE],
  'an object': [{ body: { a: 1 } }, TYPE, NO_TYPE],
  'an array': [{ body: ['x'] }, TYPE, NO_TYPE],
  'a Date': [{ body: new Date() }, TYPE, NO_TYPE],
  'a promise': [{ body: Promise.resolve('x') }, TYPE, NO_TYPE],
  'a String object': [{ body: Object('x') }, TYPE, NO_TYPE],
  'a Response': [{ body: new Response('x') }, TYPE, NO_TYPE],
  'shared memory without a view': [{ body: new SharedArrayBuffer(2) }, TYPE, NO_TYPE],
  'a detached ArrayBuffer': [{ body: buffer }, VALUE, /must not be detached/],
  'a view of a detached ArrayBuffer': [{ body: view }, VALUE, /must not be detached/],
  'a DataView of a detached ArrayBuffer': [{ body: dataView }, VALUE, /must not be detached/],
  'JSON of a cycle': [{ json: circular }, VALUE, /json cannot be written as JSON/],
  'JSON of a bigint': [{ json: { a: 1n } }, VALUE, /json cannot be written as JSON/],
  'JSON of a function': [{ json: () => {} }, VALUE, /json must be something that JSON can say/],
  'JSON of a Symbol': [{ json: Symbol('x') }, VALUE, /json must be something that JSON can say/],
  'JSON of what says that it is nothing': [
    { json: { toJSON() {} } },
    VALUE,
    /json must be something/,
  ],
  'JSON of what throws': [
    { json: throwing(new Error('mine')) },
    VALUE,
    /json cannot be written as JSON: mine/,
  ],
  'JSON of what throws a string': [
    { json: throwing('mine') },
    VALUE,
    /json cannot be written as JSON: mine/,
  ],
  'JSON of what throws undefined': [
    { json: throwing(undefined) },
    VALUE,
    /json cannot be written as JSON/,
  ],
  'JSON of what throws a Symbol': [
    { json: throwing(Symbol('mine')) },
    VALUE,
    /json cannot be written as JSON/,
  ],
  'a body beside JSON': [
    { body: 'x', json: 1 },
    VALUE,
    /body and \S*json cannot be given together/,
  ],
  'an empty body beside JSON': [
    { body: '', json: null },
    VALUE,
    /body and \S*json cannot be given together/,
  ],
};

for (const [name, [options, code, message]] of Object.entries(REFUSED)) {
  test(`as a body, ${name} is refused`, async (t) => {
    const server = await serve(t);
    const misuse = (error) => {
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.match(error.message, /^options\./);
      return true;
    };
    await assert.rejects(downloadAll([server.url], { ...POST, ...options }), misuse);
    assert.throws(() => new Client({ ...POST, ...options }), misuse);
    assert.equal(server.accepted, 0);
    const [bad, good] = await downloadAll([{ url: server.url, ...options }, server.url], POST);
    assert.equal(bad.error.code, code);
    assert.match(bad.error.message, message);
    assert.equal(good.status, 200);
  });
}

test('a Request is refused, with what to write instead', async (t) => {
  const server = await serve(t);
  const request = new Request(server.url, { method: 'POST', body: 'x' });
  const [{ error }, { error: asBody }] = await downloadAll(
    [request, { url: server.url, body: request }],
    POST,
  );
  assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
  assert.match(error.message, /cannot be a Request: pass \{ url, method, headers \}/);
  assert.equal(asBody.code, 'ERR_INVALID_ARG_TYPE');
  assert.equal(server.accepted, 0);
});

for (const method of ['GET', 'get', 'HEAD', 'head', 'TRACE', undefined]) {
  test(`a request with the method ${method ?? 'that it has by default'} has no body`, async (t) => {
    const { url, requests } = await serveRequests(t);
    const blob = new Blob(['x']);
    for (const options of [{ body: 'x' }, { body: '' }, { json: null }, { body: blob }]) {
      await assert.rejects(downloadAll([url], { method, ...options }), {
        name: 'TypeError',
        code: VALUE,
        message: /a request with the method (GET|HEAD|TRACE) has no body/,
      });
      await assert.rejects(new Client({ method, ...options }).downloadAll([url]), { code: VALUE });
      const results = await downloadAll([
        { url, method, ...options },
        { url, method: 'PUT', ...options },
      ]);
      assert.deepEqual(
        results.map(({ error, status }) => [error?.code, status]),
        [
          [VALUE, 0],
          [undefined, 200],
        ],
      );
    }
    assert.deepEqual([...new Set(requests.map((request) => request.method))], ['PUT']);
  });
}

test('an item with the method GET and the body of its call is refused, its siblings are sent', async (t) => {
  const { url, requests } = await serveRequests(t);
  const [bad, good] = await downloadAll([{ url, method: 'GET' }, url], { ...POST, json: 1 });
  assert.deepEqual([bad.error?.code, good.status], [VALUE, 200]);
  assert.deepEqual(
    requests.map(({ method, body }) => `${method} ${body}`),
    ['POST 1'],
  );
});

test('a cycle names no secret that it holds', async () => {
  const secret = { key: 's3cr3t' };
  secret.self = secret;
  for (const options of [{ json: secret }, { json: { secret: 's3cr3t', big: 1n } }]) {
    await assert.rejects(
      downloadAll(['http://never.invalid/'], { ...POST, ...options }),
      (error) => {
        assert.equal(error.code, VALUE);
        return !error.message.includes('s3cr3t');
      },
    );
  }
});

test('what looks like memory and is none is refused', async () => {
  const fakes = [
    { byteLength: 5, buffer: new ArrayBuffer(5) },
    { [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 2 },
    { [Symbol.toStringTag]: 'Uint8Array', length: 2 },
    vm.runInNewContext('({})'),
    Object.create(null),
    new Proxy(new Uint8Array(2), {}),
  ];
  for (const body of fakes) {
    const call = downloadAll(['http://never.invalid/'], { ...POST, body });
    await assert.rejects(call, { code: TYPE });
  }
});
