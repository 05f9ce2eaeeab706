// The examples, run as their headers say: what they print, what they leave on the disk, and what they ask servers for.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { startNode } = require('./child.js');
const { bytesOf, filesIn, folder, namesIn } = require('./disk.js');
const { finishedIn } = require('./journals.js');
const { startOrigin } = require('./origin.js');
const { closedPort, serve, serveRequests } = require('./server.js');
const { until } = require('./until.js');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

let origin;
let end;
before(async () => {
  const file = {
    after: (last) => {
      end = last;
    },
  };
  origin = await startOrigin(file);
});
after(() => end());

/** Starts the example `name` with `args`. */
function start(name, args, env) {
  return startNode([path.join(EXAMPLES, name), ...args], { env });
}

/** Runs it to its end. */
function run(name, args, env) {
  return start(name, args, env).ended;
}

/** A file with `urls`, a line each. */
function listOf(t, urls) {
  const file = path.join(folder(t), 'urls.txt');
  fs.writeFileSync(file, urls.map((url) => `${url}\n`).join(''));
  return file;
}

test('call-api prints all answers in order, and says what failed', async (t) => {
  const odd = { '/7': [404, 'no such person'], '/8': [200, '<html>'], '/9': [200, 'null'] };
  const { url, requests } = await serveRequests(t, (request, response) => {
    const [status, text] = odd[request.url] ?? [200, JSON.stringify({ id: request.url })];
    response.writeHead(status).end(text);
  });
  const args = [`${url}/{}`, '1', '30'];
  const { code, stdout, stderr } = await run('call-api.js', args, { TOKEN: 'secret' });
  const ids = Array.from({ length: 30 }, (_, i) => i + 1).filter((id) => id !== 7 && id !== 8);
  const answers = ids.map((id) => (id === 9 ? null : { id: `/${id}` }));
  assert.deepEqual(stdout.trim().split('\n').map(JSON.parse), answers);
  assert.match(stderr, /^7: status 404$/m);
  assert.match(stderr, /^8: .*the body is not JSON/m);
  assert.equal(code, 1);
  assert.equal(requests.length, 30);
  for (const { headers } of requests) {
    assert.deepEqual(
      [headers.authorization, headers.accept],
      ['Bearer secret', 'application/json'],
    );
  }
});

test('call-api goes without a token where there is none', async (t) => {
  const { url, requests } = await serveRequests(t, (_request, response) => response.end('1'));
  const outcome = await run('call-api.js', [`${url}/{}`, '5'], { TOKEN: undefined });
  assert.deepEqual(outcome, { code: 0, signal: null, stdout: '1\n', stderr: '' });
  assert.deepEqual(
    requests.map((request) => [request.url, request.headers.authorization]),
    [['/5', undefined]],
  );
});

/** The beginning of a body that is sent before the rest is held back: enough for some of it to be written to the disk. */
const BEGUN = 300_000;

/** A server of `bodies` by path, with tags and ranges; `asked` has the path and the range of each request. */
async function serveFiles(t, bodies, isHeld) {
  const asked = [];
  const server = await serve(t, ({ url, headers: { range } }, response) => {
    asked.push([url, range]);
    const body = bodies.get(url);
    const start = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)[1]);
    response.writeHead(range === undefined ? 200 : 206, {
      etag: `"${url}"`,
      'content-length': body.length - start,
      ...(range && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    });
    if (isHeld(url)) response.write(body.subarray(start, BEGUN));
    else response.end(body.subarray(start));
  });
  return Object.assign(server, { asked });
}

