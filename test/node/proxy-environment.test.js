// Proxies that the environment names, in processes and threads with an environment of their own.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { makeCertificate } = require('./certificate.js');
const { runInChild } = require('./child.js');
const { basic, serveProxy } = require('./proxy-server.js');
const { serve, serveTls } = require('./server.js');

const identity = makeCertificate({ name: 'origin', hosts: ['localhost', 'a.localhost'] });

/** An environment without proxies, whatever ours has. */
const NOBODY = Object.fromEntries(
  ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'request_method'].flatMap((name) => [
    [name, undefined],
    [name.toUpperCase(), undefined],
  ]),
);

/** Two origins and a proxy. */
async function serveAll(t) {
  const [plain, secure] = [await serve(t), await serveTls(t, identity)];
  return { plain, secure, proxy: await serveProxy(t) };
}

/** Fetches `urls` in a process with `env`, and returns what became of each: its status or the code of its error. */
async function fetchWith(env, urls, options = {}) {
  const main = async ({ urls, options }) => {
    const results = await require('manyfetch').downloadAll(urls, options);
    console.log(JSON.stringify(results.map(({ error, status }) => error?.code ?? status)));
  };
  const input = { urls, options: { ...options, tls: { ca: identity.cert } } };
  const { stdout, stderr } = await runInChild(main, input, { env: { ...NOBODY, ...env } });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

const BOTH = ['CONNECT', 'GET'];
for (const [what, variables, methods] of [
  ['nothing', {}, []],
  ['http_proxy', { http_proxy: 'PROXY' }, ['GET']],
  ['HTTP_PROXY', { HTTP_PROXY: 'PROXY' }, ['GET']],
  ['https_proxy', { https_proxy: 'PROXY' }, ['CONNECT']],
  ['HTTPS_PROXY', { HTTPS_PROXY: 'PROXY' }, ['CONNECT']],
  ['all_proxy', { all_proxy: 'PROXY' }, BOTH],
  ['ALL_PROXY', { ALL_PROXY: 'PROXY' }, BOTH],
  ['all_proxy without a scheme', { all_proxy: 'BARE' }, BOTH],
  [
    'small letters before capitals',
    { http_proxy: 'PROXY', HTTP_PROXY: 'http://127.0.0.1:1' },
    ['GET'],
  ],
  ['an empty variable', { all_proxy: '', HTTP_PROXY: '' }, []],
  ['HTTP_PROXY of a CGI script (httpoxy)', { HTTP_PROXY: 'PROXY', REQUEST_METHOD: 'GET' }, []],
  ['http_proxy of a CGI script', { http_proxy: 'PROXY', REQUEST_METHOD: 'GET' }, ['GET']],
  ['HTTPS_PROXY of a CGI script', { HTTPS_PROXY: 'PROXY', REQUEST_METHOD: 'GET' }, ['CONNECT']],
  ['NO_PROXY=*', { all_proxy: 'PROXY', NO_PROXY: '*' }, []],
]) {
  const skip = process.platform === 'win32' && 'names of variables have no case here';
  test(`${what} in the environment sends ${methods.join(' and ') || 'nothing'} to the proxy`, {
    skip,
  }, async (t) => {
    const { plain, secure, proxy } = await serveAll(t);
    const env = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [
        name,
        value.replace('PROXY', proxy.url).replace('BARE', `127.0.0.1:${proxy.port}`),
      ]),
    );
    assert.deepEqual(await fetchWith(env, [plain.url, secure.url]), [200, 200]);
    assert.deepEqual(proxy.seen.map(({ method }) => method).sort(), methods);
  });
}

test('credentials of the environment are shown to the proxy alone', async (t) => {
  const seen = [];
  const look = (request, response) => {
    seen.push(request.headers['proxy-authorization']);
    response.end();
  };
  const origins = [await serve(t, look), await serveTls(t, identity, look)];
  const proxy = await serveProxy(t, { credentials: 'user:s3:cr/t' });
  const env = { ALL_PROXY: `user:s3%3Acr%2Ft@127.0.0.1:${proxy.port}` };
  const urls = origins.map(({ url }) => url);
  assert.deepEqual(await fetchWith(env, urls), [200, 200]);
  assert.deepEqual(
    proxy.seen.map(({ headers }) => headers['proxy-authorization']),
    Array(2).fill(basic('user:s3:cr/t')),
  );
  assert.deepEqual(seen, [undefined, undefined]);
});

test('the option wins over the environment, and false over all of it', async (t) => {
  const { plain, secure, proxy } = await serveAll(t);
  const chosen = await serveProxy(t);
  const urls = [plain.url, secure.url];
  const env = { ALL_PROXY: proxy.url, NO_PROXY: '127.0.0.1' };
  assert.deepEqual(await fetchWith(env, urls, { proxy: chosen.url }), [200, 200]);
  assert.deepEqual(chosen.seen.map(({ method }) => method).sort(), BOTH);
  const withoutExceptions = { ALL_PROXY: proxy.url };
  assert.deepEqual(await fetchWith(withoutExceptions, urls, { proxy: false }), [200, 200]);
  assert.deepEqual([proxy.seen.length, chosen.seen.length], [0, 2]);
  assert.deepEqual(await fetchWith(withoutExceptions, urls), [200, 200]);
  assert.equal(proxy.seen.length, 2);
});

