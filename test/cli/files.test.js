// Bodies in files, and going on where an earlier run was.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { serve, serveRequests } = require('../node/server.js');
const { until } = require('../node/until.js');
const { fetchRecords, linesOf, makeFiles, runCommand, startCommand } = require('./command.js');

const JOURNAL = '.manyfetch.ndjson';

/** A server that answers `/N` with N, but what is in `failing` with 503, and keeps the paths that it was asked for. */
async function serveNumbers(t, failing = new Set()) {
  const server = await serveRequests(t, ({ url }, response) => {
    if (failing.has(url)) response.writeHead(503).end('no');
    else response.end(url.slice(1));
  });
  const paths = () => server.requests.splice(0).map(({ url }) => url);
  const list = (...numbers) => numbers.map((n) => `${server.url}/${n}\n`).join('');
  return { ...server, failing, paths, list };
}

test('-o saves what is there under the names of URLs, and leaves nothing else behind', async (t) => {
  const { list } = await serveNumbers(t);
  const at = makeFiles(t, { 'urls.txt': list(1, 2) });
  for (const [flag, dir] of [
    ['-o', 'a'],
    ['--output', 'b/c'],
  ]) {
    const { code, records } = await fetchRecords([flag, at(dir), at('urls.txt')]);
    assert.deepEqual([code, fs.readdirSync(at(dir)).sort()], [0, ['1', '2']]);
    assert.equal(records[1].file, path.join(at(dir), '2'));
    assert.equal(fs.readFileSync(records[1].file, 'utf8'), '2');
  }
});

test('an item says how its file is called, inside the folder, but not as the journal', async (t) => {
  const { url } = await serveNumbers(t);
  const at = makeFiles(t);
  const names = ['x/y.txt', '../out', JOURNAL, './.MANYFETCH.ndjson'];
  const input = names.map((file) => JSON.stringify({ url: `${url}/1`, file })).join('\n');
  const { code, records } = await fetchRecords(['-o', at('a'), '-'], { input });
  assert.equal(code, 1);
  assert.deepEqual(
    records.map(({ ok, error }) => ok || error.code),
    [true, ...new Array(3).fill('ERR_INVALID_ARG_VALUE')],
  );
  assert.ok(fs.existsSync(at('a/x/y.txt')) && !fs.existsSync(at('out')));
});

test('a file that is there is an error, stays, or is replaced, as --if-exists says', async (t) => {
  const { list, paths } = await serveNumbers(t);
  const at = makeFiles(t, { 1: 'old', 'urls.txt': list(1) });
  const fetchWith = (...args) => fetchRecords(['-o', at('.'), ...args, at('urls.txt')]);
  for (const args of [[], ['--if-exists', 'error']]) {
    const { code, records } = await fetchWith(...args);
    assert.deepEqual([code, records[0].error.code], [1, 'EEXIST']);
    fs.rmSync(at(JOURNAL));
  }
  paths();
  const skipped = await fetchWith('--if-exists', 'skip');
  assert.deepEqual([skipped.code, skipped.records[0].status, paths()], [0, 0, []]);
  assert.equal(fs.readFileSync(at('1'), 'utf8'), 'old');
  assert.equal((await fetchWith('--if-exists', 'replace')).code, 0);
  assert.equal(fs.readFileSync(at('1'), 'utf8'), '1');
});

test('-C tries again what failed, and nothing else, until all is done', async (t) => {
  const { list, failing, paths } = await serveNumbers(t, new Set(['/2']));
  const at = makeFiles(t, { 'urls.txt': list(1, 2, 3) });
  const args = ['--retry', '0', '-o', at('out'), at('urls.txt')];
  const first = await runCommand(args);
  assert.equal(first.code, 1);
  assert.deepEqual(paths().sort(), ['/1', '/2', '/3']);
  assert.ok(fs.existsSync(at(`out/${JOURNAL}`)), 'the journal stays');
  const second = await fetchRecords([...args, '--continue']);
  assert.deepEqual([second.code, paths()], [1, ['/2']]);
  assert.deepEqual(
    second.records.map(({ fromJournal }) => fromJournal),
    [true, undefined, true],
  );
  failing.clear();
  const third = await runCommand([...args, '-C']);
  assert.deepEqual([third.code, paths()], [0, ['/2']]);
  assert.match(third.stderr, /^before {4}2 were done by an earlier run$/m);
  assert.deepEqual(fs.readdirSync(at('out')).sort(), ['1', '2', '3'], 'the journal is gone');
  const fourth = await runCommand([...args, '-C']);
  assert.deepEqual([fourth.code, paths()], [0, []], 'what is there is done');
  assert.match(fourth.stdout, /^--- .*out\/1$/m);
});