test('save-files, killed in the middle, fetches only what is missing when it is run again', async (t) => {
  const bodies = new Map(
    Array.from({ length: 40 }, (_, i) => [`/${i}.bin`, bytesOf(BEGUN + 1_000 * i, i)]),
  );
  let isSlow = true;
  const isHeld = (name) => isSlow && Number.parseInt(name.slice(1), 10) >= 20;
  const { url, asked, gone } = await serveFiles(t, bodies, isHeld);
  const dir = path.join(folder(t), 'files');
  const names = [...bodies.keys()];
  const urls = names.map((name) => url + name);
  const args = [listOf(t, urls), dir];

  const { child, ended } = start('save-files.js', args);
  const begun = () =>
    Object.entries(filesIn(dir)).filter(([name, text]) => name.endsWith('.part') && text !== '');
  // Twenty are done, and as many as go at once are in the middle.
  await until(() => finishedIn(`${dir}.ndjson`).size === 20 && begun().length === 10);
  child.kill('SIGKILL');
  await ended;
  await gone();
  isSlow = false;
  assert.equal(asked.splice(0).length, 30);

  const again = await run('save-files.js', args);
  const stdout = '40 files are there, 20 of them from before; 0 failed\n';
  assert.deepEqual(again, { code: 0, signal: null, stdout, stderr: '' });
  const missing = names.slice(20);
  assert.deepEqual(asked.map(([name]) => name).sort(), [...missing].sort());
  const continued = asked.filter(([, range]) => range !== undefined);
  assert.deepEqual(continued.map(([name]) => name).sort(), missing.slice(0, 10).sort());
  assert.deepEqual(namesIn(dir), names.map((name) => name.slice(1)).sort());
  for (const [name, body] of bodies) {
    assert.ok(fs.readFileSync(path.join(dir, name)).equals(body), name);
  }
});

test('save-files says what failed, and tries again what had no answer', async (t) => {
  let isBroken = true;
  const { url, requests } = await serveRequests(t, (request, response) => {
    if (isBroken && request.url === '/b') return response.destroy();
    response.writeHead(request.url === '/c' ? 403 : 200).end(request.url);
  });
  const dir = path.join(folder(t), 'files');
  const list = listOf(t, [`${url}/a`, `${url}/b`, `${url}/c`]);
  const first = await run('save-files.js', [list, dir]);
  assert.match(first.stderr, /^http.*\/b: .+\nhttp.*\/c: status 403\n$/);
  assert.match(first.stdout, /^1 files are there, 0 of them from before; 2 failed\n$/);
  assert.equal(first.code, 1);
  assert.deepEqual(filesIn(dir), { a: '/a' });

  isBroken = false;
  requests.length = 0;
  const second = await run('save-files.js', [list, dir]);
  assert.match(second.stdout, /^2 files are there, 1 of them from before; 1 failed\n$/);
  assert.deepEqual(filesIn(dir), { a: '/a', b: '/b' });
  assert.deepEqual(
    requests.map((request) => request.url),
    ['/b'],
  );
});

test('check-links finds the dead links, and no others', async (t) => {
  const port = await closedPort(t);
  const host = origin.hosts.a.https;
  const dead = {
    [`${host}/status/404`]: '404',
    [`${host}/status/410`]: '410',
    [`http://127.0.0.1:${port}/`]: 'ECONNREFUSED',
    'http://nowhere.invalid/': 'E(NOTFOUND|AI_AGAIN)',
    'gopher://localhost/': 'ERR_UNSUPPORTED_PROTOCOL',
  };
  const alive = Array.from({ length: 30 }, (_, i) => `${host}/page/${i}`);
  const list = listOf(t, [...Object.keys(dead), ...alive]);
  const ca = path.join(folder(t), 'ca.pem');
  fs.writeFileSync(ca, origin.ca);
  const { code, stdout, stderr } = await run('check-links.js', [list], {
    NODE_EXTRA_CA_CERTS: ca,
  });
  const found = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t').reverse()),
  );
  assert.deepEqual(Object.keys(found).sort(), Object.keys(dead).sort());
  for (const [url, fault] of Object.entries(dead))
    assert.match(found[url], new RegExp(`^${fault}`));
  assert.match(stderr, /^35 links in [\d.]+ s, 5 of them dead\n$/);
  assert.equal(code, 1);
});

