// Proxies of HTTP that the options name: what they are sent, what the origin is sent, and whose connections are whose.

'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const os = require('node:os');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { basic, serveProxy } = require('./proxy-server.js');
const { listen, serve, serveHeads, serveTls } = require('./server.js');

const identity = makeCertificate({ name: 'origin', hosts: ['localhost', 'origin.test'] });
const tls = { ca: identity.cert };
const hasIpv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === '::1');

/** An origin that keeps the header fields of its requests. */
async function serveFields(t, secure) {
  const fields = [];
  const look = (request, response) => {
    fields.push(request.headers);
    response.end(`${request.httpVersion} ${request.url}`);
  };
  const origin = await (secure ? serveTls(t, identity, look) : serve(t, look));
  return Object.assign(origin, { fields });
}

function withCredentials(url, credentials) {
  return url.replace('://', `://${credentials}@`);
}

test('an http URL is asked of the proxy in absolute form, and its origin sees only the proxy', async (t) => {
  const origin = await serveHeads(t);
  const proxy = await serveProxy(t);
  const url = `http://origin.test:${origin.port}/path?query`;
  const [result] = await downloadAll([url], { proxy: proxy.url });
  assert.deepEqual([result.error, result.status, result.url], [undefined, 200, url]);
  assert.deepEqual(
    proxy.seen.map(({ method, target, headers }) => [method, target, headers.host]),
    [['GET', url, `origin.test:${origin.port}`]],
  );
  assert.match(origin.heads[0], /^GET \/path\?query HTTP\/1\.1\r\n/);
  assert.equal(proxy.accepted, 1);
});

test('an https URL is a tunnel, and TLS goes through it to the origin', async (t) => {
  const origin = await serveFields(t, true);
  const proxy = await serveProxy(t);
  const authority = `origin.test:${origin.port}`;
  const [result] = await downloadAll([`https://${authority}/path`], { proxy: proxy.url, tls });
  assert.deepEqual([result.error, result.text()], [undefined, '1.1 /path']);
  assert.deepEqual(
    proxy.seen.map(({ method, target, headers }) => [method, target, headers.host]),
    [['CONNECT', authority, authority]],
  );
  assert.equal(origin.fields[0].host, authority);
  assert.equal(result.remoteAddress, '127.0.0.1');
});

test('an address of IPv6 in a URL is asked of the proxy as it is', async (t) => {
  const origins = [await serveFields(t, false), await serveFields(t, true)];
  const proxy = await serveProxy(t);
  const urls = origins.map(({ url }) => `${url.replace('127.0.0.1', '[::1]')}/`);
  const options = { proxy: proxy.url, tls: { rejectUnauthorized: false }, concurrency: 1 };
  const results = await downloadAll(urls, options);
  // The transport cannot speak TLS to an address of IPv6 through a tunnel.
  assert.deepEqual(
    results.map(({ error, status }) => error?.code ?? status),
    [200, 'ERR_PROXY'],
  );
  const targets = [urls[0], `[::1]:${origins[1].port}`];
  assert.deepEqual(
    proxy.seen.map(({ target }) => target),
    targets,
  );
});

for (const [form, credentials, plain] of [
  ['as they are', 'user:secret', 'user:secret'],
  ['percent-encoded', 'us%40er:s%3Ac%2Fr%23t%20%C3%A9', 'us@er:s:c/r#t \u00e9'],
  ['without a password', 'user', 'user:'],
]) {
  test(`credentials of a proxy, ${form}, are shown to it and never to an origin`, async (t) => {
    const origins = [await serveFields(t, false), await serveFields(t, true)];
    const proxy = await serveProxy(t, { credentials: plain });
    const urls = origins.map(({ url }) => url);
    const results = await downloadAll(urls, {
      proxy: withCredentials(proxy.url, credentials),
      tls,
    });
    assert.deepEqual(
      results.map(({ status }) => status),
      [200, 200],
    );
    for (const { headers } of proxy.seen) {
      assert.equal(headers['proxy-authorization'], basic(plain));
    }
    assert.deepEqual(proxy.seen.map(({ method }) => method).sort(), ['CONNECT', 'GET']);
    assert.deepEqual(
      origins.map(({ fields }) => fields.map((names) => names['proxy-authorization'])),
      [[undefined], [undefined]],
    );
  });
}

test("credentials of a URL and those of its proxy stay each other's strangers", async (t) => {
  const origins = [await serveFields(t, false), await serveFields(t, true)];
  const proxy = await serveProxy(t, { credentials: 'p:1' });
  const urls = origins.map(({ url }) => withCredentials(url, 'o:2'));
  await downloadAll(urls, { proxy: withCredentials(proxy.url, 'p:1'), tls });
  for (const { fields } of origins) assert.equal(fields[0].authorization, basic('o:2'));
  const shown = proxy.seen.map(({ method, headers }) => [method, headers.authorization]);
  assert.deepEqual(shown.sort(), [
    ['CONNECT', undefined],
    ['GET', basic('o:2')],
  ]);
});

test('fields of the caller are for the origin and not for the proxy of a tunnel', async (t) => {
  const origin = await serveFields(t, true);
  const proxy = await serveProxy(t);
  const headers = { 'x-mine': 'secret', cookie: 'a=secret' };
  await downloadAll([origin.url], { proxy: proxy.url, tls, headers });
  assert.deepEqual([origin.fields[0]['x-mine'], origin.fields[0].cookie], ['secret', 'a=secret']);
  assert.ok(!JSON.stringify(proxy.seen).includes('secret'));
});

