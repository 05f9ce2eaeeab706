// The client's own certificate: what may be given as one, that servers see it, and that nothing shows its key.

'use strict';

const assert = require('node:assert/strict');
const { generateKeyPairSync } = require('node:crypto');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { identity, makeCertificate } = require('./certificate.js');
const { serveTls } = require('./server.js');

const root = makeCertificate({ name: 'root', isCa: true });
const good = makeCertificate({ name: 'good', issuer: root });
const clients = makeCertificate({ name: 'clients', isCa: true });
const between = makeCertificate({ name: 'between', isCa: true, issuer: clients });
const mine = makeCertificate({ name: 'mine', issuer: clients });
const below = makeCertificate({ name: 'below', issuer: between });
const rsa = makeCertificate({ name: 'rsa', kind: 'rsa', issuer: clients });
const stranger = makeCertificate({ name: 'mine' });

/** A server that lets in whom `clients` vouches for, and answers with their name. */
async function serveKnown(t, options) {
  const known = { ...identity(good), requestCert: true, ca: clients.cert, ...options };
  const server = await serveTls(t, known, (request, response) => {
    server.requests += 1;
    response.end(request.socket.getPeerCertificate().subject?.CN ?? 'nobody');
  });
  return Object.assign(server, { requests: 0 });
}

const PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
const exported = ({ own }, type) => own.privateKey.export({ type, format: 'pem' });
const FORMS = {
  'strings, with a key in PKCS#8': [mine.cert, mine.key, 'mine'],
  buffers: [Buffer.from(mine.cert), Buffer.from(mine.key), 'mine'],
  'lists of one': [[mine.cert], [Buffer.from(mine.key)], 'mine'],
  'views into a larger buffer': [within(mine.cert), within(mine.key), 'mine'],
  'a key in SEC1': [mine.cert, exported(mine, 'sec1'), 'mine'],
  'an RSA key in PKCS#8': [rsa.cert, rsa.key, 'rsa'],
  'an RSA key in PKCS#1': [rsa.cert, exported(rsa, 'pkcs1'), 'rsa'],
  'a chain in one text': [below.cert + between.cert, below.key, 'below'],
  'a chain in a list': [[below.cert, Buffer.from(between.cert)], below.key, 'below'],
  'a chain without line ends between': [[below.cert.trim(), between.cert], below.key, 'below'],
  'lines that end with CR LF': [crlf(mine.cert), crlf(mine.key), 'mine'],
  'both in one text, twice': [mine.cert + mine.key, mine.cert + mine.key, 'mine'],
  // As `openssl ecparam -genkey` writes it.
  'a key behind its parameters': [mine.cert, PARAMETERS + exported(mine, 'sec1'), 'mine'],
  'text around them': [`mine:\n${mine.cert}`, `secret:\n${mine.key}\n`, 'mine'],
};

function within(text) {
  return Buffer.from(`....${text}....`).subarray(4, 4 + text.length);
}

function crlf(text) {
  return text.replaceAll('\n', '\r\n');
}

for (const [what, [cert, key, name]] of Object.entries(FORMS)) {
  test(`a server sees who is there, given as ${what}`, async (t) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const server = await serveKnown(t, { maxVersion });
      const [result] = await downloadAll([server.url], { tls: { ca: root.cert, cert, key } });
      assert.equal(result.error?.message ?? result.text(), name, maxVersion);
    }
  });
}

