// Headers and auth for some hosts alone: who sees them, which of several keys holds, and what becomes of them on a redirect.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { serveRequests } = require('./server.js');

const bearer = (token) => ({ auth: { bearer: token } });
const field = (value) => ({ headers: { 'x-a': value } });

/** All names of the tests, at one server: 'a.example.test' and its like need no look-up. */
function overridesFor(...names) {
  return { overrides: Object.fromEntries(names.map((name) => [name, '127.0.0.1'])) };
}

test('fields and auth for a host go to that host alone', async (t) => {
  const { port, requests } = await serveRequests(t);
  const other = await serveRequests(t);
  const names = [
    'api.example.test',
    'example.test',
    'xapi.example.test',
    'api.example.test.evil.test',
  ];
  const hosts = {
    'api.example.test': { headers: { 'x-key': 'k', 'x-list': ['1', '2'] }, ...bearer('t') },
  };
  const urls = [...names.map((name) => `http://${name}:${port}/`), `${other.url}/`];
  await downloadAll(urls, { hosts, dns: overridesFor(...names) });
  for (const { headers } of [...requests, ...other.requests]) {
    const isMeant = headers.host === `api.example.test:${port}`;
    assert.deepEqual(
      [headers['x-key'], headers['x-list'], headers.authorization],
      isMeant ? ['k', '1, 2', 'Bearer t'] : [undefined, undefined, undefined],
      headers.host,
    );
  }
  assert.equal(requests.length + other.requests.length, 5);
});

test('of several keys that match, the most specific one holds, name by name', async (t) => {
  const { port, requests } = await serveRequests(t);
  const names = ['deep.api.example.test', 'api.example.test', 'example.test'];
  const keys = [
    '*',
    '*.example.test',
    '*.api.example.test',
    'deep.api.example.test',
    `deep.api.example.test:${port}`,
  ];
  // Each gives a field of its own and one that all give; half of the orders in which they may be written.
  for (const order of [keys, [...keys].reverse()]) {
    const hosts = Object.fromEntries(
      order.map((key) => [key, { headers: { 'x-all': key, [`x-${keys.indexOf(key)}`]: 'own' } }]),
    );
    await downloadAll(
      names.map((name) => `http://${name}:${port}/`),
      { hosts, dns: overridesFor(...names), concurrency: 1 },
    );
  }
  const expected = [keys, keys.slice(0, 2), keys.slice(0, 1)];
  for (const [i, { headers }] of requests.entries()) {
    const matching = expected[i % 3];
    assert.equal(headers['x-all'], matching.at(-1), headers.host);
    const own = keys.map((_, key) => headers[`x-${key}`]);
    assert.deepEqual(
      own,
      keys.map((key) => (matching.includes(key) ? 'own' : undefined)),
    );
  }
  assert.equal(requests.length, 6);
});

test('a key may have a port, which is one origin’s alone', async (t) => {
  const [one, two] = [await serveRequests(t), await serveRequests(t)];
  const hosts = { [`127.0.0.1:${one.port}`]: { ...field('one'), ...bearer('one') } };
  await downloadAll([one.url, two.url], { hosts });
  assert.deepEqual(
    [one.requests[0].headers['x-a'], one.requests[0].headers.authorization],
    ['one', 'Bearer one'],
  );
  assert.deepEqual(
    [two.requests[0].headers['x-a'], two.requests[0].headers.authorization],
    [undefined, undefined],
  );
});

test('a name is compared in any case and with a dot at its end', async (t) => {
  const { port, requests } = await serveRequests(t);
  const hosts = { 'API.example.test': field('1') };
  const names = ['api.EXAMPLE.test', 'api.example.test.'];
  await downloadAll(
    names.map((name) => `http://${name}:${port}/`),
    { hosts, dns: overridesFor('api.example.test', 'api.example.test.') },
  );
  assert.deepEqual(
    requests.map(({ headers }) => headers['x-a']),
    ['1', '1'],
  );
});

