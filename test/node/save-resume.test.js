// A file that was cut off goes on where it ended, if what is left of it is surely the beginning of what is there now.

'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { bytesOf, filesIn, folder, namesIn, outcomes } = require('./disk.js');
const {
  answer,
  assertParted,
  cut,
  fieldsOf,
  leavePart,
  resume,
  serveTurns,
} = require('./turns.js');
const { until } = require('./until.js');

const SIZE = 400_000;
const CUT = 250_000;
const BODY = bytesOf(SIZE, 1);
const OTHER = bytesOf(SIZE, 2);
const OK = '200 OK';
const TAG = 'ETag: "one"';

/** A turn that answers a request for a range as it should be, and any other with all of `body`. */
function ranged(body, fields = [TAG]) {
  return (socket, head) => {
    const [range] = fieldsOf(head, 'range');
    if (range === undefined) return answer([OK, ...fields], body)(socket);
    const start = Number(/^bytes=(\d+)-$/.exec(range)[1]);
    const said = `Content-Range: bytes ${start}-${body.length - 1}/${body.length}`;
    answer(['206 Partial Content', said, ...fields], body.subarray(start))(socket);
  };
}

function assertWhole(result, dir, body = BODY) {
  assert.equal(result.error, undefined);
  assert.deepEqual([result.ok, result.size], [true, body.length]);
  assert.equal(result.file, path.join(dir, 'file'));
  assert.ok(fs.readFileSync(result.file).equals(body), 'it was joined wrongly');
  assert.deepEqual(namesIn(dir), ['file']);
}

test('a file that was cut off goes on where it ended', async (t) => {
  const server = await serveTurns(t, [cut([OK, TAG], BODY, CUT), ranged(BODY)]);
  const { dir, part } = await leavePart(t, server);
  assertParted(dir);
  assert.ok(fs.readFileSync(part).equals(BODY.subarray(0, CUT)));
  const [result] = await resume(server, dir);
  assertWhole(result, dir);
  assert.deepEqual([result.status, result.wireSize, result.attempts], [206, SIZE - CUT, 1]);
  const [first, second] = server.heads;
  assert.deepEqual(fieldsOf(second, 'range'), [`bytes=${CUT}-`]);
  assert.deepEqual(fieldsOf(second, 'if-range'), ['"one"']);
  for (const head of [first, second])
    assert.deepEqual(fieldsOf(head, 'accept-encoding'), ['identity']);
  assert.deepEqual([fieldsOf(first, 'range'), fieldsOf(first, 'if-range')], [[], []]);
});

test('a try after the other goes on with the same file', async (t) => {
  const steps = [0, 1, 200_000, 200_001, 399_999].map((end) => (socket, head) => {
    const start = Number(/\d+/.exec(fieldsOf(head, 'range')[0] ?? '0')[0]);
    const said = `Content-Range: bytes ${start}-${SIZE - 1}/${SIZE}`;
    const fields = start === 0 ? [OK, TAG] : ['206 Partial Content', said, TAG];
    cut(fields, BODY.subarray(start), end - start)(socket);
  });
  const server = await serveTurns(t, [...steps, ranged(BODY)]);
  const dir = folder(t);
  const [result] = await resume(server, dir, { retry: { limit: 9, backoff: { base: 0 } } });
  assertWhole(result, dir);
  assert.equal(result.attempts, 6);
  const starts = server.heads.map((head) => fieldsOf(head, 'range')[0]);
  const expected = [1, 200_000, 200_001, 399_999].map((start) => `bytes=${start}-`);
  assert.deepEqual(starts, [undefined, undefined, ...expected]);
});

