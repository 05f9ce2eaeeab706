// Misuse by someone who gave a secret: what is wrong is said, and the secret is not.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { assertSilent, CANARY } = require('./canary.js');
const { makeCertificate } = require('./certificate.js');
const { serve } = require('./server.js');

const identity = makeCertificate({ name: 'localhost' });
const PEM_OF_CANARY = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`;

/** To tell the tests apart. */
const briefly = (value) =>
  inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).slice(0, 80);

/** Options that are wrong, and have a secret. */
const WRONG = {
  auth: [
    { username: 5, password: CANARY },
    { username: `a:${CANARY}`, password: CANARY },
    { username: CANARY, password: 5 },
    { username: 'user', password: [CANARY] },
    { username: 'user', password: { CANARY } },
    { user: 'user', pass: CANARY },
    { username: 'user', password: CANARY, type: 'basic' },
    { bearer: `${CANARY}\r\n` },
    { bearer: `${CANARY} ${CANARY}` },
    { bearer: [CANARY] },
    { bearer: { token: CANARY } },
    { bearer: Symbol(CANARY) },
    { bearer: CANARY, password: CANARY },
    `user:${CANARY}`,
    ['user', CANARY],
    [{ bearer: CANARY }],
    Symbol(CANARY),
  ],
  headers: [
    `Authorization: ${CANARY}`,
    { authorization: `${CANARY}\r\n x` },
    { authorization: `${CANARY}\u0100` },
    { authorization: { bearer: CANARY } },
    { authorization: [CANARY, { bearer: CANARY }] },
    { authorization: [[CANARY]] },
    [['authorization', CANARY, CANARY]],
    [['authorization', { bearer: CANARY }]],
    [`authorization: ${CANARY}`],
  ],
  body: [{ password: CANARY }, [CANARY], Symbol(CANARY)],
};

/** The same of those that only a client and a call without one may have. */
const WRONG_CONNECTIONS = {
  proxy: [
    `ftp://user:${CANARY}@proxy.invalid`,
    `http://user:${CANARY}@proxy.invalid:99999`,
    `http://user:${CANARY}@`,
    `http://user:${CANARY}@pro xy.invalid`,
    `http://user:${CANARY}@[::1`,
    `//user:${CANARY}@proxy.invalid`,
    [`http://user:${CANARY}@proxy.invalid`],
    { url: `http://user:${CANARY}@proxy.invalid` },
    { username: 'user', password: CANARY },
    { host: 'proxy.invalid', auth: CANARY },
    new URL(`http://user:${CANARY}@proxy.invalid`),
  ],
  tls: [
    PEM_OF_CANARY,
    [PEM_OF_CANARY],
    { key: PEM_OF_CANARY },
    { key: PEM_OF_CANARY, cert: identity.cert },
    { key: CANARY, cert: identity.cert },
    { key: Buffer.from(PEM_OF_CANARY), cert: identity.cert },
    { key: [PEM_OF_CANARY, { pem: PEM_OF_CANARY }], cert: identity.cert },
    { key: { pem: PEM_OF_CANARY, passphrase: CANARY }, cert: identity.cert },
    { key: identity.key, cert: identity.cert, passphrase: CANARY },
    { key: identity.key, cert: CANARY },
    { pfx: CANARY },
  ],
};

const every = (wrong) =>
  Object.entries(wrong).flatMap(([name, values]) => values.map((value) => [name, value]));

for (const [name, value] of every(WRONG)) {
  test(`what is wrong with ${name} is said without what is in it: ${briefly(value)}`, async (t) => {
    const server = await serve(t);
    const options = { [name]: value };
    const hosts = { 'a.example': options };
    for (const call of [options, { hosts }]) {
      await assert.rejects(downloadAll([server.url], call), (error) => {
        assert.match(error.code, /^ERR_INVALID_/);
        assertSilent(error, 'of a call');
        return true;
      });
      assert.throws(
        () => new Client(call),
        (error) => {
          assertSilent(error, 'of a client');
          return true;
        },
      );
    }
    const results = await downloadAll([{ url: server.url, ...options }]);
    assert.match(results[0].error.code, /^ERR_INVALID_/);
    assertSilent(results, 'of an item');
    assert.equal(server.accepted, 0);
  });
}

for (const [name, value] of every(WRONG_CONNECTIONS)) {
  test(`what is wrong with ${name} is said without what is in it: ${briefly(value)}`, async (t) => {
    const server = await serve(t);
    const options = { [name]: value };
    const silent = (error) => {
      assert.match(error.code, /^ERR_INVALID_ARG_(TYPE|VALUE)$/);
      assertSilent(error, name);
      return true;
    };
    await assert.rejects(downloadAll([server.url], options), silent);
    assert.throws(() => new Client(options), silent);
    await assert.rejects(new Client().downloadAll([server.url], options), silent);
    assert.equal(server.accepted, 0);
  });
}

test('a Request is refused without what is in it', async () => {
  const headers = { authorization: CANARY, cookie: CANARY };
  const request = new Request('http://a.invalid/', { headers });
  for (const list of [
    [request],
    [{ url: request }],
    [{ url: 'http://a.invalid/', body: request }],
  ]) {
    const results = await downloadAll(list);
    assert.match(results[0].error.code, /^ERR_INVALID_ARG/);
    assertSilent(results, inspect(list));
  }
});

test('a misspelt option is named, and its value is not', async () => {
  for (const options of [
    { atuh: { bearer: CANARY } },
    { authorization: CANARY },
    { password: CANARY },
    { token: CANARY },
  ]) {
    await assert.rejects(downloadAll([], options), (error) => {
      assertSilent(error, inspect(options));
      return error.code === 'ERR_INVALID_ARG_VALUE';
    });
    const results = await downloadAll([{ url: 'http://a.invalid/', ...options }]);
    assert.equal(results[0].error.code, 'ERR_INVALID_ARG_VALUE');
    assertSilent(results, inspect(options));
  }
});