test('hosts in NO_PROXY are reached directly, in all their spellings', async (t) => {
  const { plain, proxy } = await serveAll(t);
  const cases = [
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '0x7f.1', true],
    ['127.0.0.0/8', '127.0.0.1', true],
    ['10.0.0.0/8', '127.0.0.1', false],
    ['localhost', '127.0.0.1', false],
    ['localhost', 'localhost', true],
    ['LOCALHOST', 'localhost.', true],
    ['.localhost', 'localhost', true],
    ['a.test localhost', 'localhost', true],
    ['ocalhost', 'localhost', false],
    [`localhost:${plain.port}`, 'localhost', true],
    ['localhost:1', 'localhost', false],
    ['::ffff:127.0.0.1', '127.0.0.1', true],
  ];
  // Each client reads the environment as it is when it is made. Not every system knows the name with a dot.
  const main = async ({ cases, port }) => {
    const dns = { overrides: { localhost: '127.0.0.1' } };
    for (const [spelling, host] of cases) {
      process.env.NO_PROXY = spelling;
      const client = new (require('manyfetch').Client)({ dns });
      const [{ status }] = await client.downloadAll([`http://${host}:${port}/${spelling}`]);
      console.log(status);
    }
  };
  const input = { cases, port: plain.port };
  const env = { ...NOBODY, http_proxy: proxy.url };
  const { stdout, stderr } = await runInChild(main, input, { env });
  assert.deepEqual([stdout, stderr], ['200\n'.repeat(cases.length), '']);
  const proxied = cases.filter(([, , isDirect]) => !isDirect);
  assert.deepEqual(
    proxy.seen.map(({ target }) => decodeURI(new URL(target).pathname)),
    proxied.map(([spelling]) => `/${spelling}`),
  );
});

test('a redirect leaves the proxy for a host in NO_PROXY, and comes back to it', async (t) => {
  const { plain, proxy } = await serveAll(t);
  const seen = [];
  const home = await serve(t, (request, response) => {
    seen.push([request.url, request.headers.host]);
    const location = {
      '/0': `http://localhost:${home.port}/1`,
      '/1': `http://127.0.0.1:${home.port}/2`,
      '/2': plain.url,
    }[request.url];
    response.writeHead(302, { location }).end();
  });
  const env = { http_proxy: proxy.url, no_proxy: 'localhost' };
  assert.deepEqual(await fetchWith(env, [`${home.url}/0`]), [200]);
  assert.deepEqual(
    proxy.seen.map(({ target }) => target),
    [`${home.url}/0`, `${home.url}/2`, `${plain.url}/`],
  );
  assert.deepEqual(seen[1], ['/1', `localhost:${home.port}`]);
});

test('a variable that names no proxy rejects the call by its name, and shows nothing of it', async (t) => {
  const { plain, secure, proxy } = await serveAll(t);
  const main = async (urls) => {
    const { Client, downloadAll } = require('manyfetch');
    // The second is for those who try again: a client that could not be made is not there the next time either.
    for (const make of [downloadAll, downloadAll, async () => new Client()]) {
      await make(urls).catch(({ name, code, message, stack }) => {
        const { env } = process;
        const shown = Object.keys(env).find((key) => /proxy/i.test(key) && message.includes(key));
        console.log(name, code, shown, /s3cr3t|ftp/.test(stack + message));
      });
    }
    // What asks for nobody, no variable spoils.
    console.log((await downloadAll(urls.slice(0, 1), { proxy: false }))[0].status);
  };
  const runs = ['http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'].map(async (name) => {
    const env = { ...NOBODY, [name]: 'ftp://user:s3cr3t@proxy' };
    const { stdout, stderr } = await runInChild(main, [plain.url, secure.url], { env });
    const line = `TypeError ERR_INVALID_ARG_VALUE ${name} false\n`;
    assert.deepEqual([stdout, stderr], [`${line.repeat(3)}200\n`, '']);
  });
  await Promise.all(runs);
  assert.deepEqual([proxy.accepted, secure.accepted, plain.accepted], [0, 0, 3]);
});

test('a worker with its own environment has its own proxies for its clients', async (t) => {
  const { plain, proxy } = await serveAll(t);
  const other = await serveProxy(t);
  const main = async ({ url, proxy, other }) => {
    const { once } = require('node:events');
    const { Worker } = require('node:worker_threads');
    const program = `
      const { Client } = require('manyfetch');
      new Client().downloadAll([process.argv[2]]).then(([{ status }]) => console.log(status));`;
    for (const env of [{ http_proxy: other }, {}, undefined]) {
      const worker = new Worker(program, { eval: true, argv: [url], env: env ?? process.env });
      await once(worker, 'exit');
    }
    process.env.http_proxy = proxy;
    const [{ status }] = await new (require('manyfetch').Client)().downloadAll([url]);
    console.log(status);
  };
  const input = { url: plain.url, proxy: proxy.url, other: other.url };
  const env = { ...NOBODY, http_proxy: 'http://127.0.0.1:1', NO_PROXY: '127.0.0.1' };
  const { stdout, stderr } = await runInChild(main, input, { env });
  assert.deepEqual([stdout, stderr], ['200\n'.repeat(4), '']);
  assert.deepEqual([other.seen.length, proxy.seen.length, plain.accepted], [1, 0, 4]);
});
