// Several downloads of one name at once, in one process and in two: one file wins, whole, and no two are mixed.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { runInChild } = require('./child.js');
const { bytesOf, folder, namesIn, outcomes } = require('./disk.js');
const { serve } = require('./server.js');
const { until } = require('./until.js');

const SIZE = 600_000;

/** A server of bodies that are told apart by the query. Of each, half comes before any is whole, once `count` are asked for. */
async function serveTogether(t, count) {
  const begun = [];
  const server = await serve(t, (request, response) => {
    const body = bytesOf(SIZE, Number(request.url.split('?')[1]));
    response.writeHead(200, { 'content-length': SIZE, etag: `"${request.url}"` });
    response.write(body.subarray(0, SIZE / 2));
    begun.push(() => response.end(body.subarray(SIZE / 2)));
    if (begun.length >= count) for (const end of begun.splice(0)) end();
  });
  return server;
}

/** Whether the file in `dir` is one of the first `count` bodies, and all that is there. */
function assertOneOf(dir, count) {
  assert.deepEqual(namesIn(dir), ['a']);
  const text = fs.readFileSync(path.join(dir, 'a'));
  const isOne = Array.from({ length: count }, (_, i) => bytesOf(SIZE, i).equals(text));
  assert.ok(isOne.includes(true), 'the file is none of the bodies');
  return isOne.indexOf(true);
}

for (const ifExists of ['error', 'replace', 'skip', 'resume']) {
  test(`two calls that save one name at once with '${ifExists}' leave one whole file`, async (t) => {
    // With 'resume' the second waits before it asks.
    const { url } = await serveTogether(t, ifExists === 'resume' ? 1 : 2);
    const dir = folder(t);
    const call = (i) => downloadAll([`${url}/a?${i}`], { saveTo: { dir, ifExists } });
    const results = (await Promise.all([call(0), call(1)])).flat();
    const winner = assertOneOf(dir, 2);
    assert.equal(results[winner].error, undefined);
    for (const outcome of outcomes(results)) {
      assert.ok([0, 200, 'EBUSY', 'EEXIST'].includes(outcome), `${outcome}`);
    }
    const isReplaced = ifExists === 'replace';
    const won = results.filter(({ ok }) => ok).length;
    assert.ok(won === 1 || isReplaced, `${won} were saved`);
  });
}

test('a name that another download never lets go of is busy', async (t) => {
  const waiting = [];
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/a?1') return response.end('1');
    response.writeHead(200, { 'content-length': SIZE }).write(bytesOf(SIZE / 2));
    waiting.push(response);
  });
  const dir = folder(t);
  const controller = new AbortController();
  const first = downloadAll([`${url}/a?0`], { saveTo: dir, signal: controller.signal });
  await until(() => namesIn(dir).includes('.a.part'));
  const [second] = await downloadAll([`${url}/a?1`], { saveTo: dir, retry: false });
  assert.equal(second.error.code, 'EBUSY');
  assert.deepEqual(namesIn(dir), ['.a.part']);
  // It is still whole for the one that has it.
  waiting[0].end(bytesOf(SIZE / 2, 1));
  const [{ file }] = await first;
  const whole = Buffer.concat([bytesOf(SIZE / 2), bytesOf(SIZE / 2, 1)]);
  assert.ok(fs.readFileSync(file).equals(whole));
  controller.abort();
});

test('many calls with one list leave each file once and whole', async (t) => {
  const { url } = await serve(t, (request, response) => {
    const [, name, call] = /(\d+)\?(\d+)/.exec(request.url);
    response.end(bytesOf(30_000, Number(name) * 10 + Number(call)));
  });
  const dir = folder(t);
  const list = (call) => Array.from({ length: 25 }, (_, i) => `${url}/${i}?${call}`);
  const calls = Array.from({ length: 6 }, (_, call) =>
    downloadAll(list(call), { saveTo: { dir, ifExists: 'replace' } }),
  );
  const results = (await Promise.all(calls)).flat();
  for (const outcome of outcomes(results))
    assert.ok([200, 'EBUSY'].includes(outcome), `${outcome}`);
  assert.equal(namesIn(dir).length, 25);
  for (let name = 0; name < 25; name++) {
    const text = fs.readFileSync(path.join(dir, `${name}`));
    const bodies = Array.from({ length: 6 }, (_, call) => bytesOf(30_000, name * 10 + call));
    assert.ok(
      bodies.some((body) => body.equals(text)),
      `${name} is mixed`,
    );
  }
});

for (const ifExists of ['error', 'replace', 'resume']) {
  test(`two processes that save one list at once with '${ifExists}' mix nothing`, async (t) => {
    const { url } = await serve(t, (request, response) => {
      const seed = Number(request.url.split('?')[1]);
      response.writeHead(200, { 'content-length': 150_000, etag: `"${request.url}"` });
      response.end(bytesOf(150_000, seed));
    });
    const dir = folder(t);
    const main = async ({ url, dir, ifExists, call }) => {
      const { downloadAll } = require('manyfetch');
      const list = Array.from({ length: 30 }, (_, i) => `${url}/${i}?${2 * i + call}`);
      const results = await downloadAll(list, { saveTo: { dir, ifExists } });
      console.log(JSON.stringify(results.map(({ error, status }) => error?.code ?? status)));
    };
    const children = [0, 1].map((call) => runInChild(main, { url, dir, ifExists, call }));
    const [first, second] = (await Promise.all(children)).map(({ stdout }) => JSON.parse(stdout));
    assert.equal(namesIn(dir).length, 30);
    for (let i = 0; i < 30; i++) {
      const text = fs.readFileSync(path.join(dir, `${i}`));
      const isFirst = bytesOf(150_000, 2 * i).equals(text);
      assert.ok(isFirst || bytesOf(150_000, 2 * i + 1).equals(text), `${i} is mixed`);
      assert.equal([first, second][isFirst ? 0 : 1][i], 200);
      for (const outcome of [first[i], second[i]]) {
        assert.ok([0, 200, 'EBUSY', 'EEXIST'].includes(outcome), `${outcome}`);
      }
    }
  });
}
