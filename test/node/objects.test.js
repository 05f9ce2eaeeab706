// Options as objects: whose properties count, how often they are read, and what leaks in from elsewhere.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { runInChild } = require('./child.js');
const { serve } = require('./server.js');

test('options may be any object, and only its own named properties count', async (t) => {
  const { url } = await serve(t);
  class Settings {
    concurrency = 3;
  }
  const fine = [
    new Settings(),
    Object.freeze({ concurrency: 3 }),
    Object.assign(Object.create(null), { concurrency: 3 }),
    Object.create({ concurrency: 'inherited', unknown: 1 }),
    { [Symbol('concurency')]: 'symbols are no names' },
    Object.defineProperty({}, 'concurrency', { value: 'hidden', enumerable: false }),
  ];
  for (const options of fine) assert.equal((await downloadAll([url], options))[0].status, 200);
});

test('each option is read once, and a getter that throws rejects with its own error', async (t) => {
  const { url } = await serve(t);
  let reads = 0;
  const counting = {
    get concurrency() {
      reads += 1;
      return 3;
    },
  };
  await downloadAll([url], counting);
  assert.equal(reads, 1);
  const mine = new Error('mine');
  const throwing = {
    get timeout() {
      throw mine;
    },
  };
  await assert.rejects(downloadAll([url], throwing), (error) => error === mine);
});

test('a polluted Object.prototype changes nothing', async (t) => {
  const { url } = await serve(t, (_request, response) => response.end('as ever'));
  const { stdout, stderr } = await runInChild(async (url) => {
    const { downloadAll } = require('manyfetch');
    const pollution = {
      timeout: 0,
      tls: null,
      signal: {},
      headers: 1,
      method: 'G ET',
      concurrency: 0,
      tag: 1,
      url,
      body: 'x',
      json: 1,
      auth: 1,
      redirect: 'error',
      checksum: 'x',
      proxy: 'http://127.0.0.1:1',
      unixSocket: '/none',
      ca: 'x',
      ttl: -1,
    };
    for (const [name, value] of Object.entries(pollution)) {
      // Not enumerable, so that it harms nobody's loops.
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
      const run = downloadAll([url, { url: `${url}/` }, {}], {}).catch((error) => error.message);
      delete Object.prototype[name];
      const results = await run;
      const outcomes =
        Array.isArray(results) &&
        results.map((r) => r.error?.code ?? [r.status, r.text(), r.tag ?? null]);
      console.log(JSON.stringify([name, outcomes || results]));
    }
  }, url);
  assert.equal(stderr, '');
  const fine = [[200, 'as ever', null], [200, 'as ever', null], 'ERR_INVALID_ARG_TYPE'];
  for (const line of stdout.trim().split('\n')) {
    const [name, outcomes] = JSON.parse(line);
    assert.deepEqual(outcomes, fine, name);
  }
});