test('a checksum is that of the whole file, and one that fails leaves nothing', async (t) => {
  const sum = (body) => `sha256-${crypto.createHash('sha256').update(body).digest('hex')}`;
  const server = await serveTurns(t, [cut([OK, TAG], BODY, CUT), ranged(BODY)]);
  const { dir } = await leavePart(t, server);
  assertWhole((await resume(server, dir, { checksum: sum(BODY) }))[0], dir);
  // A server that does not notice that it has another file.
  const liar = await serveTurns(t, [cut([OK, TAG], BODY, CUT), ranged(OTHER)]);
  const left = await leavePart(t, liar);
  const results = await resume(liar, left.dir, { checksum: sum(BODY), retry: false });
  assert.deepEqual(outcomes(results), ['ERR_CHECKSUM_MISMATCH']);
  assert.deepEqual(namesIn(left.dir), []);
});

test('a part is that of what was asked for, wherever it was found in the end', async (t) => {
  let rounds = 0;
  const moved = answer(['302 Found', 'Location: /elsewhere']);
  const server = await serveTurns(t, [
    (socket, head) => {
      if (head.startsWith('GET /file ')) return moved(socket);
      rounds += 1;
      (rounds === 1 ? cut([OK, TAG], BODY, CUT) : ranged(BODY))(socket, head);
    },
  ]);
  const { dir } = await leavePart(t, server);
  assertParted(dir);
  const [result] = await resume(server, dir);
  assertWhole(result, dir);
  assert.equal(result.status, 206);
  assert.equal(result.url, `${server.url}/elsewhere`);
});

const LONG_AGO = 'Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT';
const JUST_NOW = 'Last-Modified: Sun, 06 Nov 1994 08:49:00 GMT';
const NOW = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';

test('a date is good enough when it was past long before', async (t) => {
  const fields = [LONG_AGO, NOW];
  const server = await serveTurns(t, [cut([OK, ...fields], BODY, CUT), ranged(BODY, fields)]);
  const { dir } = await leavePart(t, server);
  const [result] = await resume(server, dir);
  assertWhole(result, dir);
  assert.deepEqual(
    [result.status, fieldsOf(server.heads[1], 'if-range')],
    [206, [LONG_AGO.slice(15)]],
  );
});

test('what nothing tells from a later version leaves nothing to go on with', async (t) => {
  const doubtful = {
    'no validator': [],
    'a weak tag': ['ETag: W/"one"'],
    'no tag in quotes': ['ETag: one'],
    'two tags': [TAG, 'ETag: "two"'],
    'a weak tag and a date': ['ETag: W/"one"', LONG_AGO, NOW],
    'a date of just now': [JUST_NOW, NOW],
    'a date without another': [LONG_AGO],
    'an unreadable date': ['Last-Modified: yesterday', NOW],
    'a body in a coding that is not asked for': [TAG, 'Content-Encoding: gzip'],
  };
  for (const [why, fields] of Object.entries(doubtful)) {
    const turns = [cut([OK, ...fields], BODY, CUT), answer([OK], BODY)];
    const server = await serveTurns(t, turns);
    const dir = folder(t);
    const [failed] = await resume(server, dir, { retry: false });
    assert.ok(['ERR_BODY_TRUNCATED', 'ERR_DECODE'].includes(failed.error.code), why);
    assert.deepEqual(namesIn(dir), [], why);
    assertWhole((await resume(server, dir))[0], dir);
    assert.deepEqual(fieldsOf(server.heads[1], 'range'), [], why);
  }
});