test('a proxy may be behind TLS itself', async (t) => {
  const origins = [await serveFields(t, false), await serveFields(t, true)];
  const proxy = await serveProxy(t, { identity, credentials: 'p:1' });
  const urls = origins.map(({ url }) => url);
  const results = await downloadAll(urls, { proxy: withCredentials(proxy.url, 'p:1'), tls });
  assert.deepEqual(proxy.seen.map(({ method }) => method).sort(), ['CONNECT', 'GET']);
  assert.deepEqual(
    results.map((result) => result.text()),
    ['1.1 /', '1.1 /'],
  );
});

test('a proxy may have an address of IPv6', { skip: !hasIpv6 && 'there is no ::1' }, async (t) => {
  const origins = [await serveFields(t, false), await serveFields(t, true)];
  const proxy = await serveProxy(t, { host: '::1' });
  const urls = origins.map(({ url }) => url);
  const results = await downloadAll(urls, { proxy: proxy.url, tls });
  assert.deepEqual(
    results.map(({ status, remoteAddress }) => [status, remoteAddress]),
    [
      [200, '::1'],
      [200, '::1'],
    ],
  );
  assert.equal(proxy.seen.length, 2);
});

test('requests to one origin share their connections to the proxy', async (t) => {
  const origins = [await serveFields(t, false), await serveFields(t, true)];
  for (const origin of origins) {
    const proxy = await serveProxy(t);
    const urls = Array.from({ length: 20 }, (_, i) => `${origin.url}/${i}`);
    const results = await downloadAll(urls, { proxy: proxy.url, tls, concurrency: 1 });
    assert.deepEqual(
      results.map((result) => result.text()),
      urls.map((_, i) => `1.1 /${i}`),
    );
    assert.deepEqual(
      results.map(({ timings }) => timings.reused),
      urls.map((_, i) => i > 0),
    );
    assert.equal(proxy.accepted, 1);
    assert.equal(proxy.tunnels().length, origin.url.startsWith('https') ? 1 : 0);
  }
});

test('HTTP/2 goes through a tunnel, and many requests share it', async (t) => {
  const look = (request, response) => response.end(`${request.httpVersion} ${request.url}`);
  const server = http2.createSecureServer({ key: identity.key, cert: identity.cert }, look);
  const origin = await listen(t, server, 'https');
  const proxy = await serveProxy(t);
  const urls = Array.from({ length: 50 }, (_, i) => `${origin.url}/${i}`);
  const results = await downloadAll(urls, { proxy: proxy.url, tls });
  assert.deepEqual(
    results.map((result) => result.text()),
    urls.map((_, i) => `2.0 /${i}`),
  );
  assert.ok(proxy.tunnels().length <= 10, `${proxy.tunnels().length} tunnels`);
});

test('bodies go through a proxy both ways', async (t) => {
  const sent = 'x'.repeat(1 << 20);
  const echo = (request, response) => request.pipe(response);
  const origins = [await serve(t, echo), await serveTls(t, identity, echo)];
  const proxy = await serveProxy(t);
  const urls = origins.map(({ url }) => url);
  const options = { proxy: proxy.url, tls, method: 'POST', body: sent };
  for (const result of await downloadAll(urls, options)) {
    assert.ok(result.text() === sent, result.error?.message);
  }
  assert.equal(proxy.seen.length, 2);
});

test('two clients with different proxies or credentials share nothing', async (t) => {
  const origins = [await serveFields(t, false), await serveFields(t, true)];
  const [one, other] = [await serveProxy(t), await serveProxy(t)];
  const clients = [
    withCredentials(one.url, 'a:1'),
    withCredentials(one.url, 'b:2'),
    withCredentials(other.url, 'c:3'),
    other.url,
  ].map((proxy) => new Client({ proxy, tls }));
  const direct = new Client({ proxy: false, tls });
  const urls = origins.map(({ url }) => url);
  for (let round = 0; round < 3; round++) {
    await Promise.all([...clients, direct].map((client) => client.downloadAll(urls)));
  }
  const shown = ({ seen }) => {
    const all = seen.map(({ method, headers }) => `${method} ${headers['proxy-authorization']}`);
    return all.sort();
  };
  // Of each client three requests for http, and one tunnel that is kept for https.
  const of = (field) => [`CONNECT ${field}`, ...Array(3).fill(`GET ${field}`)];
  assert.deepEqual(shown(one), [...of(basic('a:1')), ...of(basic('b:2'))].sort());
  assert.deepEqual(shown(other), [...of(basic('c:3')), ...of(undefined)].sort());
  assert.deepEqual([one.accepted, other.accepted], [4, 4]);
  for (const { fields, accepted } of origins) {
    assert.equal(fields.length, 15);
    assert.ok(fields.every((names) => !('proxy-authorization' in names)));
    assert.ok(accepted > 1);
  }
});

test('the Proxy-Authorization of a client stays out of the way of redirects', async (t) => {
  const home = await serveFields(t, true);
  const start = await serve(t, (_request, response) => {
    response.writeHead(302, { location: home.url }).end();
  });
  const proxy = await serveProxy(t, { credentials: 'p:1' });
  const [result] = await downloadAll([start.url], {
    proxy: withCredentials(proxy.url, 'p:1'),
    tls,
  });
  assert.deepEqual([result.status, result.redirects], [200, [`${home.url}/`]]);
  assert.deepEqual(
    proxy.seen.map(({ method, headers }) => [method, headers['proxy-authorization']]),
    [
      ['GET', basic('p:1')],
      ['CONNECT', basic('p:1')],
    ],
  );
  assert.equal(home.fields[0]['proxy-authorization'], undefined);
});
