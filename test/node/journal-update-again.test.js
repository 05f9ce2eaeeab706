// `ifExists: 'update'` beside other things: numbers, names from headers, and kills.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { WAYS, makeFolder, randomFrom } = require('./journals.js');
const { killUntilItEnds, serveLives } = require('./kills.js');
const { serveRequests } = require('./server.js');
const { serveVersions } = require('./versions.js');

test('without a journal there is nothing to update by', async (t) => {
  const { server, options } = await serveVersions(t);
  for (const fetchAll of Object.values(WAYS)) {
    const { journal, ...others } = options;
    await assert.rejects(async () => fetchAll([server.url], others), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  assert.equal(server.accepted, 0);
});

test('what was not downloaded counts for no bytes', async (t) => {
  const { server, options } = await serveVersions(t);
  await downloadAll([`${server.url}/a`], options);
  const { stats } = await downloadAll([`${server.url}/a`], options);
  const { ok, failed, statuses, wireBytes, bytes } = stats;
  assert.deepEqual({ ok, failed, statuses }, { ok: 1, failed: 0, statuses: { 304: 1 } });
  assert.deepEqual({ wireBytes, bytes }, { wireBytes: 0, bytes: 0 });
});

test('a 404 that the journal knows is finished, and is not asked for again', async (t) => {
  const { server, pages, options } = await serveVersions(t);
  pages.status = 404;
  await downloadAll([`${server.url}/a`], options);
  const [result] = await downloadAll([`${server.url}/a`], options);
  assert.deepEqual([result.status, result.fromJournal], [404, true]);
  assert.equal(server.requests.length, 1);
});

/** A server whose files are all called the same by their headers, with a tag for each. */
async function serveSameNames(t) {
  const { dir, journal } = makeFolder(t);
  const server = await serveRequests(t, ({ url, headers }, response) => {
    const etag = `"${url}"`;
    if (headers['if-none-match'] === etag) return response.writeHead(304).end();
    response.writeHead(200, { etag, 'content-disposition': 'attachment; filename="same.txt"' });
    response.end(url);
  });
  const saveTo = { dir: `${dir}/files`, name: 'content-disposition', ifExists: 'update' };
  const list = Array.from({ length: 5 }, (_, i) => `${server.url}/${i}`);
  return { server, list, options: { journal, saveTo, concurrency: 1 } };
}

/** Each result has a file of its own, with its body. */
function checkFiles(results) {
  const texts = results.map(({ file }) => fs.readFileSync(file, 'utf8'));
  assert.deepEqual(
    texts,
    results.map(({ requestUrl }) => new URL(requestUrl).pathname),
  );
}

test('names from headers stay what they are when a file is unchanged', async (t) => {
  const { server, list, options } = await serveSameNames(t);
  const first = await downloadAll(list, options);
  const again = await downloadAll(list, options);
  assert.deepEqual(
    again.map(({ status, file }) => [status, file]),
    first.map(({ file }) => [304, file]),
  );
  checkFiles(again);
  assert.equal(server.requests.length, 10);
});

test('what is new is not saved over a file that is unchanged', async (t) => {
  const { list, options } = await serveSameNames(t);
  await downloadAll(list.slice(0, 3), options);
  checkFiles(await downloadAll(list, options));
});

test('an update that is killed again and again leaves each file old or new, and whole', async (t) => {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed);
  const { dir, journal } = makeFolder(t);
  let version = 1;
  const bodyOf = (of, url) => `${of}${url},`.repeat(20_000);
  const lives = await serveLives(t, ({ url, headers }, response) => {
    const etag = `"${version}"`;
    if (headers['if-none-match'] === etag) return response.writeHead(304, { etag }).end();
    const body = bodyOf(version, url);
    response.writeHead(200, { etag }).write(body.slice(0, 50_000), () => {
      response.end(body.slice(50_000));
    });
  });
  const urls = Array.from({ length: 80 }, (_, i) => `${lives.url}/${i}`);
  const files = path.join(dir, 'files');
  const options = { journal, saveTo: { dir: files, ifExists: 'update' }, retry: false };
  const read = (index) => fs.readFileSync(path.join(files, `${index}`), 'utf8');
  // Its connections are gone with it, as those of the processes are.
  await downloadAll(urls, { ...options, keepAlive: 0 });
  version = 2;
  let begun = 0;
  const { results } = await killUntilItEnds(
    lives,
    { urls, options, log: path.join(dir, 'log') },
    {
      next: () => {
        begun += 1;
        // In the end one is let live.
        const answers = begun <= 8 ? 1 + Math.floor(random() * 70) : 1_000;
        return { answers, late: Math.floor(random() * 6) };
      },
      check: () => {
        for (const [index] of urls.entries()) {
          const text = read(index);
          assert.ok(
            [1, 2].some((of) => text === bodyOf(of, `/${index}`)),
            `file ${index}`,
          );
        }
      },
    },
  );
  for (const [index, { ok }] of results.entries()) {
    assert.ok(ok);
    assert.equal(read(index), bodyOf(2, `/${index}`));
  }
  const last = await downloadAll(urls, options);
  assert.ok(last.every(({ status }) => status === 304));
  assert.equal(fs.readdirSync(files).length, 80);
});
