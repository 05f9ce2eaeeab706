// Which list a journal goes on with: its own, and that with more at its end. Any other is refused.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { WAYS, inOrder, makeFolder } = require('./journals.js');
const { serveRequests } = require('./server.js');

const MISMATCH = { code: 'ERR_JOURNAL_MISMATCH' };

/** Ways in which a list is another one than [/0, /1, /2, POST /3 'abc', /4]. */
const DIFFERENCES = {
  'another URL': (list) => list.with(2, `${list[2]}?`),
  'another host': (list) => list.with(0, list[0].replace('127.0.0.1', 'localhost')),
  'another method': (list) => list.with(3, { ...list[3], method: 'PUT' }),
  'another method of a GET': (list) => list.with(4, { url: list[4], method: 'HEAD' }),
  'another body': (list) => list.with(3, { ...list[3], body: 'abd' }),
  'an empty body': (list) => list.with(3, { ...list[3], body: '' }),
  'no body': (list) => list.with(3, { url: list[3].url, method: 'POST' }),
  'another order': (list) => list.with(1, list[2]).with(2, list[1]),
  'the order turned round': (list) => list.toReversed(),
  'one less at the end': (list) => list.slice(0, -1),
  'one less at the beginning': (list) => list.slice(1),
  'one more at the beginning': (list) => [list[0], ...list],
  'one more in the middle': (list) => list.toSpliced(2, 0, list[2]),
};

/** The list that they are different from. */
function fiveOf(url) {
  const list = ['/0', '/1', '/2', '/3', '/4'].map((path) => `${url}${path}`);
  return list.with(3, { url: list[3], method: 'POST', body: 'abc' });
}

for (const [name, fetchAll] of Object.entries(WAYS)) {
  test(`${name} refuses a journal of another list, and leaves it as it was`, async (t) => {
    const { journal } = makeFolder(t);
    const server = await serveRequests(t);
    const list = fiveOf(server.url);
    await fetchAll(list, { journal });
    const bytes = fs.readFileSync(journal);
    for (const [difference, change] of Object.entries(DIFFERENCES)) {
      await assert.rejects(fetchAll(change(list), { journal }), MISMATCH, difference);
      assert.deepEqual(fs.readFileSync(journal), bytes, difference);
    }
    const again = await fetchAll(list, { journal });
    assert.ok(again.every((result) => result.fromJournal));
    assert.equal(server.requests.length, 5);
  });

  test(`a list that grew at its end goes on in ${name}`, async (t) => {
    const { journal } = makeFolder(t);
    const server = await serveRequests(t, ({ url }, response) => response.end(url));
    const list = Array.from({ length: 700 }, (_, i) => `${server.url}/${i}`);
    let known = 0;
    for (const length of [1, 2, 65, 300, 700, 700]) {
      const sent = server.requests.length;
      const results = await fetchAll(list.slice(0, length), { journal });
      assert.equal(server.requests.length - sent, length - known);
      for (const [index, result] of results.entries()) {
        assert.deepEqual([result.requestUrl, result.status], [list[index], 200]);
        assert.equal(result.fromJournal, index < known ? true : undefined);
      }
      known = length;
    }
  });
}

test('what is no part of an item may change: headers, tags, options, credentials', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  await downloadAll([`${server.url}/a`], { journal, headers: { 'x-a': '1' } });
  const item = {
    url: `${server.url.replace('://', '://user:password@')}/./b/../a#fragment`,
    headers: { 'x-b': '2' },
    tag: 'new',
    auth: { bearer: 'token' },
    timeout: 1_000,
    responseType: 'none',
  };
  const [result] = await downloadAll([item], { journal, retry: 5 });
  assert.deepEqual([result.fromJournal, result.tag], [true, 'new']);
  assert.equal(server.requests.length, 1);
});