test('-C takes a list that has grown, and refuses another one', async (t) => {
  const { list, paths } = await serveNumbers(t, new Set(['/2']));
  const at = makeFiles(t);
  const args = ['--retry', '0', '-C', '-o', at('out'), '-'];
  assert.equal((await runCommand(args, { input: list(1, 2) })).code, 1);
  paths();
  assert.equal((await runCommand(args, { input: list(1, 2, 3) })).code, 1);
  assert.deepEqual(paths().sort(), ['/2', '/3']);
  const { code, stdout, stderr } = await runCommand(args, { input: list(3, 2, 1) });
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(
    stderr,
    /the journal is of another list.* -C goes on with the list, and the flags, that/,
  );
});

test('without -C an unfinished run is neither continued nor forgotten by mistake', async (t) => {
  const { list, paths, failing } = await serveNumbers(t, new Set(['/2']));
  const at = makeFiles(t, { 'urls.txt': list(1, 2) });
  const args = ['--retry', '0', '-o', at('out'), at('urls.txt')];
  await runCommand(args);
  paths();
  const { code, stderr } = await runCommand(args);
  assert.deepEqual([code, paths()], [2, []]);
  assert.match(
    stderr,
    /out' has not done everything: -C continues it, --if-exists replace begins anew/,
  );
  failing.clear();
  assert.equal((await runCommand([...args, '--if-exists', 'replace'])).code, 0);
  assert.deepEqual(paths().sort(), ['/1', '/2']);
  assert.equal(fs.existsSync(at(`out/${JOURNAL}`)), false);
});

test('a folder that another run is writing to is left alone', async (t) => {
  const { url, server } = await serve(t, () => {});
  const at = makeFiles(t);
  const asked = once(server, 'request');
  const { child, ended } = startCommand(['-o', at('out'), url]);
  await asked;
  await until(() => fs.existsSync(at(`out/${JOURNAL}`)));
  for (const args of [['-C'], ['--if-exists', 'replace']]) {
    const { code, stderr } = await runCommand(['-o', at('out'), ...args, url]);
    assert.equal(code, 2);
    assert.match(stderr, /the journal .* is in use by another run/);
  }
  assert.ok(fs.existsSync(at(`out/${JOURNAL}`)));
  child.kill('SIGKILL');
  await ended;
});

test('what was killed goes on with -C, and its files are whole', async (t) => {
  let answered = 0;
  const { url, server } = await serve(t, (request, response) => {
    answered += 1;
    if (answered <= 50) response.end(request.url);
    else server.emit('enough');
  });
  const list = Array.from({ length: 80 }, (_, i) => `${url}/${i}\n`).join('');
  const at = makeFiles(t, { 'urls.txt': list });
  const enough = once(server, 'enough');
  const args = ['-o', at('out'), '-C', '-q', at('urls.txt')];
  const { child, ended } = startCommand(args);
  await enough;
  child.kill('SIGKILL');
  await ended;
  const there = fs.readdirSync(at('out')).filter((name) => /^\d+$/.test(name));
  answered = -80;
  const { code, stdout } = await runCommand(args);
  assert.deepEqual([code, linesOf(stdout).length], [0, 80]);
  assert.ok(answered + 80 <= 80 - there.length, 'what is there is not fetched again');
  for (let i = 0; i < 80; i++) assert.equal(fs.readFileSync(at(`out/${i}`), 'utf8'), `/${i}`);
});
