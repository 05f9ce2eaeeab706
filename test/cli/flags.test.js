// What each flag does to requests, as the server sees it.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { makeCertificate } = require('../node/certificate.js');
const { closedPort, serve, serveRequests, serveTls } = require('../node/server.js');
const { fetchRecords, makeFiles, runCommand, startCommand } = require('./command.js');

/** The requests that the command makes with these arguments before a URL. */
async function requestsOf(t, args, options) {
  const { url, requests } = await serveRequests(t);
  const { code, stderr } = await runCommand([...args, url, '-q'], options);
  assert.equal(code, 0, stderr);
  return requests;
}

/** How many requests a server has at once, at most, when it answers only once there are `count`, or the list has ended. */
async function mostAtOnce(t, args, count, total) {
  const waiting = [];
  let [most, seen] = [0, 0];
  const { url } = await serve(t, (_request, response) => {
    waiting.push(response);
    seen += 1;
    most = Math.max(most, waiting.length);
    if (waiting.length === count || seen === total) {
      for (const one of waiting.splice(0)) one.end();
    }
  });
  const urls = Array.from({ length: total }, (_, i) => `${url}/${i}`);
  const { code } = await runCommand([...args, ...urls]);
  assert.equal(code, 0);
  return most;
}

test('without flags it is a GET by manyfetch, which accepts anything', async (t) => {
  const [{ method, headers }] = await requestsOf(t, []);
  assert.deepEqual(
    [method, headers.accept, headers['user-agent'].split('/')[0]],
    ['GET', '*/*', 'manyfetch'],
  );
});

test('-X says the method', async (t) => {
  for (const flag of ['-X', '--request']) {
    const [{ method }] = await requestsOf(t, [flag, 'PUT']);
    assert.equal(method, 'PUT');
  }
});

test('-H gives a header, several give several, and a file has one a line', async (t) => {
  const at = makeFiles(t, { headers: 'X-C: 3\r\n\nX-D: a: b\n' });
  const args = [
    '-H',
    'X-A: 1',
    '--header',
    'X-B:2',
    '-H',
    `@${at('headers')}`,
    '-H',
    'Accept: x/y',
  ];
  const [{ headers }] = await requestsOf(t, args);
  const { accept, 'x-a': a, 'x-b': b, 'x-c': c, 'x-d': d } = headers;
  assert.deepEqual([a, b, c, d, accept], ['1', '2', '3', 'a: b', 'x/y']);
});

test('-d posts a form, of text, files and stdin', async (t) => {
  const at = makeFiles(t, { data: 'c=3\n' });
  const args = ['-d', 'a=1', '--data', `@${at('data')}`, '-d', '@-'];
  const [{ method, headers, body }] = await requestsOf(t, args, { input: 'd=4' });
  const { 'content-type': type } = headers;
  assert.deepEqual(
    [method, type, String(body)],
    ['POST', 'application/x-www-form-urlencoded', 'a=1&c=3\n&d=4'],
  );
});

test('-d leaves the method and the type to -X and -H', async (t) => {
  const args = ['-d', '', '-X', 'PATCH', '-H', 'content-type: text/plain'];
  const [{ method, headers, body }] = await requestsOf(t, args);
  assert.deepEqual([method, headers['content-type'], body.length], ['PATCH', 'text/plain', 0]);
});

test('--json posts JSON as it is written, and asks for JSON', async (t) => {
  const at = makeFiles(t, { 'a.json': '{ "a": 1.0 }' });
  for (const [data, input] of [['{ "a": 1.0 }'], [`@${at('a.json')}`], ['@-', '{ "a": 1.0 }']]) {
    const [{ method, headers, body }] = await requestsOf(t, ['--json', data], { input });
    const { accept, 'content-type': type } = headers;
    assert.deepEqual(
      [method, type, accept, String(body)],
      ['POST', 'application/json', 'application/json', '{ "a": 1.0 }'],
    );
  }
});

test('-c and --per-host say how many requests are in flight', async (t) => {
  assert.equal(await mostAtOnce(t, ['-c', '3'], 3, 12), 3);
  assert.equal(await mostAtOnce(t, ['--concurrency', '2'], 2, 12), 2);
  assert.equal(await mostAtOnce(t, ['--per-host', '4'], 4, 12), 4);
  assert.equal(await mostAtOnce(t, ['--per-host', '12'], 12, 12), 12);
});

test('-c auto and --per-host auto find out how many', async (t) => {
  const requests = await requestsOf(t, ['-c', 'auto', '--per-host', 'auto']);
  assert.equal(requests.length, 1);
});

