// What becomes of a redirect: it is followed, up to a limit, handed over or an error.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { serve, serveRequests } = require('./server.js');

const STATUSES = [301, 302, 303, 307, 308];
const NONE = Number.POSITIVE_INFINITY;

/** `/STATUS` redirects to `location`, and everything else is answered with the path. */
function redirectTo(location) {
  return ({ url }, response) => {
    const status = Number(url.slice(1)) || 200;
    response.writeHead(status, status === 200 ? {} : { location }).end(url);
  };
}

/** Redirects `left` times, from /left to /0. */
function countDown({ url }, response) {
  const left = Number(url.slice(1));
  if (left === 0) response.end('arrived');
  else response.writeHead(302, { location: `/${left - 1}` }).end();
}

test('with the mode manual a redirect is the response, as it came', async (t) => {
  const { url, requests } = await serveRequests(t, redirectTo('/to?a=1'));
  const urls = STATUSES.map((status) => `${url}/${status}`);
  for (const [i, result] of (await downloadAll(urls, { redirect: 'manual' })).entries()) {
    const { status, ok, error, redirected, redirects, headers } = result;
    assert.deepEqual(
      [status, ok, error, redirected, redirects],
      [STATUSES[i], false, undefined, false, []],
    );
    assert.equal(headers.get('location'), '/to?a=1');
    assert.deepEqual(
      [result.url, result.requestUrl, result.text()],
      [urls[i], urls[i], `/${STATUSES[i]}`],
    );
  }
  assert.equal(requests.length, 5);
});

test('with the mode manual nobody looks at the Location', async (t) => {
  const locations = ['http://[::1', 'ftp://a/', 'http://a b', ''];
  const { url } = await serveRequests(t, (request, response) => {
    response.writeHead(302, { location: locations[Number(request.url.slice(1))] }).end();
  });
  const results = await downloadAll(
    locations.map((_, i) => `${url}/${i}`),
    { redirect: 'manual', maxRedirects: 0 },
  );
  assert.deepEqual(
    results.map(({ status, error }) => [status, error]),
    locations.map(() => [302, undefined]),
  );
});

test('with the mode error a redirect is one, and nothing more is sent', async (t) => {
  const { url, requests } = await serveRequests(t, redirectTo('/to'));
  const urls = STATUSES.map((status) => `${url}/${status}`);
  for (const [i, result] of (await downloadAll(urls, { redirect: 'error' })).entries()) {
    const { code, url, attempts } = result.error;
    assert.deepEqual([code, url, attempts], ['ERR_REDIRECT', urls[i], 1]);
    assert.deepEqual(
      [result.status, result.ok, result.redirects, result.body.length],
      [STATUSES[i], false, [], 0],
    );
  }
  assert.equal(requests.length, 5);
});

const PLAIN = [200, 204, 300, 304, 305, 306, 404, 500];
for (const redirect of ['follow', 'manual', 'error']) {
  test(`with the mode ${redirect}, what is no redirect is a response, with a Location or without`, async (t) => {
    const { url } = await serveRequests(t, (request, response) => {
      const [, status, location] = request.url.split('/');
      response.writeHead(Number(status), location && { location }).end();
    });
    const urls = PLAIN.flatMap((status) => [`${url}/${status}`, `${url}/${status}/to`]);
    const results = await downloadAll(urls, { redirect, retry: false });
    assert.deepEqual(
      results.map(({ status, error, redirected }) => [status, error, redirected]),
      PLAIN.flatMap((status) => Array(2).fill([status, undefined, false])),
    );
  });

  test(`with the mode ${redirect}, a redirect that leads nowhere is what it is to fetch`, async (t) => {
    const { url } = await serve(t, (request, response) =>
      response.writeHead(Number(request.url.slice(1))).end('where?'),
    );
    const urls = STATUSES.map((status) => `${url}/${status}`);
    const results = await downloadAll(urls, { redirect });
    for (const [i, { status, error }] of results.entries()) {
      const fetched = await fetch(urls[i], { redirect }).then(
        ({ status }) => status,
        () => 'ERR_REDIRECT',
      );
      assert.equal(error?.code ?? status, fetched);
    }
  });
}

test('the mode of an item wins over that of the call, and that over the client’s', async (t) => {
  const { url } = await serveRequests(t, redirectTo('/to'));
  const client = new Client({ redirect: 'error', maxRedirects: 0 });
  const item = (options) => ({ url: `${url}/302`, ...options });
  const items = [
    item(),
    item({ redirect: 'follow', maxRedirects: 1 }),
    item({ redirect: 'error' }),
  ];
  const [manual, followed, failed] = await client.downloadAll(items, { redirect: 'manual' });
  assert.deepEqual(
    [manual.status, followed.text(), failed.error?.code],
    [302, '/to', 'ERR_REDIRECT'],
  );
  const [byClient] = await client.downloadAll([item()]);
  assert.equal(byClient.error.code, 'ERR_REDIRECT');
});

test('what is no mode is refused', async (t) => {
  const server = await serve(t);
  const wrong = {
    ERR_INVALID_ARG_VALUE: ['', 'Follow', 'none'],
    ERR_INVALID_ARG_TYPE: [null, 5, true, {}],
  };
  for (const [code, modes] of Object.entries(wrong)) {
    for (const redirect of modes) {
      await assert.rejects(downloadAll([server.url], { redirect }), { name: 'TypeError', code });
      assert.equal((await downloadAll([{ url: server.url, redirect }]))[0].error.code, code);
    }
  }
  assert.equal(server.accepted, 0);
});

for (const [maxRedirects, fine, tooFar] of [
  [0, [0], [1, 2]],
  [1, [0, 1], [2]],
  [3, [3], [4]],
  [undefined, [20], [21]],
  [25, [25], [26]],
  [NONE, [60], []],
]) {
  test(`with maxRedirects ${maxRedirects}, so many are followed and no more`, async (t) => {
    const { url, requests } = await serveRequests(t, countDown);
    for (const count of fine) {
      const [result] = await downloadAll([`${url}/${count}`], { maxRedirects });
      assert.deepEqual(
        [result.text(), result.redirects.length, result.error],
        ['arrived', count, undefined],
      );
    }
    for (const count of tooFar) {
      requests.length = 0;
      const [result] = await downloadAll([{ url: `${url}/${count}`, maxRedirects }]);
      const limit = maxRedirects ?? 20;
      assert.deepEqual(
        [result.error.code, result.redirects.length],
        ['ERR_TOO_MANY_REDIRECTS', limit],
      );
      assert.equal(requests.length, limit + 1);
      assert.deepEqual([result.body.length, result.attempts], [0, 1]);
    }
  });
}
