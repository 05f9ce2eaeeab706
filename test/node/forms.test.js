// FormData bodies: what is in them arrives, whatever it is called.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { serveRequests } = require('./server.js');

const POST = { method: 'POST' };

/** The entries of a request, by Node's own reader: files as their name, type and bytes in hexadecimal. */
async function entriesOf({ headers, body }) {
  const form = await new Response(body, { headers }).formData();
  const entries = [...form].map(async ([name, value]) => {
    if (typeof value === 'string') return [name, value];
    const bytes = Buffer.from(await value.arrayBuffer()).toString('hex');
    return [name, value.name, value.type, bytes];
  });
  return Promise.all(entries);
}

/** What is appended, and what is read at the other end if it is not the same. */
const ENTRIES = {
  'no field at all': [],
  'a field': [['a', 'b']],
  'fields of one name, in order': [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ],
  'empty fields': [
    ['a', ''],
    ['', 'b'],
  ],
  'text beyond ASCII': [['\u00e9\u20ac', '\u{1f600}']],
  'a value that looks like the next part': [
    ['a', '\r\n--x\r\nContent-Disposition: form-data; name="evil"\r\n\r\n'],
  ],
  'a file': [['f', new File([Buffer.from([0, 255, 13, 10])], 'n.bin', { type: 'image/png' })]],
  'an empty file': [['f', new File([], 'n.txt', { type: 'text/plain' })]],
  'a file without a type': [['f', new File(['x'], 'n.txt')]],
  'a Blob, which is a file': [['f', new Blob(['x'], { type: 'text/x' })]],
  'a Blob with a name': [['f', new Blob(['x'], { type: 'text/x' }), 'named.txt']],
  'files and fields, mixed': [
    ['a', '1'],
    ['f', new File(['1'], '1.txt', { type: 'text/plain' })],
    ['f', new File(['2'], '2.txt', { type: 'text/plain' })],
    ['b', '2'],
  ],
  'a file name beyond ASCII': [
    ['f', new File(['x'], '\u00e9\u20ac\u{1f600}.txt', { type: 'text/plain' })],
  ],
  'a large file': [['f', new File([Buffer.alloc(2 << 20, 'x')], 'n.txt', { type: 'text/plain' })]],
};

function formOf(entries) {
  const form = new FormData();
  for (const entry of entries) form.append(...entry);
  return form;
}

/** What `entries` are when they have arrived. */
function arrived(entries) {
  const read = entries.map(async ([name, value, given]) => {
    if (typeof value === 'string') return [name, value];
    const bytes = Buffer.from(await value.arrayBuffer()).toString('hex');
    const type = value.type || 'application/octet-stream';
    return [name, given ?? value.name ?? 'blob', type, bytes];
  });
  return Promise.all(read);
}

for (const [name, entries] of Object.entries(ENTRIES)) {
  test(`a FormData may hold ${name}`, async (t) => {
    const { url, requests } = await serveRequests(t);
    await downloadAll([{ url, ...POST, body: formOf(entries) }]);
    await downloadAll([url], { ...POST, body: formOf(entries) });
    await new Client({ ...POST, body: formOf(entries) }).downloadAll([url]);
    assert.equal(requests.length, 3);
    const expected = await arrived(entries);
    for (const request of requests) {
      assert.match(request.headers['content-type'], /^multipart\/form-data; ?boundary=\S+$/);
      assert.equal(request.headers['content-length'], String(request.body.length));
      assert.deepEqual(await entriesOf(request), expected);
    }
  });
}

test('quotes and line breaks in names are escaped as the HTML standard says', async (t) => {
  const { url, requests } = await serveRequests(t);
  const form = new FormData();
  form.append('na"me\r\nevil: 1', 'value');
  form.append('f', new File(['x'], 'a"\r\nevil: 2\n".txt', { type: 'text/plain' }));
  await downloadAll([{ url, ...POST, body: form }]);
  const text = requests[0].body.toString();
  assert.match(text, /name="na%22me%0D%0Aevil: 1"\r\n/);
  assert.match(text, /filename="a%22%0D%0Aevil: 2%0A%22\.txt"\r\n/);
  assert.doesNotMatch(text, /\nevil/);
});

test('halves of surrogate pairs become replacement characters', async (t) => {
  const { url, requests } = await serveRequests(t);
  await downloadAll([{ url, ...POST, body: formOf([['a\ud800', 'b\udc00']]) }]);
  assert.deepEqual(await entriesOf(requests[0]), [['a\ufffd', 'b\ufffd']]);
});

test('two forms have two boundaries', async (t) => {
  const { url, requests } = await serveRequests(t);
  const item = () => ({ url, body: formOf([['a', 'b']]) });
  await downloadAll([item(), item()], POST);
  const [one, other] = requests.map(({ headers }) => headers['content-type']);
  assert.notEqual(one, other);
});

test('one form of a call is sent with each of its items', async (t) => {
  const { url, requests } = await serveRequests(t);
  const body = formOf([
    ['a', 'b'],
    ['f', new File(['x'], 'n.txt', { type: 'text/plain' })],
  ]);
  const client = new Client({ ...POST, body });
  await downloadAll([url, url, url], { ...POST, body });
  await Promise.all([client.downloadAll([url, url]), client.downloadAll([url])]);
  assert.equal(requests.length, 6);
  const expected = [
    ['a', 'b'],
    ['f', 'n.txt', 'text/plain', '78'],
  ];
  for (const request of requests) assert.deepEqual(await entriesOf(request), expected);
});

test('what is changed in a form after the call changes nothing', async (t) => {
  const { url, requests } = await serveRequests(t);
  const [ofItem, ofCall] = [formOf([['a', 'before']]), formOf([['a', 'before']])];
  const calls = [
    downloadAll([{ url, body: ofItem }], POST),
    downloadAll([url], { ...POST, body: ofCall }),
  ];
  for (const form of [ofItem, ofCall]) {
    form.set('a', 'after');
    form.append('b', 'after');
  }
  await Promise.all(calls);
  assert.equal(requests.length, 2);
  for (const request of requests) assert.deepEqual(await entriesOf(request), [['a', 'before']]);
});

test('a file of a form may be one of the disk, and one that is not there any more is its item’s error', async (t) => {
  const { url, requests } = await serveRequests(t);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'form-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'file');
  fs.writeFileSync(file, 'on disk');
  const body = formOf([['f', await fs.openAsBlob(file, { type: 'text/x' }), 'n.txt']]);
  const item = { url, body };
  await downloadAll([item], POST);
  const expected = [['f', 'n.txt', 'text/x', Buffer.from('on disk').toString('hex')]];
  assert.deepEqual(await entriesOf(requests[0]), expected);
  fs.rmSync(file);
  const [bad, good] = await downloadAll([item, { url, body: 'fine' }], POST);
  assert.equal(bad.error.code, 'ERR_INVALID_ARG_VALUE');
  assert.deepEqual([good.status, requests.length], [200, 2]);
});

test('a FormData that is not Node’s own is refused', async (t) => {
  const server = await serveRequests(t);
  class Foreign {
    get [Symbol.toStringTag]() {
      return 'FormData';
    }
    *[Symbol.iterator]() {
      yield ['a', 'b'];
    }
  }
  const options = { ...POST, body: new Foreign() };
  await assert.rejects(downloadAll([server.url], options), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: /^options\.body must be Node's own FormData/,
  });
  const [{ error }] = await downloadAll([{ url: server.url, ...options }]);
  assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
  assert.equal(server.accepted, 0);
});
