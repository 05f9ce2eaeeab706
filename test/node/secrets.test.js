// Secrets that requests were sent with: they are in no result, no error and no client, whatever becomes of the requests.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { assertSilent, CANARY } = require('./canary.js');
const { closedPort, serve, serveRaw } = require('./server.js');

test('the credentials of a URL are shown nowhere, whatever becomes of it', async (t) => {
  const { url, port } = await serve(t, (request, response) => {
    const location = {
      '/to': `http://user:${CANARY}@127.0.0.1:${port}/there`,
      '/broken': `http://user:${CANARY}@[::1`,
      '/scheme': `ftp://user:${CANARY}@127.0.0.1/`,
      '/loop': `//user:${CANARY}@127.0.0.1:${port}/loop`,
    }[request.url];
    if (location) response.writeHead(302, { location }).end();
    else response.end('not JSON');
  });
  const secret = `user:${CANARY}@`;
  const own = url.replace('://', `://${secret}`);
  const raw = await serveRaw(t, (socket) => socket.end('what?\r\n\r\n'));
  const texts = [
    ...[own, `${own}/to`, `${own}/broken`, `${own}/scheme`, `${own}/loop`],
    ...[
      `http://${secret}127.0.0.1:${await closedPort(t)}/`,
      raw.url.replace('://', `://${secret}`),
    ],
    ...[
      `http://${secret}`,
      `http://${secret}[::1`,
      `http://${secret}a:99999`,
      `http://${secret}a b`,
    ],
    ...[
      `ftp://${secret}a/`,
      `//${secret}a`,
      `${secret}a`,
      `http:${secret}a:x`,
      `http:\\\\${secret}a b`,
    ],
    ...[
      `http://user:${CANARY}/x@a:x`,
      `http://user:${CANARY}?x@a b`,
      `http://user:${CANARY}\t@a:x`,
    ],
    ...[`http://${CANARY}@a b/`, `https://user:pass@${CANARY}@a:x`],
  ];
  const items = [
    ...texts,
    new URL(own),
    ...texts.map((text) => ({ url: text, headers: { 'a b': 'x' } })),
  ];
  const results = await downloadAll(items, { retry: false });
  for (const [i, result] of results.entries()) {
    // A server's fields are as the server wrote them.
    if (!result.headers.has('location')) assertSilent(result, inspect(items[i]));
    assertSilent([result.url, result.requestUrl, result.redirects], inspect(items[i]));
    if (result.error) assertSilent(result.error, inspect(items[i]));
  }
  assert.throws(
    () => results[0].json(),
    (error) => {
      assertSilent(error, 'the body is no JSON');
      return error instanceof SyntaxError;
    },
  );
  assert.deepEqual([results[0].status, results[1].redirects], [200, [`${url}/there`]]);
  await assert.rejects(downloadAll([`http://${secret}[::1`], { stopOnError: true }), (error) => {
    assertSilent(error, 'of the call');
    return error.code === 'ERR_INVALID_URL';
  });
});

test('what a request was sent with is in no result, no error and no client', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/reset') return request.socket.destroy();
    response.writeHead(request.url === '/404' ? 404 : 200).end();
  });
  const port = await closedPort(t);
  const urls = [`${url}/`, `${url}/404`, `${url}/reset`, `http://127.0.0.1:${port}/`];
  const basic = { username: 'user', password: CANARY };
  const secrets = [
    { auth: basic },
    { auth: { bearer: CANARY } },
    { headers: { authorization: `Bearer ${CANARY}`, cookie: `a=${CANARY}`, 'x-api-key': CANARY } },
    { method: 'POST', json: { password: CANARY } },
    { method: 'POST', body: `password=${CANARY}` },
    { hosts: { '*': { auth: basic } } },
  ];
  for (const options of secrets) {
    const client = new Client(options);
    const results = await client.downloadAll(urls, { retry: false });
    assert.deepEqual(
      results.map(({ error }) => error?.code),
      [undefined, undefined, 'ECONNRESET', 'ECONNREFUSED'],
    );
    assertSilent([results, results.stats, client], inspect(options));
    const { hosts, ...own } = options;
    assertSilent(
      await downloadAll(
        urls.map((url) => ({ url, ...own })),
        { hosts, retry: false },
      ),
      inspect(options),
    );
  }
});

test('the credentials of a proxy that cannot be reached are not shown', async (t) => {
  const port = await closedPort(t);
  for (const scheme of ['http', 'https', 'socks5', 'socks5h', 'socks4']) {
    const proxy = `${scheme}://user:${CANARY}@127.0.0.1:${port}`;
    const results = await downloadAll(['http://127.0.0.1:1/', 'https://127.0.0.1:1/'], {
      proxy,
      retry: false,
    });
    for (const { error } of results) assert.equal(error.code, 'ERR_PROXY');
    assertSilent(results, scheme);
  }
});
