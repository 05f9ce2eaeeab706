// A run that is killed again and again: nothing under a final name is ever half, and what was finished is not asked for again.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { finishedIn, makeFolder, randomFrom } = require('./journals.js');
const { killUntilItEnds, serveLives } = require('./kills.js');

/** Requests in flight, and results that a kill may lose. */
const IN_FLIGHT = 10;
const LOST = 64;

/** The body at `/<index>`: now and then a large one. */
function bodyOf(index) {
  return Buffer.alloc(index % 10 === 0 ? 300_000 + index : 500 + index, `${index},`);
}

/** Answers with that, in two parts. */
function answer({ url }, response) {
  const body = bodyOf(Number(url.slice(1)));
  const half = body.length >> 1;
  response.writeHead(200, { 'content-length': body.length, etag: `"${body.length}"` });
  response.write(body.subarray(0, half), () => response.end(body.subarray(half)));
}

/** What holds after each life of a run with `journal`, whose items are called by their indexes. */
function checking({ journal }) {
  let known = new Set();
  let asked = 0;
  const check = (life) => {
    const indexes = life.asked.map((url) => Number(url.slice(1)));
    assert.deepEqual(
      indexes.filter((index) => known.has(index)),
      [],
      'asked for again',
    );
    assert.equal(new Set(indexes).size, indexes.length, 'asked for twice');
    asked += indexes.length;
    const before = known;
    known = finishedIn(journal);
    assert.deepEqual(
      [...before].filter((index) => !known.has(index)),
      [],
      'forgotten',
    );
    const lost = life.delivered.filter((index) => !known.has(index));
    assert.ok(lost.length <= LOST, `${lost.length} were lost`);
  };
  return { check, askedInAll: () => asked };
}

/** Every file with a final name in `dir` is whole. */
function checkFiles(dir) {
  if (!fs.existsSync(dir)) return;
  for (const name of fs.readdirSync(dir)) {
    if (!/^\d+$/.test(name)) continue;
    assert.equal(fs.statSync(path.join(dir, name)).size, bodyOf(Number(name)).length, name);
  }
}

for (const ifExists of ['error', 'resume']) {
  test(`a run with files, killed again and again with ifExists '${ifExists}', comes to its end`, async (t) => {
    const seed = Date.now();
    t.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    const { dir, journal } = makeFolder(t);
    const lives = await serveLives(t, answer);
    const count = ifExists === 'error' ? 300 : 80;
    const urls = Array.from({ length: count }, (_, i) => `${lives.url}/${i}`);
    const files = path.join(dir, 'files');
    const options = { journal, saveTo: { dir: files, ifExists }, retry: false };
    const { check, askedInAll } = checking(options);
    const { results, kills } = await killUntilItEnds(
      lives,
      { urls, options, log: path.join(dir, 'log') },
      {
        next: () => ({ answers: 1 + Math.floor(random() * 30), late: Math.floor(random() * 6) }),
        check: (life) => {
          checkFiles(files);
          check(life);
        },
      },
    );
    assert.ok(kills >= count / 80, `${kills} kills`);
    for (const [index, { ok, size, file, code }] of results.entries()) {
      assert.deepEqual([ok, code, file], [true, undefined, path.join(files, `${index}`)]);
      assert.equal(size, bodyOf(index).length);
      assert.ok(fs.readFileSync(file).equals(bodyOf(index)), file);
    }
    // Nothing is left but the files.
    assert.deepEqual(fs.readdirSync(files).sort(), urls.map((_url, index) => `${index}`).sort());
    assert.ok(askedInAll() <= count + kills * (IN_FLIGHT + LOST), `${askedInAll()} requests`);
    const again = await downloadAll(urls, options);
    assert.ok(again.every((result) => result.fromJournal));
  });
}

test('a run without files, killed again and again, loses little at each kill', async (t) => {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed);
  const { dir, journal } = makeFolder(t);
  const lives = await serveLives(t, (_request, response) => response.end());
  const urls = Array.from({ length: 1_200 }, (_, i) => `${lives.url}/${i}`);
  const options = { journal, retry: false };
  const { check, askedInAll } = checking(options);
  const { results, kills } = await killUntilItEnds(
    lives,
    { urls, options, log: path.join(dir, 'log') },
    {
      next: () => ({ answers: 70 + Math.floor(random() * 140), late: Math.floor(random() * 6) }),
      check,
    },
  );
  assert.ok(kills >= 4, `${kills} kills`);
  assert.ok(results.every(({ ok, status }) => ok && status === 200));
  assert.equal(results.length, 1_200);
  assert.ok(askedInAll() <= 1_200 + kills * (IN_FLIGHT + LOST), `${askedInAll()} requests`);
});
