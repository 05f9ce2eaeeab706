// Cookies: kept where a client is asked to, sent back to where they came from, and to nobody else.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { serveRequests } = require('./server.js');

/** Answers `/set?COOKIE` with that cookie. */
function setter({ url }, response) {
  const line = url.match(/^[^?]*set\?(.*)$/)?.[1];
  response
    .writeHead(200, line === undefined ? {} : { 'set-cookie': decodeURIComponent(line) })
    .end();
}
const set = (url, line) => `${url}/set?${encodeURIComponent(line)}`;
const cookiesOf = (requests) => requests.map(({ headers }) => headers.cookie);
/** The same server under the other name of this machine. */
const otherName = (url) => url.replace('127.0.0.1', 'localhost');
/** `localhost` is where the server listens, whatever the system says. */
const DNS = { overrides: { localhost: '127.0.0.1' } };

test('cookies are not kept unless that is asked for', async (t) => {
  const { url, requests } = await serveRequests(t, setter);
  for (const client of [new Client(), new Client({ cookies: false })]) {
    const [{ headers }] = await client.downloadAll([set(url, 'a=1')]);
    assert.equal(headers.get('set-cookie'), 'a=1');
    await client.downloadAll([url]);
  }
  await downloadAll([set(url, 'a=1')]);
  await downloadAll([url]);
  assert.deepEqual(cookiesOf(requests), Array(6).fill(undefined));
});

test('a client keeps them for all its calls, and no other client has them', async (t) => {
  const { url, requests } = await serveRequests(t, setter);
  const [one, two] = [new Client({ cookies: true }), new Client({ cookies: true })];
  await one.downloadAll([set(url, 'a=one')]);
  await two.downloadAll([set(url, 'a=two')]);
  requests.length = 0;
  for (const client of [one, two, one, new Client({ cookies: true })])
    await client.downloadAll([url]);
  await downloadAll([url]);
  assert.deepEqual(cookiesOf(requests), ['a=one', 'a=two', 'a=one', undefined, undefined]);
});

test('a call without a client keeps them to its end', async (t) => {
  const { url, requests } = await serveRequests(t, setter);
  for (let i = 0; i < 2; i++)
    await downloadAll([set(url, 'a=1'), url], { cookies: true, concurrency: 1 });
  assert.deepEqual(cookiesOf(requests), [undefined, 'a=1', undefined, 'a=1']);
});

