// Journals that are not whole, and files that are none.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { WAYS, finishedIn, linesOf, makeFolder } = require('./journals.js');
const { serveRaw, serveRequests } = require('./server.js');

const MISMATCH = { code: 'ERR_JOURNAL_MISMATCH' };

/** A journal of four finished items, whose lines are short, and how to run the same again. */
async function fourLines(t, saveTo) {
  const { dir, journal } = makeFolder(t);
  const server = await serveRaw(t, (socket, head) => {
    requests.push(/\/\w+/.exec(head)[0]);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody');
  });
  const requests = [];
  const list = ['/a', '/b', '/c', '/d'].map((path) => `${server.url}${path}`);
  const options = { journal, saveTo: saveTo && `${dir}/files`, concurrency: 1 };
  const run = () => {
    requests.length = 0;
    return downloadAll(list, options);
  };
  await run();
  return { dir, journal, bytes: fs.readFileSync(journal), requests, run };
}

/** Where the last `count` lines begin, and before. */
function beginOfLast(bytes, count) {
  let end = bytes.length - 1;
  for (let line = 0; line < count; line++) end = bytes.lastIndexOf('\n', end - 1);
  return end + 1;
}

test('a journal that was cut off at any byte of its last lines goes on', async (t) => {
  const { journal, bytes, requests, run } = await fourLines(t);
  const begins = [1, 2].map((count) => beginOfLast(bytes, count));
  for (let length = begins[1]; length <= bytes.length; length++) {
    fs.writeFileSync(journal, bytes.subarray(0, length));
    const results = await run();
    assert.ok(
      results.every((result) => result.ok),
      `at ${length}`,
    );
    const missing = length === bytes.length ? 0 : length >= begins[0] ? 1 : 2;
    assert.deepEqual(requests, ['/c', '/d'].slice(2 - missing), `at ${length}`);
    assert.deepEqual(finishedIn(journal), new Set([0, 1, 2, 3]), `at ${length}`);
    linesOf(journal);
  }
});

test('a journal that was cut off where a file got its name goes on, with the file', async (t) => {
  const { dir, journal, bytes, requests, run } = await fourLines(t, true);
  const [last, intent] = [1, 2].map((count) => beginOfLast(bytes, count));
  for (let length = intent; length <= bytes.length; length += 3) {
    fs.writeFileSync(journal, bytes.subarray(0, length));
    // An intent that was not handed over has no file yet.
    if (length < last) fs.rmSync(`${dir}/files/d`);
    const results = await run();
    assert.ok(
      results.every((result) => result.ok),
      `at ${length}`,
    );
    assert.deepEqual(requests, length === bytes.length ? [] : ['/d'], `at ${length}`);
  }
});

test('a journal that was killed at its birth, and an empty file, begin anew', async (t) => {
  const { journal, bytes, requests, run } = await fourLines(t);
  for (let length = 0; length <= bytes.indexOf('\n'); length++) {
    fs.writeFileSync(journal, bytes.subarray(0, length));
    await run();
    assert.equal(requests.length, 4, `at ${length}`);
    assert.deepEqual(linesOf(journal)[0], { manyfetch: 'journal', version: 1 });
  }
});

test('zeros at the end, as a crash of the system leaves them, are cut off', async (t) => {
  const { journal, bytes, requests, run } = await fourLines(t);
  for (const rest of [
    '\0',
    '\0'.repeat(5_000),
    `{"index":1,"sta${'\0'.repeat(100)}`,
    '{"index\n',
  ]) {
    fs.writeFileSync(journal, Buffer.concat([bytes, Buffer.from(rest)]));
    await run();
    assert.deepEqual(requests, []);
    assert.deepEqual(fs.readFileSync(journal), bytes);
  }
});

test('a journal that is broken before its end is refused, and not touched', async (t) => {
  const { journal, bytes, requests, run } = await fourLines(t);
  const lines = bytes.toString().split('\n');
  const broken = {
    garbage: lines.toSpliced(2, 0, 'garbage'),
    'an empty line': lines.toSpliced(2, 0, ''),
    'half a line': lines.with(2, lines[2].slice(0, 50)),
    'two lines in one': lines.with(2, lines[2] + lines[3]).toSpliced(3, 1),
    'other JSON': lines.with(2, '{"index":1}'),
    'a list': lines.with(2, '[]'),
    'another state': lines.with(2, lines[2].replace('"finished"', '"begun"')),
    'a negative index': lines.with(2, lines[2].replace('"index":1', '"index":-1')),
    'zeros in the middle': lines.with(2, '\0'.repeat(100)),
    'bytes that are no text': lines.with(2, lines[2].replace('"id":"', '"id":"\xff')),
    'another item of the same index': lines.with(2, lines[2].replace('"index":1', '"index":0')),
    'a second header': lines.toSpliced(2, 0, lines[0]),
    'no header': lines.slice(1),
    'a header of another version': lines.with(0, lines[0].replace('1}', '2}')),
  };
  for (const [what, changed] of Object.entries(broken)) {
    const written = Buffer.from(changed.join('\n'), 'latin1');
    fs.writeFileSync(journal, written);
    await assert.rejects(run(), MISMATCH, what);
    assert.deepEqual(fs.readFileSync(journal), written, what);
    assert.deepEqual(requests, [], what);
  }
});

test('a file of another kind is refused, and not touched', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  const kinds = {
    text: 'hello\n',
    'text without a line': 'hello',
    'a list in JSON': '[]\n',
    'an object in JSON': '{}\n',
    'NDJSON of others': '{"url":"http://localhost/"}\n{"url":"http://localhost/"}\n',
    'a line break': '\n',
    zeros: Buffer.alloc(5_000_000),
    'an image': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    'this test': fs.readFileSync(__filename),
  };
  for (const [what, content] of Object.entries(kinds)) {
    fs.writeFileSync(journal, content);
    for (const fetchAll of Object.values(WAYS)) {
      await assert.rejects(fetchAll([server.url], { journal }), MISMATCH, what);
    }
    assert.ok(fs.readFileSync(journal).equals(Buffer.from(content)), what);
  }
  assert.equal(server.accepted, 0);
});
