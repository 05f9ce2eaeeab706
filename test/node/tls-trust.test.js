// Trust: which names a certificate is good for, which chains lead to a root, and that one client's trust is no other's.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http2 = require('node:http2');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { identity, makeCertificate } = require('./certificate.js');
const { runInChild } = require('./child.js');
const { listen, serveTls } = require('./server.js');

const root = makeCertificate({ name: 'root', isCa: true });
const stranger = makeCertificate({ name: 'stranger', isCa: true });
const selfSigned = makeCertificate({ name: 'self' });
const leaf = (fields) => makeCertificate({ name: 'leaf', issuer: root, ...fields });
const good = leaf();
const under = (issuer, name) => makeCertificate({ name, isCa: true, issuer });

const MISMATCH = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** A server with these certificates that counts its requests. */
async function serveCounting(t, ...certificates) {
  const server = await serveTls(t, identity(...certificates), (_request, response) => {
    server.requests += 1;
    response.end('secret');
  });
  return Object.assign(server, { requests: 0 });
}

/** What comes of one request to `server` under the name `host`. */
async function outcome(server, { host = '127.0.0.1', trusted = root } = {}) {
  const [result] = await downloadAll([server.url.replace('127.0.0.1', host)], {
    tls: { ca: trusted.cert },
    dns: /[a-z]/i.test(host) ? { overrides: { [host]: '127.0.0.1' } } : {},
    retry: { limit: 2, backoff: { base: 0 } },
  });
  assert.equal(result.attempts, 1, 'nothing is tried again');
  assert.equal(server.accepted, 1);
  assert.equal(server.requests, result.error ? 0 : 1);
  return result.error?.code ?? result.text();
}

const NAMES = [
  [['*.a.test'], 'b.a.test', 'secret'],
  [['*.A.test'], 'B.a.TEST', 'secret'],
  [['*.a.test'], 'b.a.test.', 'secret'],
  [['*.a.test'], 'b_c.a.test', 'secret'],
  [['*.a.test'], 'xn--bcher-kva.a.test', 'secret'],
  [['*', '*.test', 'x.test', 'b.a.test'], 'b.a.test', 'secret'],
  [['*.a.test'], 'c.b.a.test', MISMATCH],
  [['*.a.test'], 'a.test', MISMATCH],
  [['*.a.test'], 'ba.test', MISMATCH],
  [['*.test'], 'a.test', MISMATCH],
  [['*.test'], 'b.a.test', MISMATCH],
  [['*'], 'a.test', MISMATCH],
  [['*.*.test'], 'b.a.test', MISMATCH],
  [['b*.a.test'], 'bc.a.test', MISMATCH],
  [['*b.a.test'], 'cb.a.test', MISMATCH],
  [['xn--*.a.test'], 'xn--bcher-kva.a.test', MISMATCH],
  [['b.*.test'], 'b.a.test', MISMATCH],
  [['.a.test'], 'b.a.test', MISMATCH],
  [['a.test'], 'b.a.test', MISMATCH],
  [['b.a.test\0.evil.test'], 'b.a.test', MISMATCH],
  [['*.0.0.1', '127.0.0.1'], '127.0.0.1', MISMATCH],
];

for (const [hosts, host, expected] of NAMES) {
  test(`a certificate for ${JSON.stringify(hosts)} at ${host}: ${expected}`, async (t) => {
    const server = await serveCounting(t, leaf({ hosts, ips: [] }));
    assert.equal(await outcome(server, { host }), expected);
  });
}

const many = Array.from({ length: 2_000 }, (_, i) => `host-${i}.a.test`);
const manyNames = leaf({ hosts: many, ips: [] });

test('of two thousand names each is good, and no other', async (t) => {
  for (const host of [many[0], many.at(-1)]) {
    assert.equal(await outcome(await serveCounting(t, manyNames), { host }), 'secret');
  }
  const host = `host-${many.length}.a.test`;
  assert.equal(await outcome(await serveCounting(t, manyNames), { host }), MISMATCH);
});

