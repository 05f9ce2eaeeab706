// The Content-Type of a request: which of all that say something about it holds.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { serveRequests } = require('./server.js');

const POST = { method: 'POST' };
const TEXT = 'text/plain;charset=UTF-8';
const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

/** Headers that say `type`. */
const typed = (type) => ({ headers: { 'content-type': type } });
const multipart = () => {
  const form = new FormData();
  form.append('a', 'b');
  return form;
};
const params = new URLSearchParams('a=b');
const bytes = Buffer.from('bytes');
const untyped = new Blob(['untyped']);
const blob = new Blob(['blob'], { type: 'image/png' });

/** What the item, the call and the client give, and the type that is sent. */
const CASES = {
  'a field of its own says more than a string': [{ body: 'x', ...typed('a/own') }, {}, {}, 'a/own'],
  'a field of its own says more than JSON': [{ json: 1, ...typed('a/own') }, {}, {}, 'a/own'],
  'a field of its own says more than a form': [
    { body: params, ...typed('a/own') },
    {},
    {},
    'a/own',
  ],
  'a field of its own says more than a FormData': [
    { body: multipart(), ...typed('a/own') },
    {},
    {},
    'a/own',
  ],
  'a field of its own says more than a Blob': [{ body: blob, ...typed('a/own') }, {}, {}, 'a/own'],
  'a field of its own is enough for bytes': [{ body: bytes, ...typed('a/own') }, {}, {}, 'a/own'],
  'the same within a call': [{}, { json: 1, ...typed('a/own') }, {}, 'a/own'],
  'the same within a client': [{}, {}, { json: 1, ...typed('a/own') }, 'a/own'],
  "an item's field says more than what the call's body is": [
    typed('a/own'),
    { json: 1 },
    {},
    'a/own',
  ],
  "a call's field says more than what the client's body is": [
    {},
    typed('a/call'),
    { json: 1 },
    'a/call',
  ],
  "an item's JSON says more than the call's field": [
    { json: 1 },
    typed('a/call'),
    {},
    'application/json',
  ],
  "an item's form says more than the call's field": [{ body: params }, typed('a/call'), {}, FORM],
  "an item's Blob says more than the call's field": [
    { body: blob },
    typed('a/call'),
    {},
    'image/png',
  ],
  "a call's JSON says more than the client's field": [
    {},
    { json: 1 },
    typed('a/client'),
    'application/json',
  ],
  "an item's string says less than the call's field": [
    { body: 'x' },
    typed('a/call'),
    {},
    'a/call',
  ],
  "an item's string says less than the client's field": [
    { body: 'x' },
    {},
    typed('a/client'),
    'a/client',
  ],
  "a call's string says less than the client's field": [
    {},
    { body: 'x' },
    typed('a/client'),
    'a/client',
  ],
  'bytes have the type that the call gives': [{ body: bytes }, typed('a/call'), {}, 'a/call'],
  'a Blob without a type has the one that the call gives': [
    { body: untyped },
    typed('a/call'),
    {},
    'a/call',
  ],
  "what the call's JSON was, a string of the item is not": [{ body: 'x' }, { json: 1 }, {}, TEXT],
  "what the call's FormData was, a string of the item is not": [
    { body: 'x' },
    { body: multipart() },
    {},
    TEXT,
  ],
  "what the call's JSON was, bytes of the item are not": [
    { body: bytes },
    { json: 1 },
    {},
    undefined,
  ],
  "what the call's form was, a Blob without a type is not": [
    { body: untyped },
    { body: params },
    {},
    undefined,
  ],
  "what the client's JSON was, a string of the call is not": [{}, { body: 'x' }, { json: 1 }, TEXT],
  "what the client's JSON was, bytes of the call are not": [
    {},
    { body: bytes },
    { json: 1 },
    undefined,
  ],
  'a field for the host says more than that of the call': [
    { body: bytes },
    { ...typed('a/call'), hosts: { '*': typed('a/host') } },
    {},
    'a/host',
  ],
  'a field for the host says more than a string': [
    { body: 'x' },
    { hosts: { '*': typed('a/host') } },
    {},
    'a/host',
  ],
  'a field for the host says less than JSON of the item': [
    { json: 1 },
    { hosts: { '*': typed('a/host') } },
    {},
    'application/json',
  ],
};

for (const [name, [item, call, client, type]] of Object.entries(CASES)) {
  test(`of the type of a body: ${name}`, async (t) => {
    const { url, requests } = await serveRequests(t);
    const [{ error }] = await new Client({ ...POST, ...client }).downloadAll(
      [{ url, ...item }],
      call,
    );
    assert.equal(error, undefined);
    const [{ headers, rawHeaders, body }] = requests;
    assert.ok(body.length > 0);
    assert.equal(headers['content-type'], type);
    const names = rawHeaders.filter((text) => text.toLowerCase() === 'content-type');
    assert.equal(names.length, type === undefined ? 0 : 1);
  });
}

test('a type is written as it is given, and once only', async (t) => {
  const { url, requests } = await serveRequests(t);
  const headers = new Headers({ 'CONTENT-type': ' text/x; a="b" ' });
  await downloadAll([{ url, body: 'x', headers }], POST);
  await downloadAll([url], { ...POST, body: new Blob(['x'], { type: 'Text/X; A="b"' }) });
  // A Blob writes its type in small letters.
  assert.deepEqual(
    requests.map(({ headers }) => headers['content-type']),
    ['text/x; a="b"', 'text/x; a="b"'],
  );
});

test('a type without a body is sent as any other field', async (t) => {
  const { url, requests } = await serveRequests(t);
  await downloadAll([url], typed('a/own'));
  assert.equal(requests[0].headers['content-type'], 'a/own');
});
