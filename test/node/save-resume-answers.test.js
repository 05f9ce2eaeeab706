// What a server may answer when it is asked for the rest of a file: whatever fits exactly is joined, and all else begins anew.
// Of a body that does not come whole there is never a file.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { downloadAll } = require('../../index.js');
const { bytesOf, folder, namesIn } = require('./disk.js');
const { answer, cut, fieldsOf, leavePart, resume, serveTurns } = require('./turns.js');

const SIZE = 300_000;
const CUT = 200_000;
const BODY = bytesOf(SIZE, 1);
const OTHER = bytesOf(SIZE, 2);
const LAST = SIZE - 1;
const REST = BODY.subarray(CUT);
const TAG = 'ETag: "one"';
const PARTIAL = '206 Partial Content';
const UNFIT = '416 Range Not Satisfiable';
const CHUNKED = 'Transfer-Encoding: chunked';
const LONG_AGO = 'Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT';
const LATER = 'Last-Modified: Sun, 06 Nov 1994 08:30:00 GMT';
const NOW = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';

const range = (text) => `Content-Range: bytes ${text}`;
const chunk = (bytes) =>
  Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);

/** A first answer of unknown length that breaks off. */
const endless = (socket) => {
  const bytes = Buffer.concat([Buffer.from(`${SIZE.toString(16)}\r\n`), BODY.subarray(0, CUT)]);
  answer(['200 OK', TAG, CHUNKED], bytes)(socket);
  socket.end();
};

/**
 * What becomes of the file when `first` left a part of it, `then` answers a request for a range, and any other brings `whole`. Gives
 * the whole or nothing, and the ranges that were asked for.
 */
async function goOn(t, then, { first = cut(['200 OK', TAG], BODY, CUT), whole = BODY } = {}) {
  const other = answer(['200 OK', 'ETag: "whole"'], whole);
  const isRanged = (head) => fieldsOf(head, 'range').length > 0;
  const server = await serveTurns(t, [
    first,
    (socket, head) => (isRanged(head) ? then : other)(socket, head),
  ]);
  const { dir } = await leavePart(t, server);
  const [result] = await resume(server, dir);
  const ranges = server.heads.slice(1).map((head) => fieldsOf(head, 'range')[0] ?? 'all');
  return { result, ranges, dir };
}

async function assertJoined(t, why, then, options) {
  const { result, ranges } = await goOn(t, then, options);
  assert.equal(result.error, undefined, why);
  assert.ok(fs.readFileSync(result.file).equals(BODY), why);
  assert.deepEqual(ranges, [`bytes=${CUT}-`], why);
}

/** The file is that of one answer to a request without a range, and nothing of the part is in it. */
async function assertAnew(t, why, then, options = {}) {
  const { result, ranges, dir } = await goOn(t, then, { whole: OTHER, ...options });
  assert.equal(result.error, undefined, why);
  assert.ok(fs.readFileSync(result.file).equals(OTHER), `${why}: it was joined wrongly`);
  assert.deepEqual(namesIn(dir), ['file'], why);
  assert.equal(ranges.at(-1), 'all', why);
}

const FITTING = {
  'the rest': answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), TAG], REST),
  'the rest without a tag': answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`)], REST),
  'the rest of a total that was known': answer([PARTIAL, range(`${CUT}-${LAST}/*`), TAG], REST),
  'the rest in another case': answer(
    [PARTIAL, `content-range: Bytes ${CUT}-${LAST}/${SIZE}`],
    REST,
  ),
  'the rest in chunks': answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), CHUNKED], chunk(REST)),
};

test('what fits exactly is joined', async (t) => {
  for (const [why, then] of Object.entries(FITTING)) await assertJoined(t, why, then);
  await assertJoined(t, 'of a file of unknown length', FITTING['the rest'], { first: endless });
  // The part is all of it.
  const complete = (socket) => {
    const bytes = Buffer.concat([Buffer.from(`${SIZE.toString(16)}\r\n`), BODY]);
    answer(['200 OK', TAG, CHUNKED], bytes)(socket);
    socket.end();
  };
  const then = answer([UNFIT, range(`*/${SIZE}`)]);
  const { result, ranges } = await goOn(t, then, { first: complete });
  assert.ok(fs.readFileSync(result.file).equals(BODY));
  assert.deepEqual(
    [result.error, result.ok, result.size, ranges],
    [undefined, true, SIZE, [`bytes=${SIZE}-`]],
  );
});

const UNFITTING = {
  'a 206 from another byte': answer(
    [PARTIAL, range(`${CUT + 1}-${LAST}/${SIZE}`), TAG],
    REST.subarray(1),
  ),
  'a 206 from the beginning': answer([PARTIAL, range(`0-${LAST}/${SIZE}`), TAG], BODY),
  'a 206 of another total': answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE + 1}`), TAG], REST),
  'a 206 that ends past its total': answer([PARTIAL, range(`${CUT}-${SIZE}/${SIZE}`), TAG], REST),
  'a 206 that does not say of what': answer([PARTIAL, TAG], REST),
  'a 206 that says it twice': answer(
    [PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), range(`0-${LAST}/${SIZE}`)],
    REST,
  ),
  'a 206 that cannot be read': answer([PARTIAL, range(`-${CUT}/${SIZE}`), TAG], REST),
  'a 206 in other units': answer(
    [PARTIAL, `Content-Range: lines ${CUT}-${LAST}/${SIZE}`, TAG],
    REST,
  ),
  'a 206 in several parts': answer(
    [PARTIAL, 'Content-Type: multipart/byteranges; boundary=x', TAG],
    REST,
  ),
  'a 206 of another tag': answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), 'ETag: "two"'], REST),
  'a 206 of a weak tag': answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), 'ETag: W/"one"'], REST),
  'a 206 in a coding': answer(
    [PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), 'Content-Encoding: gzip'],
    zlib.gzipSync(REST),
  ),
  'a 416 of another size': answer([UNFIT, range(`*/${CUT - 1}`)]),
  'a 416 of the same file': answer([UNFIT, range(`*/${SIZE}`)]),
  'a 416 that does not say of what': answer([UNFIT], 'sorry'),
};