test('--rate and --rate-per-host hold requests back, in all their forms', async (t) => {
  const { url } = await serve(t);
  const urls = [1, 2, 3, 4, 5].map((n) => `${url}/${n}`);
  for (const flag of ['--rate', '--rate-per-host']) {
    for (const rate of ['20', '20/s', '1200/m']) {
      const { records } = await fetchRecords([flag, rate, ...urls]);
      const last = Math.max(...records.map(({ timings }) => timings.queue));
      // Two may go at once, and the third of the others three twentieths of a second later.
      assert.ok(last > 100, `${flag} ${rate}: the last one waited ${last} ms`);
    }
  }
});

test('-t is the time of an attempt, in seconds', async (t) => {
  const { url } = await serve(t, () => {});
  for (const flag of ['-t', '--timeout']) {
    const { code, records } = await fetchRecords([flag, '0.05', '--retry', '0', url]);
    const [{ attempts, error }] = records;
    assert.deepEqual([code, attempts, error.code, error.phase], [1, 1, 'ETIMEDOUT', 'request']);
  }
});

test('--retry says how often a try is followed by another', async (t) => {
  const { url, requests } = await serveRequests(t, (_request, response) =>
    response.writeHead(503).end(),
  );
  assert.equal((await runCommand(['--retry', '1', url])).code, 1);
  assert.equal(requests.length, 2);
  assert.equal((await runCommand(['--retry', '0', url])).code, 1);
  assert.equal(requests.length, 3);
});

test('--max-filesize refuses what is larger', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end(Buffer.alloc(2049)));
  for (const [size, code] of [
    ['2049', 0],
    ['2048', 1],
    ['2k', 1],
    ['2.5K', 0],
    ['1M', 0],
  ]) {
    const { records, ...ended } = await fetchRecords(['--max-filesize', size, url]);
    assert.equal(ended.code, code, size);
    assert.equal(records[0].error?.code, code === 0 ? undefined : 'ERR_BODY_TOO_LARGE');
  }
});

test('a certificate is checked, trusted with --cacert, and passed over with -k', async (t) => {
  const identity = makeCertificate({ name: 'itself' });
  const at = makeFiles(t, { 'ca.pem': identity.cert });
  const { url } = await serveTls(t, identity);
  const { code, records } = await fetchRecords([url]);
  assert.deepEqual([code, records[0].error.code], [1, 'DEPTH_ZERO_SELF_SIGNED_CERT']);
  for (const args of [['-k'], ['--insecure'], ['--cacert', at('ca.pem')]]) {
    assert.equal((await runCommand([...args, url])).code, 0, args[0]);
  }
});

test('--proxy is gone through, and --no-proxy through none', async (t) => {
  const { url: proxy, requests } = await serveRequests(t);
  const { url, requests: direct } = await serveRequests(t);
  const env = { http_proxy: proxy, no_proxy: '', NO_PROXY: '' };
  assert.equal((await runCommand(['--proxy', proxy, 'http://elsewhere.test/a'])).code, 0);
  assert.equal((await runCommand(['http://elsewhere.test/b'], { env })).code, 0);
  assert.equal((await runCommand(['--no-proxy', url], { env })).code, 0);
  assert.deepEqual(
    [requests.map((request) => request.url), direct.length],
    [['http://elsewhere.test/a', 'http://elsewhere.test/b'], 1],
  );
});

test('a proxy that is not there fails the items', async (t) => {
  const port = await closedPort(t);
  const { code, records } = await fetchRecords([
    '--proxy',
    `http://127.0.0.1:${port}`,
    'http://a.test/',
  ]);
  assert.deepEqual([code, records[0].error.code], [1, 'ERR_PROXY']);
});

test('-q tells nothing but results', async (t) => {
  const { url } = await serve(t);
  for (const flag of ['-q', '--quiet']) {
    const { stdout, stderr } = await runCommand([flag, url]);
    assert.match(stdout, /^200 .*\n$/);
    assert.equal(stderr, '');
  }
});

test('-V and --version tell the version, and nothing is sent', async (t) => {
  const { url, requests } = await serveRequests(t);
  const { version } = require('../../package.json');
  for (const flag of ['-V', '--version']) {
    const { code, stdout, stderr } = await runCommand([flag, url]);
    assert.deepEqual([code, stdout, stderr], [0, `${version}\n`, '']);
  }
  assert.equal(requests.length, 0);
});

test('requests go out while the list is still being written', async (t) => {
  const { url } = await serve(t);
  const { child, ended } = startCommand(['-']);
  child.stdin.write(`${url}/1\n`);
  const [text] = await once(child.stdout, 'data');
  assert.match(String(text), /\/1\n$/);
  child.stdin.end(`${url}/2`);
  const { code, stdout } = await ended;
  assert.deepEqual([code, stdout.match(/\/\d$/gm)], [0, ['/1', '/2']]);
});
