// The numbers of each host, against what the servers count.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { closedPort, serve } = require('./server.js');

const AT_ONCE = { backoff: { base: 0 }, budget: Number.POSITIVE_INFINITY };
const SUMS = ['requests', 'ok', 'failed', 'retries', 'bytes'];

/** A server that counts its requests by the hosts they name, and does what the path says. */
async function serveCounting(t) {
  const counts = new Map();
  const seen = new Set();
  const server = await serve(t, (request, response) => {
    const { host } = request.headers;
    counts.set(host, (counts.get(host) ?? 0) + 1);
    const isFirst = !seen.has(host + request.url);
    seen.add(host + request.url);
    answer(request.url, isFirst, response);
  });
  return Object.assign(server, { counts });
}

/** /<number of bytes>, /status/<n>, /flaky/... once 503 and then the rest, /to/<URL>, /cut */
function answer(path, isFirst, response) {
  const [, word, ...rest] = path.split('/');
  if (word === 'flaky' && isFirst) return response.writeHead(503).end('sorry');
  if (word === 'flaky') return answer(`/${rest.join('/')}`, true, response);
  if (word === 'status') return response.writeHead(Number(rest[0])).end('no');
  if (word === 'to') return response.writeHead(302, { location: rest.join('/') }).end();
  if (word === 'cut') return response.socket.destroy();
  response.end(Buffer.alloc(Number(word)));
}

const overridesFor = (...names) => ({
  overrides: Object.fromEntries(names.map((name) => [name, '127.0.0.1'])),
});

/** The counts of `hosts` alone, without its times. */
function countsOf(hosts) {
  const entries = Object.entries(hosts);
  return Object.fromEntries(
    entries.map(([name, { p50: _p50, p99: _p99, ...counts }]) => [name, counts]),
  );
}

const counted = (counts) => ({
  ...{ requests: 0, ok: 0, failed: 0, retries: 0, bytes: 0, pausedMs: 0 },
  ...counts,
});

test('each host has its own requests, results, retries and bytes', async (t) => {
  const { port, counts } = await serveCounting(t);
  const [a, b, c] = ['a.test', 'b.test', 'c.test'].map((name) => `http://${name}:${port}`);
  const urls = [
    ...[`${a}/10`, `${a}/20`, `${a}/status/404`],
    ...[`${b}/flaky/5`, `${b}/status/500`],
    `${c}/cut`,
  ];
  const dns = overridesFor('a.test', 'b.test', 'c.test');
  const { stats } = await downloadAll(urls, { dns, retry: AT_ONCE });
  assert.deepEqual(countsOf(stats.hosts), {
    [`a.test:${port}`]: counted({ requests: 3, ok: 2, failed: 1, bytes: 32 }),
    [`b.test:${port}`]: counted({ requests: 5, ok: 1, failed: 1, retries: 3, bytes: 7 }),
    [`c.test:${port}`]: counted({ requests: 3, failed: 1, retries: 2 }),
  });
  for (const [host, { requests }] of Object.entries(stats.hosts)) {
    assert.equal(requests, counts.get(host), host);
  }
});

test('the hosts add up to the totals, with downloadEach as well', async (t) => {
  const { port, counts } = await serveCounting(t);
  const names = Array.from({ length: 50 }, (_, i) => `h${i}.test`);
  const paths = ['/1', '/200', '/status/404', '/flaky/3', '/status/503', '/1000'];
  const urls = names.flatMap((name) => paths.map((path) => `http://${name}:${port}${path}`));
  const options = { dns: overridesFor(...names), retry: AT_ONCE, concurrency: 20 };
  const run = downloadEach(urls, options);
  for await (const _result of run);
  const before = new Map(counts);
  counts.clear();
  const both = [run.stats, (await downloadAll(urls, options)).stats];
  const served = [before, counts];
  for (const [i, stats] of both.entries()) {
    const hosts = Object.values(stats.hosts);
    assert.equal(hosts.length, 50);
    const sums = SUMS.map((name) => hosts.reduce((sum, host) => sum + host[name], 0));
    const requests = [...served[i].values()].reduce((sum, count) => sum + count, 0);
    assert.deepEqual(sums, [requests, stats.ok, stats.failed, stats.retries, stats.bytes]);
    const { opened, reused } = stats.connections;
    // One may be opened in vain, where another becomes free before.
    assert.ok(opened + reused >= requests, `${opened} + ${reused}`);
    for (const [name, host] of Object.entries(stats.hosts)) {
      assert.equal(host.requests, served[i].get(name));
    }
  }
});