test('an item’s fields win over those for its host, those over the call’s, and those over the client’s', async (t) => {
  const { url, requests } = await serveRequests(t);
  const given = (level, names) => ({
    headers: Object.fromEntries(names.map((name) => [name, level])),
  });
  const client = new Client({
    ...given('client', ['x-1', 'x-2', 'x-3', 'x-4', 'x-5']),
    hosts: { '127.0.0.1': given('client hosts', ['x-3', 'x-4', 'x-5']) },
  });
  const item = { url, ...given('item', ['X-5']) };
  const options = {
    ...given('call', ['x-2', 'x-3', 'x-4', 'x-5']),
    hosts: { '127.0.0.1': given('call hosts', ['X-4', 'x-5']) },
  };
  await client.downloadAll([item], options);
  const { headers } = requests[0];
  assert.deepEqual(
    ['x-1', 'x-2', 'x-3', 'x-4', 'x-5'].map((name) => headers[name]),
    ['client', 'call', 'client hosts', 'call hosts', 'item'],
  );
});

test('they replace the defaults and all values of a name', async (t) => {
  const { url, requests } = await serveRequests(t);
  const hosts = { '*': { headers: { 'User-Agent': 'mine', 'x-a': 'host' } } };
  await downloadAll([url], { headers: { 'x-a': ['1', '2'] }, hosts });
  const { headers, rawHeaders } = requests[0];
  assert.deepEqual([headers['user-agent'], headers['x-a']], ['mine', 'host']);
  assert.equal(rawHeaders.filter((text) => text.toLowerCase() === 'x-a').length, 1);
});

test('they are there at every hop to their host, and at no other', async (t) => {
  const away = await serveRequests(t, (_request, response) => {
    response.writeHead(302, { location: `${home.url}/back` }).end();
  });
  const home = await serveRequests(t, ({ url }, response) => {
    const location = { '/start': '/same', '/same': `${away.url}/away` }[url];
    if (location) response.writeHead(302, { location }).end();
    else response.end();
  });
  const [atHome, atAway] = [home, away].map(({ port }) => `127.0.0.1:${port}`);
  const hosts = {
    [atHome]: { headers: { 'x-a': 'home', 'x-home': '1', cookie: 'home=1' }, ...bearer('home') },
    [atAway]: { ...field('away'), ...bearer('away') },
  };
  await downloadAll([`${home.url}/start`], { hosts });
  const see = ({ url, headers }) => [
    url,
    headers['x-a'],
    headers['x-home'],
    headers.cookie,
    headers.authorization,
  ];
  assert.deepEqual(home.requests.map(see), [
    ['/start', 'home', '1', 'home=1', 'Bearer home'],
    ['/same', 'home', '1', 'home=1', 'Bearer home'],
    ['/back', 'home', '1', 'home=1', 'Bearer home'],
  ]);
  assert.deepEqual(away.requests.map(see), [
    ['/away', 'away', undefined, undefined, 'Bearer away'],
  ]);
});

test('on the way home those for the host come back, and the credentials of the item do not', async (t) => {
  const away = await serveRequests(t, (_request, response) => {
    response.writeHead(302, { location: `${home.url}/back` }).end();
  });
  const home = await serveRequests(t, ({ url }, response) => {
    if (url === '/back') response.end();
    else response.writeHead(302, { location: `${away.url}/away` }).end();
  });
  const own = { ...bearer('item'), headers: { cookie: 'item=1', 'x-a': 'item', 'x-key': 'item' } };
  const hosts = {
    [`127.0.0.1:${home.port}`]: { ...bearer('host'), headers: { 'x-a': 'host', 'x-key': 'host' } },
  };
  const client = new Client({ hosts, sensitiveHeaders: ['X-Key'] });
  await client.downloadAll([{ url: `${home.url}/start`, ...own }]);
  await client.downloadAll([{ url: `${home.url.replace('://', '://url:pw@')}/start` }]);
  await client.downloadAll([`${home.url}/start`], own);
  const see = ({ headers }) => [
    headers.authorization,
    headers.cookie,
    headers['x-a'],
    headers['x-key'],
  ];
  const url = `Basic ${Buffer.from('url:pw').toString('base64')}`;
  assert.deepEqual(home.requests.map(see), [
    ['Bearer item', 'item=1', 'item', 'item'],
    // What is no credential stays the item's.
    ['Bearer host', undefined, 'item', 'host'],
    [url, undefined, 'host', 'host'],
    ['Bearer host', undefined, 'host', 'host'],
    ['Bearer host', 'item=1', 'host', 'host'],
    ['Bearer host', undefined, 'host', 'host'],
  ]);
  assert.deepEqual(away.requests.map(see), [
    [undefined, undefined, 'item', undefined],
    [undefined, undefined, undefined, undefined],
    [undefined, undefined, 'item', undefined],
  ]);
});

