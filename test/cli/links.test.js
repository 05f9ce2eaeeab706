// Checking links: HEAD, and GET where HEAD is refused, in one run and with one result for each link.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { serveRequests } = require('../node/server.js');
const { fetchRecords, linesOf, makeFiles, runCommand, startCommand } = require('./command.js');

/** A server that answers HEAD of `/405` with 405, and all else of paths with a number by `getOf(number)`. */
async function serveLinks(t, getOf = () => 200) {
  const server = await serveRequests(t, ({ method, url }, response) => {
    const number = Number(url.slice(1, 4));
    const body = 'x'.repeat(1000);
    response.writeHead(method === 'HEAD' ? number : getOf(number)).end(body);
  });
  const asked = () => server.requests.map(({ method, url }) => `${method} ${url}`).sort();
  return { ...server, asked };
}

test('a link is asked for with HEAD, and one that refuses it with GET', async (t) => {
  const { url, asked } = await serveLinks(t);
  const refusals = [400, 403, 404, 405, 501];
  const urls = [200, ...refusals, 410].map((status) => `${url}/${status}`);
  const { code, records, stderr } = await fetchRecords(['--head', ...urls]);
  assert.equal(code, 1);
  assert.deepEqual(
    records.map(({ index, status, ok }) => [index, status, ok]),
    [200, 200, 200, 200, 200, 200, 410].map((status, i) => [i, status, status === 200]),
  );
  assert.deepEqual(
    asked(),
    [
      ...[200, ...refusals, 410].map((status) => `HEAD /${status}`),
      ...refusals.map((status) => `GET /${status}`),
    ].sort(),
  );
  assert.match(stderr, /^7 done, 6 ok, 1 failed/, 'each link counts once');
  assert.match(stderr, /^statuses {2}200: 6, 410: 1$/m);
});

test('a link that is dead by both is told once, as the second one says', async (t) => {
  const { url, asked } = await serveLinks(t, () => 404);
  const { code, stdout, stderr } = await runCommand(['--head', `${url}/405`]);
  assert.equal(code, 1);
  assert.match(stdout, /^404 .*\n$/);
  assert.match(stderr, /^1 done, 0 ok, 1 failed/);
  assert.deepEqual(asked(), ['GET /405', 'HEAD /405']);
});

test('an item with a method of its own is asked for with that, and once', async (t) => {
  const { url, asked } = await serveLinks(t, (status) => status);
  const input = JSON.stringify({ url: `${url}/405`, method: 'OPTIONS' });
  assert.equal((await runCommand(['--head', '-'], { input })).code, 1);
  assert.deepEqual(asked(), ['OPTIONS /405']);
});

test('the second time too the limits hold, and headers are there', async (t) => {
  let [inFlight, most] = [0, 0];
  const { url, requests } = await serveRequests(t, ({ method }, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    setImmediate(() => {
      inFlight -= 1;
      response.writeHead(method === 'HEAD' ? 405 : 200).end();
    });
  });
  const urls = Array.from({ length: 20 }, (_, i) => `${url}/${i}`);
  assert.equal((await runCommand(['--head', '-c', '2', '-H', 'x-a: 1', ...urls])).code, 0);
  assert.deepEqual([most, requests.length], [2, 40]);
  assert.ok(requests.every(({ headers }) => headers['x-a'] === '1'));
});

test('a link is asked for again at once, however long its list is in coming', async (t) => {
  const { url } = await serveLinks(t);
  const { child, ended } = startCommand(['--head', '-']);
  child.stdin.write(`${url}/405\n`);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.stdin.end(`${url}/200\n`);
  const { code, stdout } = await ended;
  assert.deepEqual([code, linesOf(stdout).length], [0, 2]);
});

test('thousands of links that all refuse HEAD come to an end', async (t) => {
  const { url } = await serveLinks(t);
  const list = Array.from({ length: 3_000 }, (_, i) => `${url}/405/${i}\n`).join('');
  const at = makeFiles(t, { 'links.txt': list });
  const { code, stdout } = await runCommand(['--head', '-q', '--per-host', '50', at('links.txt')]);
  assert.deepEqual([code, new Set(linesOf(stdout)).size], [0, 3_000]);
});
