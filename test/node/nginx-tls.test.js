// TLS and HTTP/2 with a server that we did not write: who it lets in, and what it agrees to speak.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { startNginx, withNginx } = require('./nginx.js');

const root = makeCertificate({ name: 'root', isCa: true });
const own = makeCertificate({ name: 'server', issuer: root });
const middle = makeCertificate({ name: 'middle', isCa: true, issuer: root });
const friend = makeCertificate({ name: 'friend', issuer: root });
const distant = makeCertificate({ name: 'distant', issuer: middle });
const stranger = makeCertificate({ name: 'stranger' });
const tls = { ca: root.cert };
const needed = withNginx('http_ssl', 'http_v2');

let server;
let urls;

before(async () => {
  if (needed.skip) return;
  server = await startNginx(5, ([both, one, new3, old2, mutual], folder) => {
    const files = { 'root.pem': root.cert, 'own.pem': own.cert, 'own.key': own.key };
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, name), text);
    }
    const common = `
      location = / { return 200 "$server_protocol $ssl_protocol $connection"; }
      location = /who { return 200 "$ssl_client_verify $ssl_client_s_dn"; }
      location /small { client_max_body_size 1k; return 200 "taken"; }`;
    const listen = (port, words, rest = '') =>
      `server { listen 127.0.0.1:${port} ${words}; ${rest} ${common} }`;
    return `
      ssl_certificate ${folder}/own.pem; ssl_certificate_key ${folder}/own.key;
      ssl_verify_depth 2; ssl_protocols TLSv1.2 TLSv1.3;
      ${listen(both, 'ssl http2')}
      ${listen(one, 'ssl')}
      ${listen(new3, 'ssl', 'ssl_protocols TLSv1.3;')}
      ${listen(old2, 'ssl', 'ssl_protocols TLSv1.2;')}
      ${listen(mutual, 'ssl http2', `ssl_verify_client on; ssl_client_certificate ${folder}/root.pem;`)}`;
  });
  const names = ['both', 'one', 'new3', 'old2', 'mutual'];
  urls = Object.fromEntries(
    names.map((name, i) => [name, `https://127.0.0.1:${server.ports[i]}/`]),
  );
});

after(() => server?.stop());

test('the newest version that both speak is spoken, of HTTP and of TLS', needed, async () => {
  const results = await downloadAll([urls.both, urls.one, urls.new3, urls.old2], { tls });
  assert.deepEqual(
    results.map((result) => [result.error, result.httpVersion, result.text().replace(/ \d+$/, '')]),
    [
      [undefined, '2', 'HTTP/2.0 TLSv1.3'],
      [undefined, '1.1', 'HTTP/1.1 TLSv1.3'],
      [undefined, '1.1', 'HTTP/1.1 TLSv1.3'],
      [undefined, '1.1', 'HTTP/1.1 TLSv1.2'],
    ],
  );
});

test('HTTP/2 is not spoken where it is switched off', needed, async () => {
  const [result] = await downloadAll([urls.both], { tls, http2: false });
  assert.deepEqual([result.error, result.httpVersion], [undefined, '1.1']);
  assert.match(result.text(), /^HTTP\/1\.1 /);
});

test(
  'a server that is older than the oldest version that is spoken is an error',
  needed,
  async () => {
    const options = { tls: { ...tls, minVersion: '1.3' }, retry: false };
    const results = await downloadAll([urls.new3, urls.both, urls.old2], options);
    assert.deepEqual(
      results.map(({ status, error }) => error?.code ?? status),
      [200, 200, 'ERR_TLS'],
    );
  },
);

test(
  'many requests share few connections of HTTP/2, and one client keeps its own',
  needed,
  async () => {
    const client = new Client({ tls });
    const first = await client.downloadAll([urls.both]);
    const results = await client.downloadAll(Array(300).fill(urls.both));
    const connections = new Set(
      [...first, ...results].map((result) => result.text().split(' ')[2]),
    );
    assert.equal(connections.size, 1);
    assert.ok(results.every(({ timings }) => timings.reused));
  },
);

test('a certificate is shown to a server that asks for one', needed, async () => {
  for (const http2 of [true, false]) {
    for (const [name, cert, { key }] of [
      ['friend', friend.cert, friend],
      ['distant', distant.cert + middle.cert, distant],
      ['distant', [distant.cert, middle.cert], distant],
    ]) {
      const options = { tls: { ...tls, cert, key }, http2 };
      const [result] = await downloadAll([`${urls.mutual}who`], options);
      assert.deepEqual([result.error, result.text()], [undefined, `SUCCESS CN=${name}`]);
      assert.equal(result.httpVersion, http2 ? '2' : '1.1');
    }
  }
});

test('a server that wants another certificate, or any, says so with a 400', needed, async () => {
  for (const http2 of [true, false]) {
    for (const [mine, said] of [
      [undefined, 'No required SSL certificate was sent'],
      [stranger, 'The SSL certificate error'],
      [distant, 'The SSL certificate error'],
    ]) {
      const options = { tls: { ...tls, cert: mine?.cert, key: mine?.key }, http2, retry: false };
      const [result] = await downloadAll([`${urls.mutual}who`], options);
      assert.deepEqual([result.error, result.status], [undefined, 400]);
      assert.ok(result.text().includes(said), result.text());
    }
  }
});

test('clients with different certificates never share a connection', needed, async () => {
  const clients = [friend, undefined, friend].map(
    (mine) => new Client({ tls: { ...tls, cert: mine?.cert, key: mine?.key } }),
  );
  for (let round = 0; round < 3; round++) {
    const runs = clients.map((client) => client.downloadAll([`${urls.mutual}who`]));
    const statuses = (await Promise.all(runs)).map(([{ status }]) => status);
    assert.deepEqual(statuses, [200, 400, 200]);
  }
});

test('a server that is not trusted is refused, whatever it speaks', needed, async () => {
  const all = Object.values(urls);
  for (const http2 of [true, false]) {
    for (const { error, status } of await downloadAll(all, { tls: { ca: stranger.cert }, http2 })) {
      assert.deepEqual([error?.code, status], ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 0]);
    }
  }
});

test('an upload that is too large is answered while it is under way', needed, async () => {
  const body = Buffer.alloc(20 << 20, 'x');
  for (const http2 of [true, false]) {
    const options = { tls, http2, method: 'POST', body, retry: false };
    const [result] = await downloadAll([`${urls.both}small`], options);
    assert.deepEqual([http2, result.error, result.status], [http2, undefined, 413]);
    assert.equal(result.httpVersion, http2 ? '2' : '1.1');
  }
});
