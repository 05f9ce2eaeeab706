// Secrets planted wherever an option takes one: servers get them, and nobody reads them in a result or an error.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { runInChild } = require('./child.js');
const { closedPort, serve, serveRaw, serveTls } = require('./server.js');

const CANARY = 'c4n4ry';
/** How the canary looks in Basic credentials, at each of the three places in which a byte can stand there. */
const ENCODED = [0, 1, 2].map((before) => {
  const text = Buffer.from(`${'x'.repeat(before)}${CANARY}`).toString('base64');
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + CANARY.length) * 8) / 6));
});

/** All that can be read of an error: itself, what it was made from, and its copies. */
function textsOf(error) {
  const chain = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) chain.push(cause);
  return [
    ...chain.flatMap(({ message, stack, url, code }) => [message, stack, String(url), code]),
    ...chain.map((cause) => String(cause)),
    JSON.stringify(error),
    inspect(error, { depth: 9, showHidden: true }),
    inspect(structuredClone(error), { depth: 9 }),
    structuredClone(error).stack,
  ];
}

function assertSilent(texts, what) {
  for (const text of texts) {
    for (const secret of [CANARY, ...ENCODED, encodeURIComponent(CANARY)]) {
      assert.ok(!text?.includes(secret), `${what}: ${text}`);
    }
  }
}

/** One item with a secret in all that a request can have, and options with more of them. */
function planted(url, options = {}) {
  const item = {
    url: url.replace('://', `://${CANARY}-user:${CANARY}-password@`),
    method: 'POST',
    headers: { cookie: CANARY, 'x-api-key': CANARY, 'proxy-authorization': CANARY },
    body: `${CANARY} body`,
  };
  const { host } = new URL(url);
  return [
    item,
    {
      retry: false,
      headers: { authorization: `Bearer ${CANARY}` },
      hosts: { [host]: { headers: { 'x-host-key': CANARY }, auth: { bearer: CANARY } } },
      ...options,
    },
  ];
}

/** Fetches that, and checks that nothing of it can be read. */
async function fetchPlanted(url, options, what) {
  const [item, call] = planted(url, options);
  const results = await downloadAll([item], call);
  const [result] = results;
  assertSilent(
    [
      inspect(results, { depth: 9, showHidden: true }),
      JSON.stringify(results),
      JSON.stringify(results.stats),
      ...[result.url, result.requestUrl, ...result.redirects],
      ...(result.error === undefined ? [] : textsOf(result.error)),
    ],
    what,
  );
  return result;
}

test('a canary can be found, as it is and in Basic credentials', () => {
  for (const before of ['', 'a', 'ab', 'abc']) {
    const text = Buffer.from(`${before}${CANARY}:pass`).toString('base64');
    assert.ok(
      ENCODED.some((secret) => text.includes(secret)),
      text,
    );
  }
  const error = new Error('outer', { cause: new Error(`inner ${CANARY}`) });
  assert.throws(() => assertSilent(textsOf(error), 'control'));
});

test('servers get every secret, and the result of what went well has none', async (t) => {
  const seen = [];
  const { url } = await serve(t, async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    seen.push({ headers: request.headers, body });
    response.end('fine');
  });
  const result = await fetchPlanted(url, {}, 'fine');
  assert.equal(result.text(), 'fine');
  const [{ headers, body }] = seen;
  for (const name of ['cookie', 'x-api-key', 'x-host-key']) assert.equal(headers[name], CANARY);
  assert.ok(headers.authorization.length > 6);
  assert.equal(body, `${CANARY} body`);
});