test("those of a client are not for another client's calls, and options are copied", async (t) => {
  const { url, requests } = await serveRequests(t);
  const hosts = { '*': { ...field('before'), ...bearer('before') } };
  const client = new Client({ hosts });
  const call = downloadAll([url], { hosts });
  Object.assign(hosts['*'], field('after'), bearer('after'));
  await call;
  await client.downloadAll([url]);
  await new Client().downloadAll([url]);
  await downloadAll([url]);
  assert.deepEqual(
    requests.map(({ headers }) => [headers['x-a'], headers.authorization]),
    [...Array(2).fill(['before', 'Bearer before']), ...Array(2).fill([undefined, undefined])],
  );
});

test('they are sent with a request that is tried again', async (t) => {
  const { url, requests } = await serveRequests(t, (_request, response) => {
    response.writeHead(requests.length === 1 ? 503 : 200).end();
  });
  await downloadAll([url], { hosts: { '*': bearer('t') }, retry: { backoff: { base: 0 } } });
  assert.deepEqual(
    requests.map(({ headers }) => headers.authorization),
    ['Bearer t', 'Bearer t'],
  );
});

test('what must not be in a header is refused there too, and names the host', async (t) => {
  const server = await serveRequests(t);
  const wrong = [
    [{ headers: { a: 'x\r\nevil: 1' } }, 'ERR_INVALID_CHAR'],
    [{ headers: { a: 'x\0' } }, 'ERR_INVALID_CHAR'],
    [{ headers: { a: '\u20ac' } }, 'ERR_INVALID_CHAR'],
    [{ headers: { a: '\ud800' } }, 'ERR_INVALID_CHAR'],
    [{ headers: { 'a b': 'x' } }, 'ERR_INVALID_HTTP_TOKEN'],
    [{ headers: { 'a\r\nevil': 'x' } }, 'ERR_INVALID_HTTP_TOKEN'],
    ...['Content-Length', 'transfer-encoding', 'Connection', 'Proxy-Connection', 'Expect'].map(
      (name) => [{ headers: { [name]: '1' } }, 'ERR_INVALID_ARG_VALUE'],
    ),
    [{ headers: { 'content-length': '1', 'Content-Length': '2' } }, 'ERR_INVALID_ARG_VALUE'],
    [{ headers: 'a: b' }, 'ERR_INVALID_ARG_TYPE'],
    [{ header: { a: 'b' } }, 'ERR_INVALID_ARG_VALUE'],
  ];
  for (const [rule, code] of wrong) {
    const hosts = { 'a.example': {}, '127.0.0.1': rule };
    const expected = { name: 'TypeError', code, message: /options\.hosts\['127\.0\.0\.1'\]/ };
    await assert.rejects(downloadAll([server.url], { hosts }), expected, JSON.stringify(rule));
    assert.throws(() => new Client({ hosts }), expected, JSON.stringify(rule));
  }
  assert.equal(server.accepted, 0);
});

test('hosts are of a call or a client: an item has none', async (t) => {
  const server = await serveRequests(t);
  const [{ error }] = await downloadAll([{ url: server.url, hosts: { '*': field('x') } }]);
  assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
  assert.equal(server.accepted, 0);
});

test('a Range for a host asks for bytes as they are, as one of the call does', async (t) => {
  const { url, requests } = await serveRequests(t);
  const range = { headers: { range: 'bytes=0-1' } };
  await downloadAll([url], { hosts: { '*': range } });
  await downloadAll([url], range);
  assert.deepEqual(
    requests.map(({ headers }) => headers['accept-encoding']),
    ['identity', 'identity'],
  );
});

test('fields of client, call, hosts and item are too many together, where they are', async (t) => {
  const { url, requests } = await serveRequests(t);
  const many = (letter) =>
    Object.fromEntries(Array.from({ length: 4_000 }, (_, i) => [`x-${letter}${i}`, '']));
  const client = new Client({ headers: many('a') });
  const call = { headers: many('b'), hosts: { '*': { headers: many('c') } } };
  const [tooMany, fine] = await client.downloadAll([{ url, headers: many('d') }, 'nowhere:'], call);
  assert.equal(tooMany.error.code, 'ERR_INVALID_ARG_VALUE');
  assert.equal(fine.error.code, 'ERR_UNSUPPORTED_PROTOCOL');
  const [ofHost] = await client.downloadAll([url], call);
  assert.equal(ofHost.error.code, 'ERR_INVALID_ARG_VALUE');
  assert.equal(requests.length, 0);
});
