// Who asks: `auth` and the credentials of URLs, as the server sees them, and which of them holds.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { serveRequests } = require('./server.js');

const CALL = { name: 'TypeError' };
const basic = (pair) => `Basic ${Buffer.from(pair).toString('base64')}`;
/** What each level gives is told apart by its user. */
const as = (username) => ({ auth: { username, password: 'pw' } });
const sent = (username) => basic(`${username}:pw`);
const field = (value) => ({ headers: { Authorization: value } });

/** `url` with credentials in it. */
const withCredentials = (url, credentials) => url.replace('://', `://${credentials}@`);

const WRITTEN = {
  basic: [{ username: 'user', password: 'pass' }, basic('user:pass')],
  'basic with an empty password': [{ username: 'user', password: '' }, basic('user:')],
  'basic with an empty user name': [{ username: '', password: 'pass' }, basic(':pass')],
  'basic with colons in the password': [{ username: 'user', password: 'a:b:' }, basic('user:a:b:')],
  'basic in UTF-8': [
    { username: 'us\u00e9r', password: 'p\u20ac\u{1f600}' },
    basic('us\u00e9r:p\u20ac\u{1f600}'),
  ],
  'basic with a line break': [{ username: 'a\r\nevil', password: ': 1' }, basic('a\r\nevil:: 1')],
  'basic with half of a surrogate pair': [{ username: 'u', password: '\ud800' }, basic('u:\ufffd')],
  'a bearer token': [{ bearer: 'abc-._~+/=' }, 'Bearer abc-._~+/='],
  'a bearer token of all visible characters': [
    { bearer: '!"#$%&\'()*,:;<>?@[\\]^`{|}' },
    'Bearer !"#$%&\'()*,:;<>?@[\\]^`{|}',
  ],
  'a long bearer token': [{ bearer: 'x'.repeat(8_000) }, `Bearer ${'x'.repeat(8_000)}`],
};

for (const [name, [auth, expected]] of Object.entries(WRITTEN)) {
  test(`auth may be ${name}, of a client, a call, an item and a host`, async (t) => {
    const { url, requests } = await serveRequests(t);
    await new Client({ auth }).downloadAll([url]);
    await downloadAll([url], { auth });
    await downloadAll([{ url, auth }]);
    await downloadAll([url], { hosts: { '127.0.0.1': { auth } } });
    await new Client({ hosts: { '*': { auth } } }).downloadAll([url]);
    assert.deepEqual(
      requests.map(({ headers }) => headers.authorization),
      Array(5).fill(expected),
    );
    for (const { headers } of requests) assert.equal(headers.evil, undefined);
  });
}

const VALUE = 'ERR_INVALID_ARG_VALUE';
const TYPE = 'ERR_INVALID_ARG_TYPE';
const REFUSED = [
  [{ username: 'a:b', password: 'p' }, VALUE],
  [{ bearer: '' }, VALUE],
  [{ bearer: 'a b' }, VALUE],
  [{ bearer: 'a\r\nevil: 1' }, VALUE],
  [{ bearer: 'a\n' }, VALUE],
  [{ bearer: 'a\0' }, VALUE],
  [{ bearer: '\u00e9' }, VALUE],
  [{ bearer: '\ud800' }, VALUE],
  [{ bearer: '\x7f' }, VALUE],
  [{ bearer: 'a', username: 'u' }, VALUE],
  [{ bearer: 'a', username: 'u', password: 'p' }, VALUE],
  [{ user: 'u', pass: 'p' }, VALUE],
  [{ username: 'u', password: 'p', type: 'digest' }, VALUE],
  [{}, TYPE],
  [{ username: 'u' }, TYPE],
  [{ password: 'p' }, TYPE],
  [{ username: 'u', password: undefined }, TYPE],
  [{ bearer: undefined }, TYPE],
  [{ bearer: null }, TYPE],
  [{ bearer: 5 }, TYPE],
  [{ username: 5, password: 'p' }, TYPE],
  [{ username: 'u', password: null }, TYPE],
  [{ username: 'u', password: Symbol('p') }, TYPE],
  ['u:p', TYPE],
  [null, TYPE],
  [5, TYPE],
  [['u', 'p'], TYPE],
  [() => 'u:p', TYPE],
];

test('what is no auth is refused, wherever it is given', async (t) => {
  const server = await serveRequests(t);
  const { url } = server;
  for (const [auth, code] of REFUSED) {
    const message = require('node:util').inspect(auth);
    await assert.rejects(downloadAll([url], { auth }), { ...CALL, code }, message);
    assert.throws(() => new Client({ auth }), { ...CALL, code }, message);
    const hosts = { 'a.example': { auth } };
    await assert.rejects(downloadAll([url], { hosts }), { ...CALL, code }, message);
    assert.throws(() => new Client({ hosts }), { ...CALL, code }, message);
    const [{ error }] = await downloadAll([{ url, auth }]);
    assert.equal(error?.code, code, message);
  }
  assert.equal(server.accepted, 0);
  await downloadAll([
    { url, auth: { bearer: '' } },
    { url, auth: undefined },
  ]);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    [undefined],
  );
});

