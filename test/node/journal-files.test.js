// What a journal says of files is believed as far as the disk agrees, and a failure takes nothing back of what was known.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { outcomes } = require('./disk.js');
const { makeFolder } = require('./journals.js');
const { serve } = require('./server.js');

/** A server of small files, a journal, and a folder, in which the file of the first run is. */
async function prepare(t) {
  const { dir, journal } = makeFolder(t);
  let isBroken = false;
  const { url } = await serve(t, (request, response) => {
    if (isBroken) response.destroy();
    else response.end(`body of ${request.url}`);
  });
  const files = path.join(dir, 'files');
  const options = { journal, saveTo: files, retry: false };
  await downloadAll([`${url}/a`], options);
  const file = path.join(files, 'a');
  const broken = (value) => {
    isBroken = value;
  };
  return { dir, url, journal, options, file, broken };
}

/** Leaves of the journal that the file was about to get its name, and no more. */
function forgetEnd(journal) {
  const lines = fs.readFileSync(journal, 'utf8').split('\n');
  fs.writeFileSync(journal, lines.filter((line) => !line.includes('"finished"')).join('\n'));
}

test('after a kill and a failure, the own file is still the own one', async (t) => {
  const { url, journal, options, broken } = await prepare(t);
  forgetEnd(journal);
  broken(true);
  assert.deepEqual(outcomes(await downloadAll([`${url}/a`], options)), ['ECONNRESET']);
  broken(false);
  assert.deepEqual(outcomes(await downloadAll([`${url}/a`], options)), [200]);
});

test('a failed update leaves what is known of the file', async (t) => {
  const { url, options, broken, file } = await prepare(t);
  const update = { ...options, saveTo: { dir: options.saveTo, ifExists: 'update' } };
  broken(true);
  assert.deepEqual(outcomes(await downloadAll([`${url}/a`], update)), ['ECONNRESET']);
  const [result] = await downloadAll([`${url}/a`], options);
  assert.deepEqual([result.fromJournal, result.file], [true, file]);
});

test('a file of that name in another folder is not the one that the journal knows', async (t) => {
  const { dir, url, options } = await prepare(t);
  const other = path.join(dir, 'other');
  fs.mkdirSync(other);
  fs.writeFileSync(path.join(other, 'a'), "a stranger's");
  const again = await downloadAll([`${url}/a`], { ...options, saveTo: other });
  assert.deepEqual(outcomes(again), ['EEXIST']);
  assert.equal(fs.readFileSync(path.join(other, 'a'), 'utf8'), "a stranger's");
});

test('a file that has lost something is fetched again', async (t) => {
  const { url, options, file } = await prepare(t);
  fs.truncateSync(file, 3);
  const [result] = await downloadAll([`${url}/a`], options);
  assert.deepEqual([result.fromJournal, result.status], [undefined, 200]);
  assert.equal(fs.readFileSync(file, 'utf8'), 'body of /a');
});

test('a deadline that passes before the body of the call is there sends nothing of an async list', async (t) => {
  const { url } = await serve(t, () => assert.fail('nothing is sent'));
  const list = async function* () {
    yield url;
  };
  const never = Object.assign(new Blob(['x']), { arrayBuffer: () => new Promise(() => {}) });
  const options = { method: 'POST', body: never, deadline: 20 };
  const results = await downloadAll(list(), options);
  for (const { error } of results) assert.equal(error.phase, 'deadline');
});

test('a call that was refused keeps no client from being closed', async () => {
  const client = new Client({ concurrency: 1, method: 'POST' });
  const call = client.downloadAll([], { concurrency: 2, body: new Blob(['x']) });
  await assert.rejects(call, { code: 'ERR_OUT_OF_RANGE' });
  await client.close();
});

test('stats that are kept keep no results', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('x'));
  const { stats, held } = await (async () => {
    const results = await downloadAll([url]);
    return { stats: results.stats, held: new WeakRef(results) };
  })();
  for (let turn = 0; turn < 100 && held.deref() !== undefined; turn++) {
    await new Promise(setImmediate);
    global.gc();
  }
  assert.equal(held.deref(), undefined);
  assert.equal(Object.values(stats.hosts)[0].ok, 1);
});
