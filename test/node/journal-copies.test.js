// Equal items that are sent once (`dedupe`), with a journal: each has its place in it.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { WAYS, linesOf } = require('./journals.js');
const { conditions, serveVersions } = require('./versions.js');

test('copies of what was sent once have a line each, and the next run sends nothing', async (t) => {
  for (const fetchAll of Object.values(WAYS)) {
    const { server, options, journal } = await serveVersions(t, { ifExists: 'error' });
    const list = ['/a', '/b', '/a', '/a', '/b'].map((path, index) => ({
      url: `${server.url}${path}`,
      tag: index,
    }));
    const first = await fetchAll(list, { ...options, dedupe: true });
    assert.equal(server.requests.length, 2);
    const ended = linesOf(journal).filter(
      ({ state }) => state === 'finished' || state === 'copied',
    );
    assert.deepEqual(ended.map(({ index }) => index).sort(), [0, 1, 2, 3, 4]);
    const again = await fetchAll(list, { ...options, dedupe: true });
    assert.equal(server.requests.length, 2);
    for (const [index, result] of again.entries()) {
      assert.deepEqual([result.fromJournal, result.tag, result.index], [true, index, index]);
      assert.deepEqual([result.file, result.size], [first[index].file, first[index].size]);
    }
    const other = list.with(3, `${server.url}/b`);
    const refused = fetchAll(other, { ...options, dedupe: true });
    await assert.rejects(refused, { code: 'ERR_JOURNAL_MISMATCH' });
    assert.equal(server.requests.length, 2);
  }
});

test('copies that were written down are not written down again', async (t) => {
  const { server, options, journal } = await serveVersions(t, { ifExists: 'error' });
  const list = ['/a', '/a', '/a'].map((path) => `${server.url}${path}`);
  await downloadAll(list, { ...options, dedupe: true });
  const lines = linesOf(journal);
  await downloadAll(list, { ...options, dedupe: true });
  assert.deepEqual(linesOf(journal), lines);
});

test('an update asks for copies once, and they have the file of the first', async (t) => {
  const { server, pages, options } = await serveVersions(t);
  const list = ['/a', '/a', '/b'].map((path, tag) => ({ url: `${server.url}${path}`, tag }));
  for (const [version, status] of [
    [1, 200],
    [1, 304],
    [2, 200],
    [2, 304],
  ]) {
    pages.version = version;
    const before = server.requests.length;
    const results = await downloadAll(list, { ...options, dedupe: true });
    assert.deepEqual(
      conditions(server, before).map(([url]) => url),
      ['/a', '/b'],
    );
    assert.deepEqual(
      results.map((result) => result.status),
      [status, status, status],
    );
    assert.deepEqual(
      results.map((result) => result.tag),
      [0, 1, 2],
    );
    assert.equal(results[0].file, results[1].file);
    assert.equal(fs.readFileSync(results[1].file, 'utf8'), `${version} /a`);
  }
});

test('a copy that came after its original was known has a line, too', async (t) => {
  const { server, options, journal } = await serveVersions(t);
  const list = ['/a', '/a'].map((path) => `${server.url}${path}`);
  await downloadAll(list.slice(0, 1), { ...options, dedupe: true });
  await downloadAll(list, { ...options, dedupe: true });
  assert.ok(linesOf(journal).some(({ index }) => index === 1));
});