test('JSON has them, before what there is to advise', async (t) => {
  const { url, port } = await serveCounting(t);
  const { stats } = await downloadAll([`${url}/10`]);
  const parsed = JSON.parse(JSON.stringify(stats));
  assert.deepEqual(parsed.hosts, stats.hosts);
  assert.deepEqual(Object.keys(parsed.hosts), [`127.0.0.1:${port}`]);
  assert.deepEqual(Object.keys({ ...stats }).slice(-2), ['hosts', 'advice']);
  assert.equal(stats.hosts, stats.hosts, 'one object, however often it is read');
});

test('a redirect counts as a request where it came from, and its item where it ends', async (t) => {
  const [from, to] = [await serveCounting(t), await serveCounting(t)];
  const urls = [
    `${from.url}/to/${to.url}/7`,
    `${from.url}/to/${to.url}/flaky/5`,
    `${from.url}/to/${to.url}/to/${from.url}/3`,
    `${from.url}/to/${to.url}/status/404`,
  ];
  const { stats } = await downloadAll(urls, { retry: AT_ONCE });
  const [first, second] = [from, to].map(({ port }) => `127.0.0.1:${port}`);
  assert.deepEqual(countsOf(stats.hosts), {
    [first]: counted({ requests: 5, ok: 1, bytes: 3 }),
    [second]: counted({ requests: 5, ok: 2, failed: 1, retries: 1, bytes: 14 }),
  });
  assert.deepEqual([from.counts.get(first), to.counts.get(second)], [5, 5]);
});

test('retries count where they went, also those before a redirect', async (t) => {
  const [from, to] = [await serveCounting(t), await serveCounting(t)];
  const { stats } = await downloadAll([`${from.url}/flaky/to/${to.url}/7`], { retry: AT_ONCE });
  const [first, second] = [from, to].map(({ port }) => `127.0.0.1:${port}`);
  assert.deepEqual([from.counts.get(first), to.counts.get(second)], [2, 1]);
  assert.deepEqual(countsOf(stats.hosts), {
    [first]: counted({ requests: 2, retries: 1 }),
    [second]: counted({ requests: 1, ok: 1, bytes: 7 }),
  });
});

test('names are as URLs have them: in lower case, without credentials and default ports', async (t) => {
  const proxy = await serve(t, (_request, response) => response.end());
  const urls = [
    ...['http://a.test/', 'http://A.TEST:80/x', 'http://me:mine@a.test/', 'http://a.test:443/'],
    ...['https://a.test/', 'https://a.test:443/', 'https://a.test:80/', 'http://[::1]/'],
    'http://b\u00fccher.test/',
  ];
  // It gives no way through for https.
  proxy.server.on('connect', (_request, socket) => socket.end('HTTP/1.1 405 No\r\n\r\n'));
  const client = new Client({ proxy: proxy.url, retry: false });
  const { stats } = await client.downloadAll(urls);
  const shown = Object.entries(stats.hosts).map(([name, { ok, failed }]) => [name, ok, failed]);
  assert.deepEqual(shown.sort(), [
    ['[::1]', 1, 0],
    ['a.test', 3, 2],
    ['a.test:443', 1, 0],
    ['a.test:80', 0, 1],
    ['xn--bcher-kva.test', 1, 0],
  ]);
});