test('what does not fit begins anew', async (t) => {
  for (const [why, then] of Object.entries(UNFITTING)) await assertAnew(t, why, then);
});

test('a whole file in place of the rest replaces what there is', async (t) => {
  for (const length of [SIZE, CUT, 10, 0]) {
    const then = answer(['200 OK', 'ETag: "two"'], OTHER.subarray(0, length));
    const { result, ranges } = await goOn(t, then);
    assert.ok(fs.readFileSync(result.file).equals(OTHER.subarray(0, length)), `${length}`);
    assert.deepEqual([result.status, ranges], [200, [`bytes=${CUT}-`]]);
  }
});

test('a rest that is shorter than what was asked for is asked for again', async (t) => {
  const middle = CUT + 50_000;
  const short = (socket, head) => {
    const start = Number(/\d+/.exec(fieldsOf(head, 'range')[0])[0]);
    const end = start === CUT ? middle : SIZE;
    answer([PARTIAL, range(`${start}-${end - 1}/${SIZE}`), TAG], BODY.subarray(start, end))(socket);
  };
  const { result, ranges } = await goOn(t, short);
  assert.ok(fs.readFileSync(result.file).equals(BODY));
  assert.deepEqual(ranges, [`bytes=${CUT}-`, `bytes=${middle}-`]);
});

test('a rest that is longer than it says begins anew', async (t) => {
  const long = Buffer.concat([REST, Buffer.from('more')]);
  await assertAnew(t, 'longer', answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), TAG], long));
});

test('a rest of another date begins anew', async (t) => {
  const first = cut(['200 OK', LONG_AGO, NOW], BODY, CUT);
  const then = answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), LATER, NOW], OTHER.subarray(CUT));
  await assertAnew(t, 'another date', then, { first });
});

test('a 416 that calls a part complete which is known not to be begins anew', async (t) => {
  await assertAnew(t, 'known to be longer', answer([UNFIT, range(`*/${CUT}`)]));
});

test('a 416 of another tag begins anew', async (t) => {
  const then = answer([UNFIT, range(`*/${CUT}`), 'ETag: "two"']);
  await assertAnew(t, 'another tag', then, { first: endless });
});

test('a rest that ends before it says, of a file of unknown length, is not the whole', async (t) => {
  const then = answer([PARTIAL, range(`${CUT}-${LAST}/*`), TAG], REST.subarray(0, 1_000));
  const { result } = await goOn(t, then, { first: endless });
  const isWhole = result.file !== undefined && fs.readFileSync(result.file).equals(BODY);
  assert.ok(isWhole || result.error !== undefined, `${result.size} bytes are called the file`);
});

test('a part that nobody asked for is never the file', async (t) => {
  const part = answer([PARTIAL, range(`${CUT}-${LAST}/${SIZE}`), TAG], REST);
  const server = await serveTurns(t, [cut(['200 OK', TAG], BODY, 100), part]);
  const { dir } = await leavePart(t, server);
  const [result] = await resume(server, dir);
  assert.deepEqual([result.file, namesIn(dir).includes('file')], [undefined, false]);
  for (const saveTo of [folder(t), { dir: folder(t), ifExists: 'replace' }]) {
    const other = await serveTurns(t, [part]);
    const [alone] = await downloadAll([`${other.url}/file`], { saveTo });
    assert.deepEqual([alone.file, namesIn(saveTo.dir ?? saveTo)], [undefined, []]);
  }
});
