// The journal: every finished item has a line, and the same run again does only what is missing.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { gzipSync } = require('node:zlib');
const { downloadAll } = require('../../index.js');
const { WAYS, linesOf, makeFolder } = require('./journals.js');
const { serveRaw, serveRequests } = require('./server.js');

/** Those of `requests` that came since `before`, as a sorted list of their URLs. */
function since(requests, before = 0) {
  const urls = requests.slice(before).map(({ method, url }) => `${method} ${url}`);
  return urls.sort();
}

/** A server with a bit of everything, and a list of it. */
async function serveAll(t) {
  const server = await serveRequests(t, ({ url }, response) => {
    if (url === '/redirect') return response.writeHead(302, { location: '/there' }).end();
    if (url === '/missing') return response.writeHead(404, 'Not Here').end('nothing');
    if (url === '/empty') return response.writeHead(204).end();
    const headers = { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b="2"'] };
    if (url !== '/packed') return response.writeHead(200, headers).end(url);
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a'.repeat(1_000)));
  });
  const list = [
    { url: `${server.url}/plain`, tag: { a: 1 } },
    `${server.url}/redirect`,
    `${server.url}/missing`,
    `${server.url}/empty`,
    `${server.url}/packed`,
    { url: `${server.url}/head`, method: 'HEAD', tag: 'head' },
    { url: `${server.url}/post`, method: 'POST', json: { a: 1 } },
    { url: `${server.url}/none`, responseType: 'none' },
  ];
  return { server, list };
}

/** All of a result that a journal keeps. */
function kept(result) {
  const { index, url, requestUrl, redirects, redirected, tag, ok, status, statusText } = result;
  const { httpVersion, remoteAddress, decoded, size, wireSize, file, error } = result;
  const headers = [...result.headers];
  return {
    ...{ index, url, requestUrl, redirects, redirected, tag, ok, status, statusText, headers },
    ...{ httpVersion, remoteAddress, decoded, size, wireSize, file, error },
  };
}

for (const [name, fetchAll] of Object.entries(WAYS)) {
  test(`every finished item of ${name} has a line of JSON that can be read`, async (t) => {
    const { journal } = makeFolder(t);
    const { server, list } = await serveAll(t);
    const results = await fetchAll(list, { journal });
    const [header, ...lines] = linesOf(journal);
    assert.deepEqual(header, { manyfetch: 'journal', version: 1 });
    assert.equal(lines.length, list.length);
    for (const { index, status, ok, size, redirects, url } of results) {
      const [line, ...others] = lines.filter((line) => line.index === index);
      assert.deepEqual(others, []);
      assert.equal(line.state, 'finished');
      assert.deepEqual([line.status, line.ok, line.size], [status, ok, size]);
      assert.equal(line.urls.length, 1 + redirects.length);
      assert.equal(line.urls.at(-1), url);
    }
    assert.equal(lines.find(({ index }) => index === 0).headers['content-type'], 'text/plain');
    assert.equal(server.requests.length, list.length + 1);
  });

  test(`the same run of ${name} again sends nothing and has the same results`, async (t) => {
    const { journal } = makeFolder(t);
    const { server, list } = await serveAll(t);
    const first = await fetchAll(list, { journal });
    const [sent, bytes] = [server.requests.length, fs.readFileSync(journal)];
    for (let run = 0; run < 3; run++) {
      const again = await fetchAll(list, { journal });
      assert.deepEqual(again.map(kept), first.map(kept));
      for (const result of again) {
        assert.deepEqual([result.fromJournal, result.attempts], [true, 0]);
        assert.equal(JSON.parse(JSON.stringify(result)).fromJournal, true);
      }
    }
    assert.ok(first.every((result) => result.fromJournal === undefined));
    assert.equal(server.requests.length, sent);
    assert.deepEqual(fs.readFileSync(journal), bytes);
  });
}

test('a head comes back as it came, whatever bytes it has', async (t) => {
  const { journal } = makeFolder(t);
  const head = [
    'HTTP/1.1 203 Caf\xe9 "quoted" \\',
    'X-Latin: \xe4\xf6\xfc "\\',
    'X-Many: 1',
    'Set-Cookie: a=1',
    'X-Many: 2',
    'Set-Cookie: b=2',
    'X-Empty:',
    'Content-Length: 2',
  ];
  const server = await serveRaw(t, (socket) => {
    socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\nok`, 'latin1'));
  });
  const [first] = await downloadAll([server.url], { journal });
  const [again] = await downloadAll([server.url], { journal });
  assert.deepEqual(kept(again), kept(first));
  assert.equal(again.headers.get('x-latin'), '\xe4\xf6\xfc "\\');
  assert.deepEqual(again.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.equal(again.headers.get('x-many'), '1, 2');
  assert.equal(server.accepted, 1);
});

test('a body that is not stored cannot be read, and says so', async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serveRequests(t, (_request, response) => response.end('{}'));
  const [first] = await downloadAll([url], { journal });
  assert.deepEqual(first.json(), {});
  const [again] = await downloadAll([url], { journal });
  const expected = { name: 'DownloadError', code: 'ERR_NOT_STORED', index: 0, url: `${url}/` };
  assert.throws(() => again.body, expected);
  for (const read of ['text', 'bytes', 'arrayBuffer', 'toResponse']) {
    assert.throws(() => again[read](), expected, read);
  }
});

test('JSON that is not stored cannot be read, and is not called broken', async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serveRequests(t, (_request, response) => response.end('{}'));
  await downloadAll([url], { journal });
  const [again] = await downloadAll([url], { journal });
  assert.throws(() => again.json(), { name: 'DownloadError', code: 'ERR_NOT_STORED' });
});

test('the numbers of a run from a journal count results and no requests', async (t) => {
  const { journal } = makeFolder(t);
  const { list } = await serveAll(t);
  await downloadAll(list, { journal });
  const { stats } = await downloadAll(list, { journal });
  const { total, done, ok, failed, inFlight, bytes, wireBytes, connections } = stats;
  assert.deepEqual(
    { total, done, ok, failed, inFlight, bytes, wireBytes, connections },
    {
      ...{ total: 8, done: 8, ok: 7, failed: 1, inFlight: 0, bytes: 0, wireBytes: 0 },
      connections: { opened: 0, reused: 0 },
    },
  );
});

test('fetched again are items with an error, and those whose status is worth a retry', async (t) => {
  const { journal } = makeFolder(t);
  let isWell = false;
  const server = await serveRequests(t, ({ url }, response) => {
    const status = Number(url.slice(1));
    if (isWell) response.end('well');
    else if (status === 0) response.destroy();
    else if (status === 1)
      response.writeHead(200, { 'content-length': 10 }).write('cut', () => response.destroy());
    else response.writeHead(status).end();
  });
  const unfinished = [0, 1, 408, 429, 500, 502, 503, 504, 521, 522, 524];
  const finished = [200, 201, 304, 400, 401, 403, 404, 410, 501, 505, 599];
  const list = [...unfinished, ...finished].map((status) => `${server.url}/${status}`);
  const options = { journal, retry: false };
  await downloadAll(list, options);
  isWell = true;
  const sent = server.requests.length;
  const results = await downloadAll(list, options);
  assert.deepEqual(
    since(server.requests, sent),
    unfinished.map((status) => `GET /${status}`).sort(),
  );
  for (const [index, result] of results.entries()) {
    const isAgain = index < unfinished.length;
    assert.equal(result.fromJournal, isAgain ? undefined : true);
    assert.equal(result.status, isAgain ? 200 : finished[index - unfinished.length]);
  }
  const all = server.requests.length;
  const third = await downloadAll(list, options);
  assert.ok(third.every((result) => result.fromJournal));
  assert.equal(server.requests.length, all);
});

test('which status is worth a retry is what the run and the item say', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t, ({ url }, response) => {
    response.writeHead(Number(url.slice(1, 4))).end();
  });
  const list = [
    ...['/404', '/500', '/200'].map((path) => `${server.url}${path}`),
    { url: `${server.url}/500/item`, retry: { statusCodes: [500] } },
    { url: `${server.url}/404/item`, retry: { statusCodes: [] } },
  ];
  const options = { journal, retry: { limit: 0, statusCodes: [404] } };
  await downloadAll(list, options);
  const sent = server.requests.length;
  await downloadAll(list, options);
  assert.deepEqual(since(server.requests, sent), ['GET /404', 'GET /500/item']);
  const before = server.requests.length;
  // What the next run says counts, not what the one before said.
  const results = await downloadAll(list, { journal, retry: { limit: 0, statusCodes: [200] } });
  assert.deepEqual(since(server.requests, before), ['GET /200', 'GET /500/item']);
  assert.deepEqual(
    results.map(({ status }) => status),
    [404, 500, 200, 500, 404],
  );
});

test('an item that could not be sent at all is met again as any other', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  const list = ['no URL', `${server.url}/a`, { url: `${server.url}/b`, method: 'no method' }, 5];
  for (let run = 0; run < 3; run++) {
    const results = await downloadAll(list, { journal });
    assert.deepEqual(
      results.map(({ error }) => error?.code),
      ['ERR_INVALID_URL', undefined, 'ERR_INVALID_HTTP_TOKEN', 'ERR_INVALID_ARG_TYPE'],
    );
  }
  assert.deepEqual(since(server.requests), ['GET /a']);
});

test('an empty list makes a journal, and any list goes on with it', async (t) => {
  const { journal } = makeFolder(t);
  const server = await serveRequests(t);
  for (const fetchAll of Object.values(WAYS)) {
    assert.deepEqual([...(await fetchAll([], { journal }))], []);
  }
  const [result] = await downloadAll([server.url], { journal });
  assert.equal(result.fromJournal, undefined);
  assert.equal((await downloadAll([server.url], { journal }))[0].fromJournal, true);
});