test('a part that is not as it was left is not gone on with', async (t) => {
  const url = (file) => JSON.parse(fs.readFileSync(file, 'utf8')).url;
  const damages = {
    'the part is longer than the file': ({ part }) => fs.appendFileSync(part, OTHER),
    'the part is edited': ({ part }) => {
      fs.writeFileSync(part, OTHER.subarray(0, CUT));
      fs.utimesSync(part, 1, 1);
    },
    'the part is shorter': ({ part }) => fs.truncateSync(part, CUT - 1),
    'the part is empty': ({ part }) => fs.truncateSync(part, 0),
    'the part is gone': ({ part }) => fs.rmSync(part),
    'the notes are gone': ({ notes }) => fs.rmSync(notes),
    'the notes are empty': ({ notes }) => fs.truncateSync(notes, 0),
    'the notes are cut off': ({ notes }) => fs.truncateSync(notes, 20),
    'the notes are no JSON': ({ notes }) => fs.writeFileSync(notes, OTHER),
    'the notes are something else': ({ notes }) => fs.writeFileSync(notes, '[null, {"url": 5}]'),
    'the notes are of another URL': ({ notes }) => {
      const text = fs.readFileSync(notes, 'utf8');
      fs.writeFileSync(notes, text.replaceAll(url(notes), `${url(notes)}?other`));
    },
    'the notes have a weak tag': ({ notes }) => {
      const changed = { ...JSON.parse(fs.readFileSync(notes, 'utf8')), validator: 'W/"one"' };
      fs.writeFileSync(notes, JSON.stringify(changed));
    },
    'the notes are a link': ({ notes }) => {
      fs.renameSync(notes, `${notes}.moved`);
      fs.symlinkSync(`${notes}.moved`, notes);
    },
  };
  for (const [why, damage] of Object.entries(damages)) {
    const server = await serveTurns(t, [cut([OK, TAG], BODY, CUT), ranged(BODY)]);
    const left = await leavePart(t, server);
    damage(left);
    const [result] = await resume(server, left.dir);
    fs.rmSync(`${left.notes}.moved`, { force: true });
    assertWhole(result, left.dir);
    assert.deepEqual([result.status, fieldsOf(server.heads[1], 'range')], [200, []], why);
  }
});

test('what fails for good in the meantime keeps the part', async (t) => {
  const turns = [
    cut([OK, TAG], BODY, CUT),
    answer(['503 No']),
    answer(['404 No'], 'gone'),
    ranged(BODY),
  ];
  const server = await serveTurns(t, turns);
  const { dir } = await leavePart(t, server);
  for (const status of [503, 404]) {
    const [result] = await resume(server, dir, { retry: false });
    assert.deepEqual([result.status, result.file], [status, undefined]);
    assertParted(dir);
  }
  const [result] = await resume(server, dir);
  assertWhole(result, dir);
  assert.equal(result.status, 206);
});

test('an abort keeps the part, too', async (t) => {
  const controller = new AbortController();
  const server = await serveTurns(t, [
    answer([OK, TAG, `Content-Length: ${SIZE}`], BODY.subarray(0, CUT)),
    ranged(BODY),
  ]);
  const dir = folder(t);
  const part = path.join(dir, '.file.part');
  const run = resume(server, dir, { signal: controller.signal });
  await until(() => fs.existsSync(part) && fs.statSync(part).size > 0);
  controller.abort();
  await assert.rejects(run, { name: 'AbortError' });
  assertWhole((await resume(server, dir))[0], dir);
  const [range] = fieldsOf(server.heads[1], 'range');
  const start = Number(/^bytes=(\d+)-$/.exec(range)[1]);
  assert.ok(start > 0 && start <= CUT, range);
});

test("with the caller's own range, or another method, nothing is gone on with", async (t) => {
  const server = await serveTurns(t, [
    cut([OK, TAG], BODY, CUT),
    answer(['206 Partial', TAG], 'abc'),
  ]);
  const { dir } = await leavePart(t, server);
  const [result] = await resume(server, dir, { headers: { range: 'bytes=0-2' } });
  assert.deepEqual([result.status, result.error, filesIn(dir).file], [206, undefined, 'abc']);
  assert.deepEqual(fieldsOf(server.heads[1], 'range'), ['bytes=0-2']);
  assert.deepEqual(fieldsOf(server.heads[1], 'if-range'), []);
  const posted = await serveTurns(t, [cut([OK, TAG], BODY, CUT), answer([OK], 'posted')]);
  const left = await leavePart(t, posted);
  const item = { url: `${posted.url}/file`, method: 'POST', body: 'x' };
  await downloadAll([item], { saveTo: { dir: left.dir, ifExists: 'resume' } });
  assert.deepEqual(filesIn(left.dir), { file: 'posted' });
  assert.deepEqual(fieldsOf(posted.heads[1], 'range'), []);
});