const steps = [root];
for (let i = 1; i <= 5; i++) steps.push(under(steps.at(-1), `step ${i}`));
const [, first, second] = steps;
const below = leaf({ issuer: second });
const deep = leaf({ issuer: steps.at(-1) });
const CHAINS = {
  'a chain in its order': [[below, second, first], 'secret'],
  'a chain in the wrong order': [[below, root, first, second], 'secret'],
  'a chain with others between': [[below, stranger, first, selfSigned, second], 'secret'],
  'a chain with everything twice': [[below, second, first, below, second, first, root], 'secret'],
  'a chain of five': [[deep, ...steps.slice(1).reverse()], 'secret'],
  'a chain that lacks the upper one': [[below, second], 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  'a chain that lacks the lower one': [[below, first], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'a chain that is of somebody else': [
    [leaf({ issuer: under(stranger, 'unknown') }), selfSigned],
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  'a certificate of 50 KB': [[leaf({ padding: 50_000 })], 'secret'],
  'a certificate of 200 KB': [[leaf({ padding: 200_000 })], 'ERR_TLS'],
  'a chain of 200 KB': [[good, ...Array(500).fill(first)], 'ERR_TLS'],
};

for (const [what, [certificates, expected]] of Object.entries(CHAINS)) {
  test(`${what}: ${expected}`, async (t) => {
    assert.equal(await outcome(await serveCounting(t, ...certificates)), expected);
  });
}

test('a chain that could be built in endless ways is refused', async (t) => {
  const lost = makeCertificate({ name: 'same', isCa: true });
  const same = Array.from({ length: 60 }, () => under(lost, 'same'));
  const server = await serveCounting(t, leaf({ issuer: same[0] }), ...same);
  assert.match(await outcome(server), /^(ERR_TLS|UNABLE_TO_|SELF_SIGNED_)/);
});

/** Serves one version of HTTP, as somebody whom nobody knows, and remembers who asked. */
async function serveUnknown(t, version) {
  const asked = [];
  const answer = (request, response) => {
    asked.push(request.headers['x-who']);
    response.end(request.httpVersion);
  };
  const server =
    version === '2.0'
      ? await listen(t, http2.createSecureServer(identity(selfSigned), answer), 'https')
      : await serveTls(t, identity(selfSigned), answer);
  return Object.assign(server, { asked });
}

const careless = () => new Client({ tls: { rejectUnauthorized: false } });
const careful = () => new Client();
const ORDERS = {
  'after it': (trusting, other) => [[trusting()], [other()], [trusting()]],
  'before it': (trusting, other) => [[other()], [trusting()], [other()]],
  'beside it': (trusting, other) => [[trusting(), other(), trusting(), other(), other()]],
};

for (const [when, order] of Object.entries(ORDERS)) {
  for (const version of ['1.1', '2.0']) {
    test(`who trusts anybody opens no door to who comes ${when} over HTTP/${version}`, async (t) => {
      const server = await serveUnknown(t, version);
      const [open, strict] = [careless(), careful()];
      const ask = async (client, who) => {
        const [{ error, body }] = await client.downloadAll([server.url], {
          headers: { 'x-who': who },
        });
        return [who, error?.code ?? body.toString()];
      };
      const trusting = () => ask(open, 'trusting');
      const other = () => ask(strict, 'other');
      const expected = { trusting: version, other: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
      const steps = order(
        () => trusting,
        () => other,
      );
      for (const step of steps) {
        const answers = await Promise.all(step.map((go) => go()));
        for (const [who, answer] of answers) assert.equal(answer, expected[who], who);
      }
      assert.deepEqual([...new Set(server.asked)], ['trusting']);
    });
  }
}

test('each client trusts whom it was given, whoever else is trusted beside it', async (t) => {
  const authorities = [root, stranger];
  const servers = await Promise.all(
    authorities.map((issuer) => serveTls(t, identity(leaf({ issuer })))),
  );
  const clients = authorities.map(({ cert }) => new Client({ tls: { ca: cert } }));
  const urls = servers.map(({ url }) => url);
  const answers = async () => {
    const results = await Promise.all(clients.map((client) => client.downloadAll(urls)));
    return results.map((both) => both.map(({ error, status }) => error?.code ?? status));
  };
  const refused = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const expected = [
    [200, refused],
    [refused, 200],
  ];
  assert.deepEqual(await answers(), expected);
  assert.deepEqual(await answers(), expected, 'over kept connections too');
});

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyfetch-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const rootFile = path.join(folder, 'root.pem');
const keyLog = path.join(folder, 'keys');
const nothing = path.join(folder, 'nothing');
fs.writeFileSync(rootFile, root.cert);

const refused = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
const extra = { NODE_EXTRA_CA_CERTS: rootFile };
const ENVIRONMENTS = {
  'SSL_CERT_FILE, which Node does not read': [{ SSL_CERT_FILE: rootFile }, refused],
  'no store of the system': [{ SSL_CERT_FILE: nothing, SSL_CERT_DIR: nothing }, refused],
  'no store of the system, but NODE_EXTRA_CA_CERTS': [
    { SSL_CERT_FILE: nothing, SSL_CERT_DIR: nothing, ...extra },
    'accepted',
  ],
  '--use-openssl-ca and NODE_EXTRA_CA_CERTS': [
    { NODE_OPTIONS: '--use-openssl-ca', ...extra },
    'accepted',
  ],
  '--use-openssl-ca and no store': [
    { NODE_OPTIONS: '--use-openssl-ca', SSL_CERT_FILE: nothing, SSL_CERT_DIR: nothing },
    refused,
  ],
  'SSLKEYLOGFILE, which is not written': [{ SSLKEYLOGFILE: keyLog, ...extra }, 'accepted'],
};

for (const [what, [env, expected]] of Object.entries(ENVIRONMENTS)) {
  test(`with ${what}, a server of one’s own root is as with Node: ${expected}`, async (t) => {
    const { url } = await serveTls(t, identity(good));
    const main = async (url) => {
      const ours = (await require('manyfetch').downloadAll([url]))[0];
      require('node:https')
        .get(url, { agent: false }, (response) => answer('accepted', response.resume()))
        .on('error', ({ code }) => answer(code));
      const answer = (nodes) => console.log(ours.error?.code ?? 'accepted', nodes);
    };
    const { stdout, stderr, code } = await runInChild(main, url, { env });
    assert.deepEqual([stdout, stderr, code], [`${expected} ${expected}\n`, '', 0]);
    assert.ok(!fs.existsSync(keyLog));
  });
}
