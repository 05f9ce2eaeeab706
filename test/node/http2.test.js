// Versions of HTTP: which one is spoken, and that a stream's faults stay its own.

'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { startOrigin } = require('./origin.js');
const { listen, serveTls } = require('./server.js');

const identity = makeCertificate({ name: 'localhost' });
const tls = { ca: identity.cert };

test('HTTP/2 is spoken where the server offers it, over few connections', async (t) => {
  const server = http2.createSecureServer(
    { key: identity.key, cert: identity.cert, allowHTTP1: true },
    (request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end(`${request.httpVersion} ${request.url}`);
    },
  );
  const two = await listen(t, server, 'https');
  const one = await serveTls(t, identity, (request, response) =>
    response.end(`${request.httpVersion} ${request.url}`),
  );
  const urls = [two, one].flatMap(({ url }) =>
    Array.from({ length: 200 }, (_, i) => `${url}/${i}`),
  );
  const results = await downloadAll(urls, { tls });
  for (const [i, result] of results.entries()) {
    const [version, text] = i < 200 ? ['2', `2.0 /${i}`] : ['1.1', `1.1 /${i - 200}`];
    assert.deepEqual([result.error, result.httpVersion, result.text()], [undefined, version, text]);
  }
  assert.deepEqual(
    [results[0].statusText, results[0].headers.getSetCookie()],
    ['', ['a=1', 'b=2']],
  );
  assert.ok([...results[0].headers.keys()].every((name) => !name.startsWith(':')));
  assert.ok(two.accepted <= 10, `${two.accepted} connections`);
});

test('an HTTP/2 stream that is reset or cut is the error of its item alone', async (t) => {
  const server = http2.createSecureServer(identity, (request, response) => {
    if (request.url === '/reset')
      return request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 });
      return response.write('not all', () =>
        request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
      );
    }
    response.end(request.url);
  });
  const { url } = await listen(t, server, 'https');
  const paths = Array.from({ length: 60 }, (_, i) => ['/reset', '/cut', `/${i}`][i % 3]);
  const results = await downloadAll(
    paths.map((path) => url + path),
    { tls, retry: false },
  );
  for (const [i, result] of results.entries()) {
    const expected = i % 3 === 2 ? `/${i}` : 'ERR_HTTP2';
    assert.equal(result.error?.code ?? result.text(), expected);
    if (result.error) assert.equal(result.body.length, 0);
  }
});

test("the project's own origin speaks both versions", async (t) => {
  const { hosts, ca } = await startOrigin(t);
  const { https: secure, http } = hosts.a;
  const paths = ['/bytes/1000', '/status/404', '/delay/1', '/bytes/0'];
  const results = await downloadAll(
    [secure, http].flatMap((host) => paths.map((path) => host + path)),
    { tls: { ca } },
  );
  assert.deepEqual(
    results.map(({ httpVersion, status, size }) => [httpVersion, status, size]),
    ['2', '1.1'].flatMap((version) => [
      [version, 200, 1_000],
      [version, 404, 0],
      [version, 200, 0],
      [version, 200, 0],
    ]),
  );
  assert.deepEqual(results[0].body, results[4].body);
  const [{ error }] = await downloadAll([`${secure}/bytes/1`]);
  assert.match(error.code, /^(UNABLE_TO_|SELF_SIGNED_CERT_IN_CHAIN)/);
});
