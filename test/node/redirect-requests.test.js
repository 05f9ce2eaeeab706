// What of a request goes along with a redirect: its method, its body and what describes it, and its secrets.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { serveRequests } = require('./server.js');

/** By status, whether the method of a request stays. */
const KEEPS = {
  301: ({ method }) => method !== 'POST',
  302: ({ method }) => method !== 'POST',
  303: () => false,
  307: () => true,
  308: () => true,
};

for (const [status, keeps] of Object.entries(KEEPS)) {
  for (const isAway of [false, true]) {
    test(`a ${status} ${isAway ? 'to another origin ' : ''}keeps method and body, or drops both with what describes them`, async (t) => {
      const away = await serveRequests(t);
      const { url, requests } = await serveRequests(t, (request, response) => {
        if (request.url !== '/from') return response.end();
        response.writeHead(Number(status), { location: isAway ? `${away.url}/to` : '/to' }).end();
      });
      const bodies = {
        POST: 'text',
        PUT: Buffer.from([0, 255]),
        PATCH: new URLSearchParams('a=b'),
        DELETE: new Blob(['x'], { type: 'a/b' }),
      };
      const described = {
        'content-language': 'de',
        'content-encoding': 'x',
        'content-location': '/x',
      };
      const headers = { ...described, 'x-mine': 'm', referer: 'r' };
      for (const [method, body] of Object.entries(bodies)) {
        await downloadAll([{ url: `${url}/from`, method, body, headers }]);
        const first = requests.find((request) => request.method === method);
        const next = (isAway ? away.requests : requests).at(-1);
        assert.equal(next.url, '/to');
        assert.ok(first.body.length > 0);
        assert.equal(next.headers['x-mine'], 'm');
        const names = [...Object.keys(described), 'content-type', 'content-length'];
        const kept = names.map((name) => next.headers[name]);
        if (keeps({ method })) {
          assert.equal(next.method, method);
          assert.ok(next.body.equals(first.body), method);
          assert.deepEqual(
            kept,
            names.map((name) => first.headers[name]),
          );
        } else {
          assert.deepEqual([next.method, next.body.length], ['GET', 0]);
          assert.deepEqual(
            kept,
            names.map(() => undefined),
          );
          assert.equal(next.headers['transfer-encoding'], undefined);
        }
      }
    });
  }
}

test('GET and HEAD stay what they are', async (t) => {
  const { url, requests } = await serveRequests(t, ({ url }, response) => {
    if (url === '/to') response.end();
    else response.writeHead(Number(url.slice(1)), { location: '/to' }).end();
  });
  for (const method of ['GET', 'HEAD']) {
    requests.length = 0;
    await downloadAll(Object.keys(KEEPS).map((status) => ({ url: `${url}/${status}`, method })));
    assert.deepEqual(
      requests.map((request) => request.method),
      Array(10).fill(method),
    );
    assert.equal(requests.filter((request) => request.url === '/to').length, 5);
  }
});

test('a body goes along a chain of redirects until one drops it', async (t) => {
  const { url, requests } = await serveRequests(t, (request, response) => {
    const [, status, ...rest] = request.url.split('/');
    if (!status) response.end();
    else response.writeHead(Number(status), { location: `/${rest.join('/')}` }).end();
  });
  await downloadAll([`${url}/307/308/303/307/`], { method: 'POST', json: [1] });
  assert.deepEqual(
    requests.map(({ method, body }) => `${method} ${body}`),
    ['POST [1]', 'POST [1]', 'POST [1]', 'GET ', 'GET '],
  );
});

const SECRET = {
  authorization: 'a',
  cookie: 'c=1',
  'proxy-authorization': 'p',
  'x-api-key': 'k',
  'X-Token': 't',
};
const NAMES = Object.keys(SECRET).map((name) => name.toLowerCase());
const secretsOf = ({ headers }) => NAMES.filter((name) => name in headers);

test('credentials and the headers that are named sensitive do not go to another origin with a body', async (t) => {
  const away = await serveRequests(t);
  const home = await serveRequests(t, ({ url }, response) => {
    response.writeHead(307, { location: url === '/1' ? '/2' : `${away.url}/3` }).end();
  });
  const request = { method: 'POST', json: { a: 1 }, headers: SECRET };
  await new Client({ sensitiveHeaders: ['X-Api-Key', 'x-token'] }).downloadAll(
    [`${home.url}/1`],
    request,
  );
  assert.deepEqual(home.requests.map(secretsOf), [NAMES, NAMES]);
  const [there] = away.requests;
  assert.deepEqual(
    [there.method, String(there.body), there.headers['content-type']],
    ['POST', '{"a":1}', 'application/json'],
  );
  assert.deepEqual(secretsOf(there), []);
  // Nobody but their sender knows that they are secret.
  await downloadAll([`${home.url}/1`], request);
  assert.deepEqual(secretsOf(away.requests[1]), ['x-api-key', 'x-token']);
});

test('names of sensitive headers are checked', async () => {
  const wrong = {
    ERR_INVALID_HTTP_TOKEN: [['a b'], ['']],
    ERR_INVALID_ARG_TYPE: ['x-a', [5], null],
  };
  for (const [code, all] of Object.entries(wrong)) {
    for (const sensitiveHeaders of all) {
      await assert.rejects(downloadAll([], { sensitiveHeaders }), { name: 'TypeError', code });
    }
  }
});

test('from https to http and back, credentials are dropped and the rest goes along', async (t) => {
  const identity = makeCertificate({ name: 'localhost' });
  const plain = await serveRequests(t, (_request, response) => {
    response.writeHead(308, { location: `${secure.url}/back` }).end();
  });
  const answer = ({ url }, response) => {
    if (url === '/back') response.end('home');
    else response.writeHead(307, { location: `${plain.url}/plain` }).end();
  };
  const secure = await serveRequests(t, answer, identity);
  const client = new Client({ tls: { ca: identity.cert }, sensitiveHeaders: ['x-token'] });
  const [result] = await client.downloadAll([
    { url: `${secure.url}/start`, method: 'PUT', body: 'x', headers: SECRET },
  ]);
  assert.deepEqual(result.redirects, [`${plain.url}/plain`, `${secure.url}/back`]);
  assert.equal(result.text(), 'home');
  const hops = [secure.requests[0], plain.requests[0], secure.requests[1]];
  assert.deepEqual(
    hops.map(({ method, body }) => `${method} ${body}`),
    Array(3).fill('PUT x'),
  );
  assert.deepEqual(hops.map(secretsOf), [NAMES, ['x-api-key'], ['x-api-key']]);
});
