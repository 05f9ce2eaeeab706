// TLS: who is trusted, under which code others are refused, and which HTTP is spoken.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { identity, makeCertificate } = require('./certificate.js');
const { runInChild } = require('./child.js');
const { serve, serveRaw, serveTls } = require('./server.js');

const root = makeCertificate({ name: 'root', isCa: true });
const middle = makeCertificate({ name: 'middle', isCa: true, issuer: root });
const stranger = makeCertificate({ name: 'stranger', isCa: true });
const good = makeCertificate({ name: 'good', issuer: root });

/** How Node's own client fares: 'accepted', or the code of its error. */
function askNode(url, ca) {
  return new Promise((resolve) => {
    const request = https.get(url, { ca, agent: false }, (response) =>
      resolve('accepted', response.resume()),
    );
    request.on('error', (error) => resolve(error.code));
  });
}

const leaf = (fields) => makeCertificate({ name: 'leaf', issuer: root, ...fields });
const selfSigned = makeCertificate({ name: 'self' });
const underMiddle = leaf({ issuer: middle });
const CASES = {
  'signed by the root given': [[good], root, 'accepted'],
  'signed by an intermediate that is sent': [[underMiddle, middle], root, 'accepted'],
  'signed by itself and given': [[selfSigned], selfSigned, 'accepted'],
  'signed by itself and not given': [[selfSigned], root, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'a CA and not given': [[stranger], root, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'alone, of an unknown issuer': [[good], stranger, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'alone, without its intermediate': [[underMiddle], root, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'with its unknown root': [[good, root], stranger, 'SELF_SIGNED_CERT_IN_CHAIN'],
  'with an intermediate of an unknown root': [
    [underMiddle, middle],
    stranger,
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  expired: [[leaf({ days: [-9, -3] })], root, 'CERT_HAS_EXPIRED'],
  'not valid yet': [[leaf({ days: [3, 9] })], root, 'CERT_NOT_YET_VALID'],
  'for another name': [
    [leaf({ hosts: ['other.test'], ips: [] })],
    root,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  'for another address': [
    [leaf({ hosts: [], ips: ['127.0.0.2'] })],
    root,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  'for a name in its CN alone': [
    [leaf({ name: 'localhost', hosts: [], ips: [] })],
    root,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
};

for (const [what, [chain, trusted, code]] of Object.entries(CASES)) {
  test(`a certificate ${what} fares as with Node: ${code}`, async (t) => {
    let requests = 0;
    const server = await serveTls(t, identity(...chain), (_request, response) => {
      requests += 1;
      response.end('secret');
    });
    assert.equal(await askNode(server.url, trusted.cert), code);
    requests = 0;
    const [result] = await downloadAll([server.url], { tls: { ca: trusted.cert } });
    assert.equal(result.error?.code ?? 'accepted', code);
    assert.equal(requests, code === 'accepted' ? 1 : 0);
    assert.deepEqual([result.attempts, server.accepted], [1, 2], 'nothing is tried again');
    assert.equal(result.text(), code === 'accepted' ? 'secret' : '');
  });
}

test('names are checked against the URL, not the address', async (t) => {
  const { url } = await serveTls(t, identity(leaf({ hosts: ['localhost'], ips: [] })));
  const urls = [url.replace('127.0.0.1', 'localhost'), url];
  const [byName, byAddress] = await downloadAll(urls, { tls: { ca: root.cert } });
  assert.deepEqual([byName.status, byAddress.error?.code], [200, 'ERR_TLS_CERT_ALTNAME_INVALID']);
});

test('ca takes strings, buffers, lists and bundles', async (t) => {
  const { url } = await serveTls(t, identity(good));
  const both = stranger.cert + root.cert;
  for (const ca of [
    root.cert,
    Buffer.from(root.cert),
    [stranger.cert, root.cert],
    both,
    [Buffer.from(both)],
  ]) {
    const [result] = await downloadAll([url], { tls: { ca } });
    assert.equal(result.error, undefined);
  }
});

test('a ca that is none rejects the call', async (t) => {
  const server = await serveTls(t, identity(good));
  const broken = root.cert.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n!!!\n');
  const cases = [
    ...[
      ['', 'VALUE'],
      ['not PEM', 'VALUE'],
      [broken, 'VALUE'],
      [good.key, 'VALUE'],
      [[root.cert, 'x'], 'VALUE'],
    ],
    ...[
      [5, 'TYPE'],
      [null, 'TYPE'],
      [{}, 'TYPE'],
      [[5], 'TYPE'],
      [true, 'TYPE'],
    ],
  ];
  for (const [ca, kind] of cases) {
    for (const tls of [{ ca }, { ca, rejectUnauthorized: false }]) {
      await assert.rejects(downloadAll([server.url], { tls }), {
        name: 'TypeError',
        code: `ERR_INVALID_ARG_${kind}`,
      });
    }
  }
  assert.equal(server.accepted, 0);
});

test('rejectUnauthorized: false accepts anybody, in its own call only', async (t) => {
  const { url } = await serveTls(t, identity(selfSigned));
  const outcomes = [];
  for (const tls of [
    undefined,
    { rejectUnauthorized: false },
    undefined,
    { rejectUnauthorized: true },
    { ca: root.cert },
  ]) {
    const [result] = await downloadAll([url], { tls });
    outcomes.push(result.error?.code ?? result.text());
  }
  const refused = 'DEPTH_ZERO_SELF_SIGNED_CERT';
  assert.deepEqual(outcomes, [refused, '/', refused, refused, refused]);
});

test('what Node is told to trust besides its list is trusted', async (t) => {
  const { url } = await serveTls(t, identity(good));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyfetch-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'extra.pem');
  fs.writeFileSync(file, root.cert);
  const main = async (url) => {
    const [result] = await require('manyfetch').downloadAll([url]);
    console.log(result.error?.code ?? result.text());
  };
  // The other two name nobody whom this server has.
  const files = [file, '', path.join(folder, 'missing.pem')];
  const runs = files.map((NODE_EXTRA_CA_CERTS) =>
    runInChild(main, url, { env: { NODE_EXTRA_CA_CERTS } }),
  );
  const refused = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE\n';
  assert.deepEqual(
    (await Promise.all(runs)).map(({ stdout }) => stdout),
    ['/\n', refused, refused],
  );
});

test('NODE_TLS_REJECT_UNAUTHORIZED opens no door', async (t) => {
  const { url } = await serveTls(t, identity(good));
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const main = async (url) =>
    console.log((await require('manyfetch').downloadAll([url]))[0].error?.code);
  const { stdout } = await runInChild(main, url, { env });
  assert.equal(stdout, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE\n');
});

test('TLS where there is none, and none where there is TLS, are errors', async (t) => {
  const plain = await serve(t);
  const secure = await serveTls(t, identity(good));
  const cut = await serveRaw(t, () => {});
  cut.server.on('connection', (socket) => socket.once('data', () => socket.destroy()));
  const urls = [
    plain.url.replace('http:', 'https:'),
    secure.url.replace('https:', 'http:'),
    cut.url.replace('http:', 'https:'),
  ];
  const results = await downloadAll(urls, { tls: { ca: root.cert }, retry: false });
  assert.equal(results[0].error?.code, 'ERR_TLS');
  assert.ok(
    ['ERR_HTTP_PARSE', 'ECONNRESET'].includes(results[1].error?.code) || results[1].status === 400,
  );
  assert.equal(results[2].error?.code, 'ECONNRESET');
});
