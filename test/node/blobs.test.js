// Blobs as bodies: of files and of other makes, and those that cannot be read.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { blobWith } = require('./blobs.js');
const { serve, serveRequests } = require('./server.js');

const POST = { method: 'POST' };

/** Answers with the path and the body. */
const echo = ({ url, body }, response) => response.end(`${url} ${body}`);

function fileOf(t, text) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'blob-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'file');
  fs.writeFileSync(file, text);
  return file;
}

test('a Blob may be a file', async (t) => {
  const { url } = await serveRequests(t, echo);
  const body = await fs.openAsBlob(fileOf(t, 'x'.repeat(1 << 20)));
  const [result] = await downloadAll([{ url, body }], POST);
  assert.equal(result.text(), `/ ${'x'.repeat(1 << 20)}`);
});

test('a file that was changed or deleted is the error of its item alone', async (t) => {
  const { url, requests } = await serveRequests(t, echo);
  const changed = fileOf(t, 'before');
  const deleted = fileOf(t, 'before');
  const bodies = await Promise.all([changed, deleted].map((file) => fs.openAsBlob(file)));
  fs.writeFileSync(changed, 'after, and longer');
  fs.rmSync(deleted);
  const items = bodies.flatMap((body, i) => [
    { url: `${url}/bad`, body, tag: i },
    { url: `${url}/good`, body: new Blob(['fine']) },
  ]);
  const results = await downloadAll(items, POST);
  for (const [i, result] of results.entries()) {
    assert.equal(result.index, i);
    if (i % 2 === 1) assert.equal(result.text(), '/good fine');
    else {
      const { code, index, attempts, message } = result.error;
      assert.deepEqual([code, index, attempts], ['ERR_INVALID_ARG_VALUE', i, 0], message);
      assert.deepEqual([result.status, result.url, result.tag], [0, `${url}/bad`, i / 2]);
    }
  }
  assert.equal(requests.length, 2);
  assert.equal(results.stats.failed, 2);
});

test('a file that cannot be read as the body of a call or of a client rejects the call', async (t) => {
  const server = await serve(t);
  const file = fileOf(t, 'before');
  const body = await fs.openAsBlob(file);
  fs.rmSync(file);
  const client = new Client({ ...POST, body });
  const calls = [
    downloadAll([server.url], { ...POST, body }),
    client.downloadAll([server.url]),
    client.downloadAll([server.url]),
  ];
  for (const call of calls) await assert.rejects(call);
  assert.equal(server.accepted, 0);
  // One that is never asked for is nobody's error.
  new Client({ ...POST, body });
  assert.equal((await client.downloadAll([server.url], { body: 'x' }))[0].status, 200);
});

const STRANGE = {
  rejects: { arrayBuffer: async () => Promise.reject(new Error('mine')) },
  'rejects with nothing': { arrayBuffer: () => Promise.reject() },
  'rejects with a code that is no text': {
    arrayBuffer: () => Promise.reject(Object.assign(new Error('mine'), { code: '\ud800' })),
  },
  throws: {
    arrayBuffer() {
      throw new Error('mine');
    },
  },
  'has no bytes to give': { arrayBuffer: undefined },
  'resolves with no bytes': { arrayBuffer: async () => 5 },
  'has a type that breaks the line': { type: 'a/b\r\nevil: 1' },
};

for (const [name, own] of Object.entries(STRANGE)) {
  test(`a Blob of another make that ${name} is the error of its item`, async (t) => {
    const { url, requests } = await serveRequests(t, echo);
    const items = [
      { url: `${url}/1`, body: 'one' },
      { url: `${url}/2`, body: blobWith(own) },
      `${url}/3`,
    ];
    const [first, second, third] = await downloadAll(items, POST);
    assert.deepEqual([first.text(), third.text()], ['/1 one', '/3 ']);
    assert.match(second.error.code, /^ERR_INVALID_/);
    assert.equal(requests.length, 2);
  });
}

test('a Blob of another make may give its bytes at once, or in any thenable', async (t) => {
  const { url } = await serveRequests(t, echo);
  const bytes = Buffer.from('bytes');
  const { buffer } = new Uint8Array(bytes);
  const ways = [
    async () => buffer,
    () => buffer,
    // biome-ignore lint/suspicious/noThenProperty: it is the point
    () => ({ then: (resolve) => resolve(buffer) }),
  ];
  for (const arrayBuffer of ways) {
    const [result] = await downloadAll([{ url, body: blobWith({ arrayBuffer }) }], POST);
    assert.equal(result.error, undefined);
    assert.equal(result.text(), '/ bytes');
  }
});

test('the error of an item whose Blob cannot be read ends a call that stops on errors', async (t) => {
  const { url } = await serve(t);
  const body = blobWith({ arrayBuffer: async () => Promise.reject(new Error('mine')) });
  const run = downloadAll([url, { url, body }], { ...POST, stopOnError: true });
  await assert.rejects(run, { name: 'DownloadError', index: 1, message: /mine/ });
});