test('a difference far down a long list is found, and what was known is still known', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  const list = Array.from({ length: 1_500 }, (_, i) => `${server.url}/${i}`);
  await downloadAll(list, { journal });
  const bytes = fs.readFileSync(journal);
  const other = list.with(1_400, `${server.url}/other`);
  await assert.rejects(downloadAll(other, { journal }), MISMATCH);
  await assert.rejects(inOrder(downloadEach(other, { journal })), MISMATCH);
  assert.deepEqual(fs.readFileSync(journal), bytes);
  assert.equal(server.requests.length, 1_500);
});

test('a list that differs where it is unfinished leaves what was known as it was', async (t) => {
  const { journal } = makeFolder(t);
  let status = 500;
  const server = await serveRequests(t, ({ url }, response) => {
    if (url === '/0') response.statusCode = status;
    response.end();
  });
  const list = ['/0', '/1', '/2', '/3'].map((path) => `${server.url}${path}`);
  const options = { journal, retry: false };
  await downloadAll(list, options);
  status = 200;
  const bytes = fs.readFileSync(journal);
  // It is known before anything is sent.
  for (const other of [list.with(3, `${server.url}/other`), list.with(0, `${server.url}/other`)]) {
    await assert.rejects(downloadAll(other, options), MISMATCH);
    assert.deepEqual(fs.readFileSync(journal), bytes);
    assert.equal(server.requests.length, 4);
  }
  const results = await downloadAll(list, options);
  assert.deepEqual(
    results.map((result) => [result.status, result.fromJournal]),
    [
      [200, undefined],
      [200, true],
      [200, true],
      [200, true],
    ],
  );
});

test('an empty list is another one, too', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  await downloadAll([server.url], { journal });
  const bytes = fs.readFileSync(journal);
  await assert.rejects(inOrder(downloadEach([], { journal })), MISMATCH);
  await assert.rejects(downloadAll([], { journal }), MISMATCH);
  assert.deepEqual(fs.readFileSync(journal), bytes);
});

test('a list that is too short is refused at its end, and its own goes on', async (t) => {
  const { journal } = makeFolder(t);
  let status = 500;
  const server = await serveRequests(t, (_request, response) => response.writeHead(status).end());
  const list = ['/0', '/1', '/2'].map((path) => `${server.url}${path}`);
  const options = { journal, retry: false };
  await downloadAll(list, options);
  await assert.rejects(downloadAll(list.slice(0, 2), options), MISMATCH);
  await assert.rejects(inOrder(downloadEach(list.slice(0, 1), options)), MISMATCH);
  status = 200;
  const results = await downloadAll(list, options);
  assert.deepEqual(
    results.map((result) => result.status),
    [200, 200, 200],
  );
  assert.ok((await downloadAll(list, options)).every((result) => result.fromJournal));
});

test('the loop over another list ends with the mismatch, and then is over', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  const client = new Client();
  await client.downloadAll([`${server.url}/a`, `${server.url}/b`], { journal });
  for (const one of [client, { downloadEach }]) {
    const run = one.downloadEach([`${server.url}/a`, `${server.url}/c`], { journal });
    await assert.rejects(async () => {
      for (;;) assert.equal((await run.next()).done, false);
    }, MISMATCH);
    assert.deepEqual(await run.next(), { value: undefined, done: true });
  }
});

test('bodies are part of an item, whatever form they were given in', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  const list = (bodies) => bodies.map((body) => ({ url: server.url, method: 'POST', ...body }));
  const bytes = Buffer.from('{"a":1}');
  await downloadAll(list([{ json: { a: 1 } }, { body: bytes }]), { journal });
  const same = list([{ body: new Blob([bytes]) }, { json: { a: 1 } }]);
  const results = await downloadAll(same, { journal });
  assert.ok(results.every((result) => result.fromJournal));
  const options = { journal, method: 'POST', body: '{"a":1}' };
  const third = await downloadAll([server.url, server.url], options);
  assert.ok(third.every((result) => result.fromJournal));
  assert.equal(server.requests.length, 2);
});