test('no failure of a request says a secret of it', async (t) => {
  const cert = makeCertificate({ name: 'localhost' });
  const tls = await serveTls(t, cert);
  const plain = await serve(t);
  const replies = {
    parse: 'no HTTP at all\r\n\r\n',
    fields: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(500_000)}\r\n\r\n`,
    cut: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all',
    coded: 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ntext',
    large: 'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n',
    other: 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext',
    loop: 'HTTP/1.1 307 Temporary\r\nLocation: /loop\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    slow: '',
    reset: undefined,
  };
  const { url, port } = await serveRaw(t, (socket, head) => {
    const reply = replies[head.match(/^\w+ \/(\w+)/)?.[1]];
    if (reply === undefined) return socket.resetAndDestroy();
    if (reply !== '') socket.end(reply);
  });
  const dead = `127.0.0.1:${await closedPort(t)}`;
  const checksum = `sha256-${'0'.repeat(64)}`;
  const cases = [
    ['ECONNREFUSED', `http://${dead}/`],
    [/ENOTFOUND|EAI_AGAIN/, 'http://nobody.invalid/'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', tls.url],
    [/ERR_TLS|ECONNRESET/, `https://127.0.0.1:${plain.port}/`],
    ['ERR_HTTP_PARSE', `${url}/parse`],
    [/ERR_HEADERS_TOO_LARGE|ERR_HTTP_PARSE/, `${url}/fields`],
    ['ERR_BODY_TRUNCATED', `${url}/cut`],
    ['ERR_DECODE', `${url}/coded`],
    ['ERR_BODY_TOO_LARGE', `${url}/large`, { maxBodySize: 5 }],
    ['ERR_CHECKSUM_MISMATCH', `${url}/other`, { checksum }],
    ['ERR_TOO_MANY_REDIRECTS', `${url}/loop`],
    ['ERR_REDIRECT', `${url}/loop`, { redirect: 'error' }],
    ['ETIMEDOUT', `${url}/slow`, { timeout: 100 }],
    ['ETIMEDOUT', `${url}/slow`, { deadline: 100 }],
    [/ECONNRESET|EPIPE/, `${url}/reset`],
    ['ERR_PROXY', `${url}/`, { proxy: `http://${CANARY}:${CANARY}@${dead}` }],
    ['ERR_PROXY', `${url}/`, { proxy: `socks5h://${CANARY}:${CANARY}@${dead}` }],
    ['ERR_PROXY', tls.url, { proxy: `http://${CANARY}:${CANARY}@127.0.0.1:${port}` }],
    ['ERR_ADDRESS_DENIED', `${url}/`, { denyPrivateNetworks: true }],
  ];
  for (const [code, target, options] of cases) {
    const { error } = await fetchPlanted(target, options, String(code));
    const what = `${target}: ${error?.code}, ${error?.message}`;
    assert.ok(code instanceof RegExp ? code.test(error?.code) : code === error?.code, what);
  }
});

test('a redirect to a URL with credentials shows them nowhere', async (t) => {
  const { url, port } = await serve(t, (request, response) => {
    if (request.url === '/to') return response.end('there');
    const location = `http://${CANARY}:${CANARY}@127.0.0.1:${port}/to`;
    response.writeHead(302, { location }).end();
  });
  const [followed] = await downloadAll([`${url}/from`]);
  assert.deepEqual([followed.text(), followed.url], ['there', `${url}/to`]);
  assertSilent([JSON.stringify(followed), inspect(followed), ...followed.redirects], 'followed');
});

test('a redirect that cannot be followed shows none of them in its error', async (t) => {
  const login = `${CANARY}:${CANARY}@`;
  const locations = [`ftp://${login}localhost/`, `http://${login}[bad/`, `//${login}h:99999/`];
  locations.push(`http://${login}h h/`, `http://${login}127.0.0.1:${await closedPort(t)}/`);
  const { url } = await serve(t, (request, response) => {
    response.writeHead(302, { location: locations[Number(request.url.slice(1))] }).end();
  });
  const urls = locations.map((_, i) => `${url}/${i}`);
  const results = await downloadAll(urls, { retry: false });
  for (const [i, { error, url: at, redirects }] of results.entries()) {
    assert.ok(error !== undefined, locations[i]);
    assertSilent([...textsOf(error), at, ...redirects], locations[i]);
  }
  const codes = ['ERR_UNSUPPORTED_PROTOCOL', ...new Array(3).fill('ERR_INVALID_REDIRECT')];
  assert.deepEqual(
    results.map(({ error }) => error.code),
    [...codes, 'ECONNREFUSED'],
  );
});