test('they belong to whoever makes the client, not to a call or an item', async (t) => {
  const server = await serveRequests(t);
  const { url } = server;
  await assert.rejects(new Client().downloadAll([url], { cookies: true }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  assert.equal(
    (await downloadAll([{ url, cookies: true }]))[0].error.code,
    'ERR_INVALID_ARG_VALUE',
  );
  for (const cookies of [1, 'a=1', null, {}]) {
    await assert.rejects(downloadAll([url], { cookies }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  assert.equal(server.accepted, 0);
});

test('one that is set on the way is sent on, within its host', async (t) => {
  const { url, requests } = await serveRequests(t, (request, response) => {
    const location = { '/1': '/2', '/2': `${otherName(url)}/3`, '/3': '/4', '/4': `${url}/5` }[
      request.url
    ];
    const name = request.url.slice(1);
    response
      .writeHead(location ? 302 : 200, {
        'set-cookie': `c${name}=${name}; Path=/`,
        ...(location && { location }),
      })
      .end();
  });
  const client = new Client({ cookies: true, dns: DNS });
  await client.downloadAll([`${url}/1`]);
  const way = ['', 'c1=1', '', 'c3=3', 'c1=1; c2=2'];
  assert.deepEqual(
    cookiesOf(requests).map((field) => field ?? ''),
    way,
  );
  await client.downloadAll([`${otherName(url)}/6`]);
  assert.equal(requests.at(-1).headers.cookie, 'c3=3; c4=4');
});

test('one that comes with an error or with a response that is tried again is kept as well', async (t) => {
  const { url, requests } = await serveRequests(t, (_request, response) => {
    response
      .writeHead(requests.length === 1 ? 503 : 404, { 'set-cookie': `n=${requests.length}` })
      .end();
  });
  const client = new Client({ cookies: true, retry: { backoff: { base: 0 } } });
  await client.downloadAll([url]);
  await client.downloadAll([url]);
  assert.deepEqual(cookiesOf(requests), [undefined, 'n=1', 'n=2']);
});

test('a Cookie of the caller’s is sent alone, and the jar keeps its own', async (t) => {
  const { url, requests } = await serveRequests(t, setter);
  const client = new Client({ cookies: true });
  await client.downloadAll([set(url, 'a=jar')]);
  const headers = { Cookie: 'b=mine' };
  await client.downloadAll([{ url, headers }]);
  await client.downloadAll([url], { headers });
  await client.downloadAll([url], { hosts: { '*': { headers } } });
  await client.downloadAll([{ url: set(url, 'c=2'), headers }]);
  await client.downloadAll([url]);
  assert.deepEqual(cookiesOf(requests), [undefined, ...Array(4).fill('b=mine'), 'a=jar; c=2']);
});

test('a Cookie of the caller’s does not go to another origin, where the jar has its own', async (t) => {
  const { url, requests } = await serveRequests(t, (request, response) => {
    if (request.url.startsWith('/set')) return setter(request, response);
    const location = { '/1': `${otherName(url)}/2`, '/2': `${url}/3` }[request.url];
    response.writeHead(location ? 307 : 200, location && { location }).end();
  });
  const client = new Client({ cookies: true, dns: DNS });
  await client.downloadAll([set(url, 'jar=1'), set(otherName(url), 'jar=2')]);
  requests.length = 0;
  await client.downloadAll([{ url: `${url}/1`, headers: { cookie: 'mine=1' } }]);
  assert.deepEqual(cookiesOf(requests), ['mine=1', 'jar=2', 'jar=1']);
});

/** What is set at `/dir/set`, and what is sent back to these paths of the same server. */
const KEPT = {
  'with nothing else': [
    'a=1',
    { '/dir/x': 'a=1', '/dir': 'a=1', '/': undefined, '/directory': undefined },
  ],
  'for a path': [
    'a=1; Path=/x',
    { '/x': 'a=1', '/x/y': 'a=1', '/xy': undefined, '/dir/x': undefined },
  ],
  'for all paths': ['a=1; Path=/', { '/': 'a=1', '/x': 'a=1' }],
  'for a while': ['a=1; Path=/; Max-Age=1000', { '/': 'a=1' }],
  'that has expired': ['a=1; Path=/; Expires=Thu, 01 Jan 2015 00:00:00 GMT', { '/': undefined }],
  'for no time': ['a=1; Path=/; Max-Age=0', { '/': undefined }],
  'Secure over http': ['a=1; Path=/; Secure', { '/': undefined }],
  'for another host': ['a=1; Path=/; Domain=example.com', { '/': undefined }],
  'HttpOnly and SameSite, which mean nothing here': [
    'a=1; Path=/; HttpOnly; SameSite=Strict',
    { '/': 'a=1' },
  ],
  'with a name that promises what it does not keep': ['__Secure-a=1; Path=/', { '/': undefined }],
  'with a quoted value': ['a="1 2"; Path=/', { '/': 'a="1 2"' }],
  'with an equals sign in its value': ['a=b=c; Path=/', { '/': 'a=b=c' }],
  'without a value': ['a=; Path=/', { '/': 'a=' }],
};

for (const [name, [line, sent]] of Object.entries(KEPT)) {
  test(`of a cookie ${name}`, async (t) => {
    const { url, requests } = await serveRequests(t, setter);
    const client = new Client({ cookies: true });
    await client.downloadAll([set(`${url}/dir`, line)]);
    for (const [path, cookie] of Object.entries(sent)) {
      await client.downloadAll([`${url}${path}`]);
      assert.equal(requests.at(-1).headers.cookie, cookie, path);
    }
  });
}

test('one that is Secure is kept over https, and not sent over http', async (t) => {
  const identity = makeCertificate({ name: 'localhost' });
  const secure = await serveRequests(t, setter, identity);
  const plain = await serveRequests(t, setter);
  const client = new Client({ cookies: true, tls: { ca: identity.cert } });
  await client.downloadAll([set(secure.url, 'safe=1; Secure; Path=/')]);
  // Ports and schemes do not tell cookies apart; over http it cannot be replaced, nor deleted.
  await client.downloadAll([set(plain.url, 'safe=evil; Path=/'), set(plain.url, 'open=1; Path=/')]);
  await client.downloadAll([set(plain.url, 'safe=; Max-Age=0; Path=/')]);
  await client.downloadAll([secure.url, plain.url]);
  assert.equal(plain.requests.at(-1).headers.cookie, 'open=1');
  assert.deepEqual(secure.requests.at(-1).headers.cookie.split('; ').sort(), ['open=1', 'safe=1']);
});

test('one is replaced by a newer one, and deleted by one that is over', async (t) => {
  const { url, requests } = await serveRequests(t, setter);
  const client = new Client({ cookies: true });
  for (const line of [
    'a=1',
    'b=1',
    'a=2',
    'b=; Max-Age=0',
    'c=1',
    'c=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  ]) {
    await client.downloadAll([set(url, line)]);
  }
  await client.downloadAll([url]);
  const fields = [undefined, 'a=1', 'a=1; b=1', 'a=2; b=1', 'a=2', 'a=2; c=1', 'a=2'];
  assert.deepEqual(cookiesOf(requests), fields);
});

test('twenty of one response are kept, and shown one by one', async (t) => {
  const lines = Array.from(
    { length: 20 },
    (_, i) => `c${i}=${i}; Path=/; Expires=Thu, 01 Jan 2099 00:00:00 GMT`,
  );
  const { url, requests } = await serveRequests(t, (_request, response) =>
    response.writeHead(200, { 'set-cookie': lines }).end(),
  );
  const client = new Client({ cookies: true });
  const [{ headers }] = await client.downloadAll([url]);
  assert.deepEqual(headers.getSetCookie(), lines);
  await client.downloadAll([url]);
  assert.deepEqual(
    requests[1].headers.cookie.split('; '),
    lines.map((line) => line.split(';')[0]),
  );
});

test('five hundred requests at once lose nothing, and leak nothing between two hosts', async (t) => {
  const { url, requests } = await serveRequests(t, (request, response) => {
    const [host] = request.headers.host.split(':');
    const name = request.url.slice(1);
    const line = name.startsWith('c') ? { 'set-cookie': `${name}=${host}; Path=/` } : {};
    response.writeHead(200, line).end();
  });
  const client = new Client({ cookies: true, dns: DNS, concurrencyPerHost: 100 });
  const urls = Array.from(
    { length: 500 },
    (_, i) => `${i % 2 ? url : otherName(url)}/${i % 5 === 0 ? `c${i}` : i}`,
  );
  await Promise.all([client.downloadAll(urls.slice(0, 250)), client.downloadAll(urls.slice(250))]);
  for (const { headers } of requests) {
    const [host] = headers.host.split(':');
    const values = (headers.cookie ?? '')
      .split('; ')
      .filter(Boolean)
      .map((pair) => pair.split('=')[1]);
    assert.ok(
      values.every((value) => value === host),
      `${host}: ${headers.cookie}`,
    );
  }
  assert.equal(requests.length, 500);
  await client.downloadAll([`${url}/end`, `${otherName(url)}/end`]);
  for (const { headers } of requests.slice(-2)) assert.equal(headers.cookie.split('; ').length, 50);
});