test('what has no host is counted at none', async (t) => {
  const { url } = await serve(t);
  const list = [
    '',
    'no URL',
    'http://',
    'http://a b/',
    'http://[bad',
    'ftp://a.test/',
    null,
    5,
    {},
  ];
  const { stats } = await downloadAll([...list, url, 'data:,x', `${url}:99999`]);
  assert.deepEqual([stats.failed, Object.keys(stats.hosts).length], [11, 1]);
  assert.deepEqual((await downloadAll(list)).stats.hosts, {});
  assert.deepEqual((await downloadAll([])).stats.hosts, {});
});

test('what has no host is counted at none, whatever else is wrong with it', async () => {
  const urls = ['http://[bad', 'http://a..b:99999999/', 'http://', 'no URL', 'ftp://a.test/'];
  const { stats } = await downloadAll(urls.map((url) => ({ url, timeout: -1 })));
  assert.deepEqual(stats.hosts, {});
});

test('an item that was never sent is counted as failed, without a request', async (t) => {
  const { url, port } = await serve(t);
  const list = [
    { url: `${url}/`, timeout: -1 },
    { url: `${url}/`, checksum: 'md5-x' },
  ];
  const { stats } = await downloadAll(list);
  const name = `127.0.0.1:${port}`;
  assert.deepEqual(stats.hosts, { [name]: { ...counted({ failed: 2 }), p50: 0, p99: 0 } });
});

test('a host that cannot be reached has its attempts', async (t) => {
  const port = await closedPort(t);
  const { stats } = await downloadAll([`http://127.0.0.1:${port}/`], { retry: AT_ONCE });
  const expected = counted({ requests: 3, failed: 1, retries: 2 });
  assert.deepEqual(countsOf(stats.hosts), { [`127.0.0.1:${port}`]: expected });
});

test('a slow host has its own times', async (t) => {
  const quick = await serve(t);
  const slow = await serve(t, (_request, response) => setTimeout(() => response.end(), 120));
  const urls = [...new Array(99).fill(quick.url), ...new Array(5).fill(slow.url)];
  const { hosts, latency } = (await downloadAll(urls)).stats;
  const [fast, late] = [quick, slow].map(({ port }) => hosts[`127.0.0.1:${port}`]);
  assert.ok(late.p50 >= 110 && late.p99 >= late.p50, JSON.stringify(late));
  assert.ok(fast.p50 > 0 && fast.p50 < late.p50 && fast.p50 <= fast.p99, JSON.stringify(fast));
  assert.ok(late.p99 <= latency.max * 1.01 && fast.p50 <= latency.p50 * 1.01);
});

test('a pause is counted once for a burst, at the host that asked for it', async (t) => {
  let requests = 0;
  const busy = await serve(t, (_request, response) => {
    requests += 1;
    if (requests <= 4) response.writeHead(429, { 'retry-after': '1' });
    response.end();
  });
  const other = await serve(t);
  const urls = [...new Array(4).fill(busy.url), ...new Array(4).fill(other.url)];
  const { stats } = await downloadAll(urls);
  const [paused, free] = [busy, other].map(({ port }) => stats.hosts[`127.0.0.1:${port}`]);
  assert.deepEqual([requests, paused.requests, paused.retries, paused.ok], [8, 8, 4, 4]);
  // Each of the four makes it longer by as much as it came later.
  assert.ok(paused.pausedMs >= 1_000 && paused.pausedMs < 2_000, `${paused.pausedMs}`);
  assert.ok(paused.pausedMs <= stats.seconds * 1_000, `${paused.pausedMs} ms`);
  assert.equal(free.pausedMs, 0);
});

test('each run has its own numbers', async (t) => {
  const { url, port } = await serve(t);
  const client = new Client();
  const runs = [1, 2, 3].map((count) => client.downloadAll(new Array(count).fill(url)));
  const requests = (await Promise.all(runs)).map(
    ({ stats }) => stats.hosts[`127.0.0.1:${port}`].requests,
  );
  assert.deepEqual(requests, [1, 2, 3]);
});
