// Secrets in what is refused beyond single options (`misuse.test.js`): rules of hosts, bodies in JSON, options that do not go
// together, and what is no list or no item.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { assertSilent, CANARY } = require('./canary.js');

const URL_WITH_IT = `http://me:${CANARY}@localhost/`;
const PROXY = `http://me:${CANARY}@localhost:80`;
const PEM = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----`;
const circular = { token: CANARY };
circular.self = circular;

const WRONG = {
  'a rule that is no object': { hosts: { localhost: `Bearer ${CANARY}` } },
  'a rule with headers in a string': { hosts: { localhost: { headers: `cookie: ${CANARY}` } } },
  'a rule with a bad value': { hosts: { localhost: { headers: { cookie: `${CANARY}\0` } } } },
  'a rule with a misspelt name': { hosts: { localhost: { bearer: CANARY } } },
  'a rule for no host': { hosts: { 'not a host': { auth: { bearer: CANARY } } } },
  'a rule for a URL': { hosts: { [URL_WITH_IT]: {} } },
  'a rule for a host with credentials': { hosts: { [`me:${CANARY}@localhost`]: {} } },
  'JSON in a circle': { method: 'POST', json: circular },
  'JSON with a bigint': { method: 'POST', json: { id: 5n, token: CANARY } },
  'two bodies': { method: 'POST', body: CANARY, json: CANARY },
  'a body of a GET': { body: CANARY },
  'JSON of a GET': { json: { token: CANARY } },
  'a proxy and no private networks': { proxy: PROXY, denyPrivateNetworks: true },
  'a proxy and a socket': { proxy: PROXY, unixSocket: '/x' },
  'a certificate that is a key': { tls: { cert: PEM, key: PEM } },
  'an authority that is none': { tls: { ca: `${CANARY} is no PEM` } },
};

/** The error with which `promise` rejects, which has to have a code. */
async function refusalOf(promise) {
  const error = await promise.then(
    () => assert.fail('it was accepted'),
    (reason) => reason,
  );
  assert.match(String(error.code), /^ERR_/);
  return error;
}

for (const [what, options] of Object.entries(WRONG)) {
  test(`${what} is refused without what is in it`, async () => {
    assertSilent(await refusalOf(downloadAll(['http://localhost/'], options)), 'of a call');
    const { hosts, proxy, tls, ...own } = options;
    if (Object.keys(own).length < Object.keys(options).length) return;
    const [{ error }] = await downloadAll([{ url: URL_WITH_IT, ...own }]);
    assert.match(String(error?.code), /^ERR_/);
    assertSilent(error, 'of an item');
  });
}

for (const [what, list] of Object.entries({
  'a URL in a string': URL_WITH_IT,
  'a URL': new URL(URL_WITH_IT),
  'one item': { url: URL_WITH_IT, body: CANARY },
})) {
  test(`${what} is no list, and is refused without what is in it`, async () => {
    assertSilent(await refusalOf(downloadAll(list)), what);
  });
}

for (const [what, item] of Object.entries({
  'a list of one URL': [URL_WITH_IT],
  'an item with a misspelt url': { uri: URL_WITH_IT, body: CANARY },
  'an item with an object as its url': { url: { href: URL_WITH_IT } },
  'an item with an object like a URL': { url: { href: URL_WITH_IT, password: CANARY } },
  'a function': () => CANARY,
})) {
  test(`${what} is refused without what is in it`, async () => {
    const results = await downloadAll([item]);
    assert.match(String(results[0].error?.code), /^ERR_INVALID_ARG/);
    assertSilent(results, what);
    assertSilent(results[0].error, what);
  });
}

test('what belongs to a Client is refused in its calls without being shown', async () => {
  const client = new Client();
  const options = [{ proxy: PROXY }, { tls: { cert: PEM, key: PEM } }];
  for (const given of [...options, { sensitiveHeaders: [CANARY] }]) {
    const error = await refusalOf(client.downloadAll([], given));
    assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
    assertSilent(error, Object.keys(given)[0]);
  }
});