test('an item whose URL cannot be read or asked for shows no credentials of it', async () => {
  const login = `${CANARY}:${CANARY}@`;
  const urls = [
    ...['http://[bad/', 'http://h:99999/', 'http://h o/', 'http:///', 'http://%zz/'],
    ...['ftp://localhost/', 'ws://localhost/', 'http://a.test:x/', 'https:\\\\[x/'],
  ].map((url) => url.replace(/^(\w+:[/\\]{2})/, `$1${login}`));
  urls.push(`me:${CANARY}@localhost/`, `//${login}localhost/`);
  const items = [
    ...urls,
    ...urls.map((url) => ({ url, tag: 1 })),
    ...urls.map((url) => ({ url, method: 5 })),
  ];
  const results = await downloadAll(items);
  for (const result of results) {
    assert.ok(result.error !== undefined, items[result.index].url);
    const texts = [result.url, result.requestUrl, ...textsOf(result.error), inspect(result)];
    assertSilent(texts, String(inspect(items[result.index])));
  }
});

test('a jar that keeps a secret shows it in no other result, and in no error', async (t) => {
  const seen = [];
  const { url } = await serve(t, (request, response) => {
    seen.push(request.headers.cookie);
    if (request.url === '/login') response.setHeader('set-cookie', `session=${CANARY}`);
    if (request.url === '/reset') return request.socket.resetAndDestroy();
    response.end('fine');
  });
  const client = new Client({ cookies: true, retry: false, concurrency: 1 });
  const [login] = await client.downloadAll([`${url}/login`]);
  assert.deepEqual(login.headers.getSetCookie(), [`session=${CANARY}`]);
  const [page, failed] = await client.downloadAll([`${url}/page`, `${url}/reset`]);
  assert.equal(failed.error.code, 'ECONNRESET');
  assert.ok(seen.length >= 3 && seen.slice(1).every((field) => field === `session=${CANARY}`));
  assertSilent(
    [inspect([page, failed, client], { depth: 9 }), JSON.stringify([page, failed])],
    'jar',
  );
});

test('a program that prints its results and errors prints no secret', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('fine'));
  const dead = `127.0.0.1:${await closedPort(t)}`;
  const input = { url, dead, secret: CANARY };
  const env = { RUST_LOG: 'trace', RUST_BACKTRACE: '1', NODE_DEBUG: 'net,http' };
  env.https_proxy = `http://${CANARY}:${CANARY}@${dead}`;
  const { code, stdout, stderr } = await runInChild(
    async ({ url, dead, secret }) => {
      const { Client } = require('manyfetch');
      const headers = { 'x-api-key': secret };
      const auth = { username: secret, password: secret };
      const client = new Client({ headers, auth, retry: false });
      const urls = [url, `http://${secret}:${secret}@${dead}/`, `https://${secret}@${dead}/`, ''];
      const results = await client.downloadAll(urls);
      console.log(results, results.stats, client, JSON.stringify(results));
      for (const { error } of results) if (error) console.error(error);
      console.log(results.map(({ error }) => error?.code ?? 'fine').join(' '));
      await client.downloadAll(urls, { stopOnError: true }).catch(console.error);
      await client
        .downloadAll(urls, { auth: { username: `${secret}:`, password: secret } })
        .catch(console.error);
    },
    input,
    { env },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /fine ECONNREFUSED ERR_PROXY ERR_INVALID_URL/);
  assert.match(stderr, /ERR_INVALID_ARG_VALUE/);
  assertSilent([stdout, stderr], 'printed');
});

test('no Referer is sent, on whatever way a request comes', async (t) => {
  const heads = [];
  const cert = makeCertificate({ name: 'localhost' });
  const plain = await serve(t, (request, response) => {
    heads.push(request.headers);
    if (request.url === '/from') response.writeHead(302, { location: '/to' });
    response.end();
  });
  const secure = await serveTls(t, cert, (request, response) => {
    heads.push(request.headers);
    response.writeHead(307, { location: `${plain.url}/from` }).end();
  });
  const login = secure.url.replace('://', `://me:${CANARY}@`);
  const options = { tls: { ca: cert.cert }, headers: { 'x-a': '1' } };
  const [result] = await downloadAll([`${login}/private?token=1#part`], options);
  assert.deepEqual([result.error, result.redirects.length, heads.length], [undefined, 2, 3]);
  for (const head of heads) {
    assert.deepEqual([head['x-a'], head.referer, head.origin], ['1', undefined, undefined]);
  }
});