/** What the item, its URL, the hosts, the call and the client give, and who asks. */
const PRECEDENCE = {
  'the item over all others': [
    { item: as('item'), url: 'url:pw', hosts: as('hosts'), call: as('call'), client: as('client') },
    sent('item'),
  ],
  'a field of the item over all others': [
    { item: field('x'), url: 'url:pw', hosts: as('hosts'), call: as('call') },
    'x',
  ],
  "the URL's credentials over hosts": [
    { url: 'url:pw', hosts: as('hosts'), call: as('call'), client: as('client') },
    sent('url'),
  ],
  "the URL's credentials over a field for the host": [
    { url: 'url:pw', hosts: field('hosts') },
    sent('url'),
  ],
  'hosts over the call': [
    { hosts: as('hosts'), call: as('call'), client: as('client') },
    sent('hosts'),
  ],
  'hosts over a field of the call': [{ hosts: as('hosts'), call: field('call') }, sent('hosts')],
  'a field for the host over the call': [{ hosts: field('hosts'), call: as('call') }, 'hosts'],
  'the call over the client': [{ call: as('call'), client: as('client') }, sent('call')],
  'a field of the call over the client': [{ call: field('call'), client: as('client') }, 'call'],
  'the call over a field of the client': [
    { call: as('call'), client: field('client') },
    sent('call'),
  ],
  'the client where nobody else says anything': [{ client: as('client') }, sent('client')],
  'auth over a field of the same item': [{ item: { ...as('item'), ...field('x') } }, sent('item')],
  'auth over a field of the same call': [{ call: { ...field('x'), ...as('call') } }, sent('call')],
  'auth over a field of the same client': [
    { client: { ...field('x'), ...as('client') } },
    sent('client'),
  ],
  'auth over a field for the same host': [
    { hosts: { ...field('x'), ...as('hosts') } },
    sent('hosts'),
  ],
  'a field of the item over the auth of the call': [{ item: field('x'), call: as('call') }, 'x'],
};

for (const [name, [given, expected]] of Object.entries(PRECEDENCE)) {
  test(`of several who ask, ${name}`, async (t) => {
    const { url, requests } = await serveRequests(t);
    const client = new Client(given.client);
    const target = given.url ? withCredentials(url, given.url) : url;
    const options = { ...given.call, hosts: given.hosts && { '127.0.0.1': given.hosts } };
    await client.downloadAll([{ url: target, ...given.item }, url], { ...options, concurrency: 1 });
    const [{ rawHeaders, headers }] = requests;
    assert.equal(headers.authorization, expected);
    assert.equal(rawHeaders.filter((text) => text.toLowerCase() === 'authorization').length, 1);
    // What an item gives is its own.
    const ofOthers = { item: undefined, url: undefined, ...given };
    const others = ofOthers.hosts ?? ofOthers.call ?? ofOthers.client;
    const plain = others?.auth ? sent(others.auth.username) : others?.headers?.Authorization;
    assert.equal(requests[1].headers.authorization, plain);
  });
}

test('credentials in a URL are decoded, and leave it', async (t) => {
  const { url, requests } = await serveRequests(t);
  const cases = {
    'user:pass': 'user:pass',
    user: 'user:',
    'user:': 'user:',
    ':pass': ':pass',
    'us%40er:p%3Aa%2Fss': 'us@er:p:a/ss',
    'us\u00e9r:p\u20ac': 'us\u00e9r:p\u20ac',
    'a:b:c': 'a:b:c',
    '%zz:100%': '%zz:100%',
    'a%0D%0Aevil:b': 'a\r\nevil:b',
  };
  const urls = Object.keys(cases).map((credentials) => withCredentials(url, credentials));
  const results = await downloadAll([...urls, new URL(urls[0])], { concurrency: 1 });
  const pairs = [...Object.values(cases), 'user:pass'];
  for (const [i, { headers }] of requests.entries()) {
    assert.equal(headers.authorization, basic(pairs[i]), pairs[i]);
    assert.deepEqual([results[i].url, results[i].requestUrl], [`${url}/`, `${url}/`]);
  }
  assert.equal(requests.length, pairs.length);
  await downloadAll([url.replace('://', '://@'), url.replace('://', '://:@')]);
  assert.deepEqual(
    requests.slice(-2).map(({ headers }) => headers.authorization),
    [undefined, undefined],
  );
});

test('auth follows a redirect within its origin, and not to another one', async (t) => {
  const { requests: away, ...other } = await serveRequests(t);
  const { url, requests } = await serveRequests(t, (request, response) => {
    const location = { '/1': '/2', '/2': `${other.url}/3` }[request.url];
    response.writeHead(302, { location }).end();
  });
  const ways = [
    downloadAll([`${url}/1`], { auth: { bearer: 'token' } }),
    downloadAll([{ url: `${url}/1`, auth: { bearer: 'token' } }]),
    downloadAll([`${url}/1`], { hosts: { [new URL(url).host]: { auth: { bearer: 'token' } } } }),
    new Client({ auth: { bearer: 'token' } }).downloadAll([`${url}/1`]),
  ];
  await Promise.all(ways);
  assert.deepEqual(
    requests.map(({ headers }) => headers.authorization),
    Array(8).fill('Bearer token'),
  );
  assert.deepEqual(
    away.map(({ headers }) => headers.authorization),
    Array(4).fill(undefined),
  );
});
