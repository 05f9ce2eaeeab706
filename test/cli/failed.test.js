// The file of --failed: what is not done, as a list for the next time.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { once } = require('node:events');
const { test } = require('node:test');
const { closedPort, serve, serveRequests } = require('../node/server.js');
const { until } = require('../node/until.js');
const { linesOf, makeFiles, runCommand, startCommand } = require('./command.js');

const onPosix = { skip: process.platform === 'win32' && 'there are no signals' };

test('what failed is written as it was in the list, and is a list again', async (t) => {
  let status = 500;
  const { url, requests } = await serveRequests(t, ({ url }, response) => {
    response.writeHead(url === '/good' ? 200 : status).end();
  });
  const refused = `http://127.0.0.1:${await closedPort(t)}/`;
  const item = { url: `${url}/a`, method: 'PUT', headers: { 'x-a': '1' }, json: { b: 2 }, tag: 7 };
  const authority = url.replace('http://', 'http://me:secret@');
  const input = `${url}/good\n${JSON.stringify(item)}\n${authority}/b\n${refused}\n{broken\n`;
  const at = makeFiles(t);
  const first = await runCommand(['--retry', '0', '--failed', at('f1'), '-'], { input });
  assert.equal(first.code, 1);
  assert.match(first.stderr, /^written {3}4 in .*f1, to be given as a list again$/m);
  const lines = linesOf(fs.readFileSync(at('f1'), 'utf8')).sort();
  const expected = [
    JSON.stringify(item),
    `{"url":"${authority}/b"}`,
    `{"url":"${refused}"}`,
    '{broken',
  ];
  assert.deepEqual(lines, [...expected].sort());
  status = 200;
  requests.length = 0;
  const second = await runCommand(['--retry', '0', '--failed', at('f2'), at('f1')]);
  assert.equal(second.code, 1);
  const [put, get] = requests.sort((left, right) => (left.url < right.url ? -1 : 1));
  assert.deepEqual([put.method, put.headers['x-a'], String(put.body)], ['PUT', '1', '{"b":2}']);
  assert.match(get.headers.authorization, /^Basic /, 'credentials come along');
  assert.deepEqual(
    linesOf(fs.readFileSync(at('f2'), 'utf8')).sort(),
    [expected[2], '{broken'].sort(),
  );
});

test('nobody else can read it, and it is empty where nothing failed', async (t) => {
  const { url } = await serve(t);
  const at = makeFiles(t);
  assert.equal((await runCommand(['--failed', at('f'), url])).code, 0);
  const { size, mode } = fs.statSync(at('f'));
  assert.equal(size, 0);
  if (process.platform !== 'win32') assert.equal(mode & 0o777, 0o600);
});

test('it is written while the run goes on', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url !== '/never') response.writeHead(404).end();
  });
  const at = makeFiles(t);
  const { child, ended } = startCommand(['--failed', at('f'), `${url}/a`, `${url}/never`]);
  await until(
    () => fs.existsSync(at('f')) && fs.readFileSync(at('f'), 'utf8') === `{"url":"${url}/a"}\n`,
  );
  child.kill('SIGKILL');
  await ended;
});

test('CSV fails as lines do', async (t) => {
  const { url } = await serve(t, (_request, response) => response.writeHead(404).end());
  const at = makeFiles(t, { 'a.csv': `n,url\n1,${url}/a\n` });
  await runCommand(['--failed', at('f'), at('a.csv')]);
  assert.equal(fs.readFileSync(at('f'), 'utf8'), `{"url":"${url}/a"}\n`);
});

/** A server that answers nothing before `release()`, and tells when it has `count` requests. */
async function serveHeld(t, count) {
  const held = [];
  const asked = [];
  const { url, server } = await serve(t, (request, response) => {
    asked.push(request.url);
    held.push(response);
    if (asked.length === count) server.emit('full');
  });
  const full = once(server, 'full');
  const release = () => {
    for (const response of held.splice(0)) response.end();
  };
  return { url, asked, full, release };
}

test('after an interrupt it has all the rest of a list that is a file', onPosix, async (t) => {
  const { url, asked, full, release } = await serveHeld(t, 3);
  const all = Array.from({ length: 5_000 }, (_, i) => `${url}/${i}`);
  const at = makeFiles(t, { 'urls.txt': all.join('\n') });
  const args = ['-c', '3', '--failed', at('f'), at('urls.txt')];
  const { child, ended } = startCommand(args);
  await full;
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  release();
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 130);
  assert.equal(linesOf(stdout).length, 3, 'what was in flight is finished');
  assert.match(stderr, /stopping after the 3 in flight/);
  const left = linesOf(fs.readFileSync(at('f'), 'utf8')).map((line) => JSON.parse(line).url);
  assert.deepEqual(
    left,
    all.filter((one) => !asked.includes(one.replace(url, ''))),
  );
  assert.match(stderr, /^not done {2}4,997$/m);
});

test('after an interrupt of a pipe it has what was read of it', onPosix, async (t) => {
  const { url, full, release } = await serveHeld(t, 1);
  const at = makeFiles(t);
  const { child, ended } = startCommand(['-c', '1', '--failed', at('f'), '-']);
  child.stdin.write(`${url}/1\n${url}/2\n${url}/3\n`);
  await full;
  child.kill('SIGTERM');
  await once(child.stderr, 'data');
  release();
  const { code } = await ended;
  assert.equal(code, 143);
  const left = linesOf(fs.readFileSync(at('f'), 'utf8')).map((line) => JSON.parse(line).url);
  assert.deepEqual(left, [`${url}/2`, `${url}/3`]);
});

test('a link that would have been asked for again is not done', onPosix, async (t) => {
  const { url, server } = await serve(t, (_request, response) => server.emit('held', response));
  const held = once(server, 'held');
  const at = makeFiles(t);
  const { child, ended } = startCommand(['--head', '--failed', at('f'), `${url}/405`]);
  const [response] = await held;
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  response.writeHead(405).end();
  const { code, stdout } = await ended;
  assert.deepEqual([code, stdout], [130, '']);
  assert.equal(fs.readFileSync(at('f'), 'utf8'), `{"url":"${url}/405"}\n`);
});