test('check-links is content with links that live', async (t) => {
  const list = listOf(t, [`${origin.hosts.a.http}/page/1`]);
  const { code, stdout } = await run('check-links.js', [list]);
  assert.deepEqual([code, stdout], [0, '']);
});

test('stream-urls writes a line of JSON for each page', async (t) => {
  const { child, ended } = start('stream-urls.js', []);
  const host = origin.hosts.a.http;
  const port = await closedPort(t);
  const urls = [
    `${host}/page/1`,
    `${host}/page/2`,
    `${host}/status/404`,
    `http://127.0.0.1:${port}/`,
  ];
  child.stdin.end(urls.join('\n'));
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, '']);
  const pages = stdout.trim().split('\n').map(JSON.parse);
  const byUrl = Object.fromEntries(pages.map(({ url, size: _size, ...rest }) => [url, rest]));
  assert.deepEqual(byUrl, {
    [urls[0]]: { status: 200, title: 'a 1' },
    [urls[1]]: { status: 200, title: 'a 2' },
    [urls[2]]: { status: 404 },
    [urls[3]]: { status: 0, error: 'ECONNREFUSED' },
  });
});

/** As long as a URL is, so that what pipes and streams hold is few of them. */
const PADDING = 'x'.repeat(2_000);
/** `concurrency` + 1,000 items, as many lines of `readline`, and what fits into the buffers of streams and of a pipe. */
const AHEAD = 1_200 + 1_024 + 200;

test('stream-urls reads ahead no further than it helps', async (t) => {
  const count = 6_000;
  const { child, ended } = start('stream-urls.js', []);
  let [taken, answered, most] = [0, 0, 0];
  const { url } = await serve(t, async (_request, response) => {
    // Nothing is answered until what the example waits for was taken.
    await until(() => taken >= Math.min(answered + 1_000, count));
    answered += 1;
    most = Math.max(most, taken - answered);
    response.end('a page');
  });
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => child.stdin.write(`${url}/${i}?${PADDING}\n`, resolve));
    taken += 1;
  }
  child.stdin.end();
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout.trim().split('\n').length, count);
  assert.ok(most <= AHEAD, `${most} lines ahead`);
});

test('stream-urls ends when nobody reads on', async (t) => {
  const { url, requests } = await serveRequests(t);
  const { child, ended } = start('stream-urls.js', []);
  child.stdout.once('data', () => child.stdout.destroy());
  child.stdin.write(Array.from({ length: 5_000 }, (_, i) => `${url}/${i}\n`).join(''));
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(requests.length < 5_000, `${requests.length} requests`);
});

test('compare-ways fetches the list in each way', async (t) => {
  const host = origin.hosts.a.http;
  await fetch(`${origin.control}/reset`, { method: 'POST' });
  const urls = Array.from({ length: 20 }, (_, i) => `${host}/page/${i}`);
  const list = listOf(t, [...urls, `http://127.0.0.1:${await closedPort(t)}/`]);
  const { code, stdout, stderr } = await run('compare-ways.js', [list]);
  assert.deepEqual([code, stderr], [0, '']);
  const ways = ['fetch, one after another', 'fetch, ten at a time', 'downloadAll'];
  const lines = ways.map((way) => `${way}: [\\d.]+ s for 20 of 21\n`);
  assert.match(stdout, new RegExp(`^${lines.join('')}$`));
  const counters = await (await fetch(`${origin.control}/counters`)).json();
  assert.equal(counters.total.requests['1.1'], 60);
});

test('every example is in the table of the examples', () => {
  const table = fs.readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8');
  const named = [...table.matchAll(/^\| \[`([\w-]+\.js)`\]/gm)].map(([, name]) => name);
  assert.deepEqual(
    named.sort(),
    namesIn(EXAMPLES).filter((name) => name.endsWith('.js')),
  );
});
