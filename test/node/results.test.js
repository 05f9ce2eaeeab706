// Results: what each field says, and that they can be looped over, printed and stored.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { DownloadError, downloadAll } = require('../../index.js');
const { closedPort, serve, serveRaw } = require('./server.js');

test('a result has every documented field', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/from') return response.writeHead(302, { location: 'to?x' }).end();
    const fields = [
      ['x-mine', 'yes'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ];
    response.writeHead(201, 'Made Up', fields).end('{"a":[1]}');
  });
  const [result] = await downloadAll([{ url: `${url}/from#fragment`, tag: 'tag' }]);
  const { index, requestUrl, redirects, redirected, tag, ok, status, statusText, httpVersion } =
    result;
  assert.deepEqual(
    { index, requestUrl, redirects, redirected, tag, ok, status, statusText, httpVersion },
    {
      index: 0,
      requestUrl: `${url}/from`,
      redirects: [`${url}/to?x`],
      redirected: true,
      tag: 'tag',
      ok: true,
      status: 201,
      statusText: 'Made Up',
      httpVersion: '1.1',
    },
  );
  assert.equal(result.url, `${url}/to?x`);
  assert.ok(result.headers instanceof Headers);
  assert.equal(result.headers.get('X-Mine'), 'yes');
  assert.deepEqual(result.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.ok(Buffer.isBuffer(result.body));
  assert.equal(result.text(), '{"a":[1]}');
  assert.deepEqual(result.json(), { a: [1] });
  assert.equal(result.bytes().constructor, Uint8Array);
  assert.deepEqual(Buffer.from(result.bytes()), result.body);
  assert.deepEqual(
    [result.size, result.wireSize, result.decoded, result.attempts],
    [9, 9, true, 1],
  );
  assert.equal(result.error, undefined);
});

test('a result without a response has the same fields, empty', async (t) => {
  const port = await closedPort(t);
  const [result] = await downloadAll([`http://127.0.0.1:${port}/path`], { retry: false });
  const { status, statusText, ok, redirects, redirected, httpVersion, size, wireSize } = result;
  assert.deepEqual(
    { status, statusText, ok, redirects, redirected, httpVersion, size, wireSize },
    {
      status: 0,
      statusText: '',
      ok: false,
      redirects: [],
      redirected: false,
      httpVersion: undefined,
      size: 0,
      wireSize: 0,
    },
  );
  assert.deepEqual([...result.headers], []);
  assert.equal(result.body.length, 0);
  assert.equal(result.text(), '');
  const { error } = result;
  assert.ok(error instanceof DownloadError && error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.index, error.attempts],
    ['DownloadError', 'ECONNREFUSED', 0, 1],
  );
  assert.equal(error.url, `http://127.0.0.1:${port}/path`);
  assert.match(error.message, /^GET http:\/\/127\.0\.0\.1:\d+\/path: /);
  assert.match(error.stack, /results\.test\.js/, 'the stack points at the call');
  assert.ok(!/hyper|reqwest|Error\(/.test(error.message), error.message);
});

test('timings are milliseconds that add up', async (t) => {
  const { url } = await serve(t, (_request, response) =>
    setTimeout(() => response.end('late'), 50),
  );
  const results = await downloadAll([`${url.replace('127.0.0.1', 'localhost')}/1`, `${url}/2`], {
    concurrency: 1,
  });
  for (const { timings } of results) {
    const { queue, dns, connect, firstByte, download, total, reused } = timings;
    for (const time of [queue, dns, connect, firstByte, download, total]) assert.ok(time >= 0);
    assert.ok(queue + dns + connect + firstByte + download <= total + 5, inspect(timings));
    assert.ok(firstByte >= 45 && total >= 45, inspect(timings));
    assert.equal(reused, false);
  }
  assert.ok(results[1].timings.queue >= 45);
});

test('what is read twice is the same object', async (t) => {
  const { url } = await serve(t);
  const port = await closedPort(t);
  const urls = [url, `http://127.0.0.1:${port}`];
  for (const result of await downloadAll(urls, { retry: false })) {
    for (const field of ['headers', 'body', 'error', 'timings'])
      assert.equal(result[field], result[field], field);
  }
});

test('the results are an ordinary array with the stats beside it', async (t) => {
  const { url } = await serve(t);
  const results = await downloadAll([url, url]);
  assert.ok(Array.isArray(results));
  assert.deepEqual(Object.keys(results), ['0', '1']);
  assert.equal([...results].length, 2);
  assert.ok(!('stats' in { ...results }));
  assert.equal(results.map((result) => result.status).stats, undefined);
  assert.equal(results.stats.total, 2);
});