test('a server that wants none sees none, and one that only asks gets none unless it is given', async (t) => {
  const quiet = await serveKnown(t, { requestCert: false });
  const curious = await serveKnown(t, { rejectUnauthorized: false });
  const urls = [quiet.url, curious.url];
  const { cert, key } = mine;
  for (const [tls, names] of [
    [{ cert, key }, ['nobody', 'mine']],
    [{}, ['nobody', 'nobody']],
  ]) {
    const results = await downloadAll(urls, { tls: { ca: root.cert, ...tls } });
    assert.deepEqual(
      results.map((result) => result.error?.message ?? result.text()),
      names,
    );
  }
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  test(`who comes without one is turned away over ${maxVersion}, and not sent again`, async (t) => {
    const server = await serveKnown(t, { maxVersion });
    const [{ error, status }] = await downloadAll([server.url], { tls: { ca: root.cert } });
    assert.deepEqual([error?.code, error?.attempts, status], ['ERR_TLS', 1, 0]);
    assert.deepEqual([server.accepted, server.requests], [1, 0]);
  });

  test(`who comes with one that is not known is turned away over ${maxVersion}`, async (t) => {
    const server = await serveKnown(t, { maxVersion });
    const unknown = [stranger, { cert: below.cert, key: below.key }];
    for (const { cert, key } of unknown) {
      const tls = { ca: root.cert, cert, key };
      const [{ error, status }] = await downloadAll([server.url], { tls, retry: false });
      // Node's server hangs up without a word, where others send an alert.
      assert.deepEqual([error?.code, error?.attempts, status], ['ECONNRESET', 1, 0]);
    }
    assert.deepEqual([server.accepted, server.requests], [2, 0]);
  });
}

test("a client's certificate is its own: other clients come without", async (t) => {
  const server = await serveKnown(t, { rejectUnauthorized: false });
  const known = new Client({ tls: { ca: root.cert, cert: mine.cert, key: mine.key } });
  const other = new Client({ tls: { ca: root.cert, cert: rsa.cert, key: rsa.key } });
  const unknown = new Client({ tls: { ca: root.cert } });
  const calls = [known, unknown, other, known, unknown, other];
  const results = await Promise.all(calls.map((client) => client.downloadAll([server.url])));
  const names = ['mine', 'nobody', 'rsa'];
  assert.deepEqual(
    results.map(([result]) => result.error?.message ?? result.text()),
    [...names, ...names],
  );
});

const encrypted = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
});
const oldEncrypted = rsa.own.privateKey.export({
  ...{ type: 'pkcs1', format: 'pem' },
  ...{ cipher: 'aes-128-cbc', passphrase: 'x' },
});
const broken = mine.key.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n!!!!\n');
const cut = (pem) => pem.replace(/\n[A-Za-z0-9+/=]+\n-----END/, '\n-----END');
const WRONG = {
  'a certificate without a key': [{ cert: mine.cert }],
  'a key without a certificate': [{ key: mine.key }],
  'the key of another certificate': [{ cert: mine.cert, key: below.key }],
  'a key of another kind': [{ cert: mine.cert, key: rsa.key }],
  'the key of another of the same kind': [{ cert: rsa.cert, key: exported(selfRsa(), 'pkcs1') }],
  'an encrypted key': [{ cert: mine.cert, key: encrypted.privateKey }],
  'a key encrypted in the old way': [{ cert: rsa.cert, key: oldEncrypted }],
  'a key that is none': [{ cert: mine.cert, key: 'secret' }],
  'an empty key': [{ cert: mine.cert, key: '' }],
  'no key in a list': [{ cert: mine.cert, key: [] }],
  'a broken key': [{ cert: mine.cert, key: broken }],
  'a key that ends early': [{ cert: mine.cert, key: cut(mine.key) }],
  'a public key': [{ cert: mine.cert, key: encrypted.publicKey }],
  'a certificate in place of a key': [{ cert: mine.cert, key: mine.cert }],
  'a certificate that is none': [{ cert: 'mine', key: mine.key }],
  'a certificate that ends early': [{ cert: cut(mine.cert), key: mine.key }],
  'a chain with a broken one': [{ cert: [mine.cert, cut(between.cert)], key: mine.key }],
  'a key in place of a certificate': [{ cert: mine.key, key: mine.key }],
  'a key in DER': [{ cert: mine.cert, key: mine.own.privateKey.export(DER()) }],
  'a number': [{ cert: 5, key: mine.key }, 'TYPE'],
  'a number as a key': [{ cert: mine.cert, key: 5 }, 'TYPE'],
  null: [{ cert: null, key: mine.key }, 'TYPE'],
  'a KeyObject': [{ cert: mine.cert, key: mine.own.privateKey }, 'TYPE'],
  'a list with a number': [{ cert: [mine.cert, 5], key: mine.key }, 'TYPE'],
};

function selfRsa() {
  return makeCertificate({ name: 'other', kind: 'rsa' });
}

function DER() {
  return { type: 'pkcs8', format: 'der' };
}

/** No line of any key, nor a part of one that would help. */
function assertSilent(text) {
  for (const key of [mine.key, rsa.key, below.key, encrypted.privateKey, broken]) {
    const lines = key.split('\n').filter((line) => line.length > 8 && !line.startsWith('-----'));
    for (const line of lines) assert.ok(!text.includes(line.slice(0, 16)), text);
  }
  assert.ok(!/PRIVATE KEY-----|'secret'/.test(text), text);
}

for (const [what, [tls, kind = 'VALUE']] of Object.entries(WRONG)) {
  test(`${what} is misuse, and told without the key`, async (t) => {
    const server = await serveKnown(t);
    const expected = { name: 'TypeError', code: `ERR_INVALID_ARG_${kind}` };
    const options = { tls: { ca: root.cert, ...tls } };
    assert.throws(
      () => new Client(options),
      (error) => {
        assert.deepEqual({ name: error.name, code: error.code }, expected, inspect(error));
        assert.match(error.message, /tls\.(cert|key)/);
        assertSilent(inspect(error, { depth: 9, showHidden: true }));
        return true;
      },
    );
    await assert.rejects(downloadAll([server.url], options), expected);
    assert.equal(server.accepted, 0);
  });
}

test('neither a client nor a result nor an error shows the key', async (t) => {
  const strict = await serveKnown(t);
  const tls = { ca: root.cert, cert: rsa.cert, key: rsa.key };
  const client = new Client({ tls });
  const others = new Client({ tls: { ...tls, ca: stranger.cert } });
  const [result] = await client.downloadAll([strict.url]);
  const [refused] = await others.downloadAll([strict.url]);
  assert.equal(result.text(), 'rsa');
  assert.equal(refused.error?.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  for (const value of [client, others, result, refused, refused.error]) {
    assertSilent(inspect(value, { depth: 9, showHidden: true }));
    assertSilent(JSON.stringify(value) ?? '');
  }
});