test('JSON has every field but the bodies', async (t) => {
  const marker = 'the body itself';
  const { url } = await serve(t, (_request, response) => {
    response
      .writeHead(200, [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-mine', 'yes'],
      ])
      .end(marker);
  });
  const port = await closedPort(t);
  const results = await downloadAll([{ url, tag: { id: 7 } }, `http://127.0.0.1:${port}/`], {
    headers: { authorization: 'Bearer s3cr3t', cookie: 's3cr3t' },
    retry: false,
  });
  const text = JSON.stringify(results);
  assert.ok(!text.includes(marker) && !text.includes('s3cr3t'));
  const [good, bad] = JSON.parse(text);
  for (const field of Object.keys(good)) {
    if (field !== 'headers') assert.deepEqual(good[field], results[0][field], field);
  }
  const expected = `attempts decoded headers httpVersion index ok redirected redirects remoteAddress requestUrl size status
    statusText tag timings url wireSize`;
  assert.deepEqual(Object.keys(good).sort(), expected.split(/\s+/));
  assert.equal(good.headers['x-mine'], 'yes');
  assert.deepEqual(good.headers['set-cookie'], ['a=1', 'b=2']);
  const { code, message, url: where, index, attempts } = bad.error;
  const { error } = results[1];
  assert.deepEqual([code, message, where], [error.code, error.message, error.url]);
  assert.deepEqual([index, attempts], [1, 1]);
});

test('results can be printed', async (t) => {
  const { url } = await serve(t);
  const port = await closedPort(t);
  const urls = [`${url}/a`, `http://127.0.0.1:${port}/`];
  const [good, bad] = await downloadAll(urls, { retry: false });
  assert.match(inspect(good), new RegExp(`^Result \\{[^]*url: '${url}/a'[^]*status: 200`));
  assert.match(inspect(bad), /ECONNREFUSED/);
  assert.match(inspect(bad.error), /^DownloadError: GET http/);
  assert.equal(structuredClone(bad.error).message, bad.error.message);
});

test('header values keep their bytes, and status lines their words', async (t) => {
  const replies = {
    '/latin1': ['200 OK', 'X: caf\u00e9 \u00ff'],
    '/empty': ['200 ', 'X:'],
    '/none': ['200', 'X: 1'],
    '/own': ['404 Gone Fishing', 'X: 1'],
    '/999': ['999 Odd', 'X: 1'],
  };
  const { url } = await serveRaw(t, (socket, head) => {
    const [status, field] = replies[head.split(' ')[1]];
    socket.write(`HTTP/1.1 ${status}\r\n${field}\r\nContent-Length: 0\r\n\r\n`, 'latin1');
  });
  const results = await downloadAll(Object.keys(replies).map((path) => url + path));
  assert.deepEqual(
    results.map(({ status, statusText, headers }) => [status, statusText, headers.get('x')]),
    [
      [200, 'OK', 'caf\u00e9 \u00ff'],
      [200, '', ''],
      [200, '', '1'],
      [404, 'Gone Fishing', '1'],
      [999, 'Odd', '1'],
    ],
  );
});

test('the stats add up', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(Number(request.url.slice(1))).end('12345');
  });
  const closed = await closedPort(t);
  const started = performance.now();
  const urls = ['/200', '/200', '/201', '/404', '/500'].map((path) => url + path);
  const { stats } = await downloadAll([...urls, '', `http://127.0.0.1:${closed}/`], {
    concurrency: 1,
    retry: false,
  });
  const {
    total,
    done,
    ok,
    failed,
    inFlight,
    retries,
    bytes,
    wireBytes,
    statuses,
    errors,
    connections,
  } = stats;
  assert.deepEqual(
    { total, done, ok, failed, inFlight, retries, bytes, wireBytes },
    { total: 7, done: 7, ok: 3, failed: 4, inFlight: 0, retries: 0, bytes: 25, wireBytes: 25 },
  );
  assert.deepEqual(statuses, { 200: 2, 201: 1, 404: 1, 500: 1 });
  assert.deepEqual(errors, { ERR_INVALID_URL: 1, ECONNREFUSED: 1 });
  // The pool may open one more than it needs.
  assert.ok(
    connections.opened >= 1 && connections.opened + connections.reused >= 5,
    inspect(connections),
  );
  const { p50, p90, p99, max } = stats.latency;
  assert.ok(p50 > 0 && p50 <= p90 && p90 <= p99 && p99 <= max, inspect(stats.latency));
  assert.ok(stats.seconds > 0 && stats.seconds * 1000 <= performance.now() - started);
  assert.ok(Math.abs(stats.requestsPerSecond * stats.seconds - done) < 0.01);
});
