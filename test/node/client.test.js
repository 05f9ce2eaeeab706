// Clients: what their calls have in common, which limits hold, and that an idle one costs nothing.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll } = require('../../index.js');
const { makeCertificate } = require('./certificate.js');
const { runInChild, startNode } = require('./child.js');
const { serve, serveHeads, serveRaw, serveTls } = require('./server.js');

const NONE = Number.POSITIVE_INFINITY;
const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };
const onLinux = { skip: process.platform !== 'linux' && 'reads /proc' };

/** The value of one field of a request's head. */
function fieldOf(head, name) {
  return head.match(new RegExp(`^${name}: (.*)$`, 'im'))?.[1];
}

test('a client fetches as the free function does', async (t) => {
  const { url } = await serve(t);
  const client = new Client();
  const results = await client.downloadAll([
    `${url}/0`,
    { url: `${url}/1`, tag: 'mine' },
    new URL(`${url}/2`),
    '',
  ]);
  assert.deepEqual(
    results.map((result) => result.error?.code ?? result.text()),
    ['/0', '/1', '/2', 'ERR_INVALID_URL'],
  );
  assert.equal(results[1].tag, 'mine');
  assert.deepEqual([results.stats.total, results.stats.ok], [4, 3]);
  assert.match(results[3].error.stack, /client\.test\.js/, 'the stack points at the call');
  assert.deepEqual([...(await client.downloadAll([]))], []);
});

test('its calls share its connections, and nobody else does', async (t) => {
  const server = await serve(t);
  const [one, other] = [new Client(), new Client()];
  for (let call = 0; call < 3; call++) await one.downloadAll([server.url]);
  assert.equal(server.accepted, 1);
  await other.downloadAll([server.url]);
  assert.equal(server.accepted, 2);
  await downloadAll([server.url]);
  assert.equal(server.accepted, 3);
});

test('options of an item win over those of the call, and those over the ones of the client', async (t) => {
  const { url, heads } = await serveHeads(t);
  const client = new Client({
    method: 'POST',
    headers: { 'x-client': 'client', 'x-call': 'client', 'x-item': ['client', 'too'] },
  });
  const headers = { 'X-Call': 'call', 'X-Item': 'call' };
  const item = { url, method: 'PUT', headers: { 'x-ITEM': 'item' } };
  await client.downloadAll([url]);
  await client.downloadAll([url], { method: 'DELETE', headers });
  await client.downloadAll([item], { method: 'DELETE', headers });
  await client.downloadAll([item]);
  const shown = heads.map((head) => [
    head.split(' ')[0],
    ...['x-client', 'x-call', 'x-item'].map((name) => fieldOf(head, name)),
  ]);
  assert.deepEqual(shown, [
    ['POST', 'client', 'client', 'client'],
    ['DELETE', 'client', 'call', 'call'],
    ['PUT', 'client', 'call', 'item'],
    ['PUT', 'client', 'client', 'item'],
  ]);
});

test('its limits of time hold where the call and the item name others', async (t) => {
  const { url } = await serveRaw(t, () => {});
  const client = new Client({ timeout: { response: 50 }, retry: false });
  const calls = [
    client.downloadAll([url]),
    client.downloadAll([url], { timeout: { idle: 9_000 } }),
    client.downloadAll([{ url, timeout: { connect: 9_000 } }], { timeout: 60_000 }),
  ];
  for (const [{ error }] of await Promise.all(calls)) {
    assert.deepEqual([error?.code, error?.phase], ['ETIMEDOUT', 'response']);
  }
  const patient = client.downloadAll([url], { timeout: { response: NONE, request: 100 } });
  assert.equal((await patient)[0].error.phase, 'request');
});

test('options are copied when the client is made', async (t) => {
  const { url, heads } = await serveHeads(t);
  const options = { headers: { 'x-a': 'before' } };
  const client = new Client(options);
  options.headers['x-a'] = 'after';
  await client.downloadAll([url]);
  assert.equal(fieldOf(heads[0], 'x-a'), 'before');
});

test('whom to trust is the client’s to say, not the call’s', async (t) => {
  const identity = makeCertificate({ name: 'localhost' });
  const server = await serveTls(t, identity);
  const url = server.url.replace('127.0.0.1', 'localhost');
  const client = new Client({ tls: { ca: identity.cert } });
  assert.equal((await client.downloadAll([url]))[0].text(), '/');
  const [stranger] = await new Client().downloadAll([url]);
  assert.equal(stranger.error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  for (const tls of [{}, { ca: identity.cert }, null, 5]) {
    await assert.rejects(client.downloadAll([url], { tls }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: /^options\.tls .*belong to the Client/,
    });
  }
  assert.equal((await client.downloadAll([url], { tls: undefined }))[0].text(), '/');
});

test('misuse throws when the client is made', () => {
  for (const options of [null, 5, 'fast', true, [], () => {}]) {
    assert.throws(() => new Client(options), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^options must be an object/,
    });
  }
  const wrong = {
    ERR_INVALID_HTTP_TOKEN: [{ method: 'G ET' }, { headers: { 'a b': 'x' } }],
    ERR_INVALID_CHAR: [{ headers: { a: 'x\0' } }],
    ERR_INVALID_ARG_VALUE: [
      ...[{ tls: { ca: 'no' } }, { rate: 'fast' }, { headers: { connection: 'close' } }],
      ...[{ signal: AbortSignal.abort() }, { deadline: 5 }, { stopOnError: true }],
      ...[{ concurency: 5 }, { urls: [] }],
    ],
  };
  for (const [code, all] of Object.entries(wrong)) {
    for (const options of all) {
      assert.throws(() => new Client(options), { name: 'TypeError', code }, inspect(options));
    }
  }
  assert.throws(() => new Client({ concurency: 5 }), /Did you mean 'concurrency'\?/);
  assert.throws(
    () => new Client({ deadline: 5 }),
    /^TypeError.*options\.deadline belongs to a run/,
  );
  const mine = new Error('mine');
  const throwing = {
    get rate() {
      throw mine;
    },
  };
  assert.throws(
    () => new Client(throwing),
    (error) => error === mine,
  );
});

test('it is made with new, and its methods are called on it', async () => {
  assert.throws(() => Client(), TypeError);
  const { downloadAll: detached } = new Client();
  for (const receiver of [undefined, null, 5, {}, Client.prototype, Object.create(new Client())]) {
    const call = detached.call(receiver, []);
    assert.ok(call instanceof Promise);
    await assert.rejects(call, {
      name: 'TypeError',
      code: 'ERR_INVALID_THIS',
      message: /^client\.downloadAll\(urls\) must be called on a Client/,
    });
  }
  class Own extends Client {}
  assert.deepEqual([...(await new Own({ concurrency: 5 }).downloadAll([]))], []);
});

/** Limits of a client, and of calls that are fine under them and that ask for more: with what is named. */
const CEILINGS = [
  {
    client: { concurrency: 20 },
    fine: [
      ...[{}, { concurrency: 1 }, { concurrency: 20 }, { concurrency: 'auto' }],
      ...[{ concurrencyPerHost: 500 }, { rate: NONE }, { hosts: { a: { concurrency: 50 } } }],
    ],
    more: {
      concurrency: [{ concurrency: 21 }, { concurrency: NONE }, { concurrency: 2 ** 53 - 1 }],
    },
  },
  {
    client: { concurrencyPerHost: 5, ratePerHost: 10 },
    fine: [
      ...[{ concurrencyPerHost: 5 }, { ratePerHost: 10 }, { ratePerHost: '10/s' }],
      ...[{ concurrency: NONE }, { rate: 1_000 }],
      { hosts: { a: { concurrency: 5, rate: 9.5 }, b: { concurrency: 'auto' }, c: {} } },
    ],
    more: {
      concurrencyPerHost: [{ concurrencyPerHost: 6 }, { concurrencyPerHost: NONE }],
      ratePerHost: [{ ratePerHost: 10.1 }, { ratePerHost: '11/s' }, { ratePerHost: NONE }],
      "hosts['a'].concurrency": [
        ...[{ hosts: { a: { concurrency: 6 } } }, { hosts: { a: { concurrency: NONE } } }],
        { concurrencyPerHost: 2, hosts: { b: { concurrency: 5 }, a: { concurrency: 6 } } },
      ],
      "hosts['a'].rate": [{ hosts: { a: { rate: 11 } } }, { hosts: { a: { rate: NONE } } }],
    },
  },
  {
    client: { concurrencyPerHost: 5, hosts: { a: { concurrency: 50 }, b: { rate: 3 } } },
    fine: [
      { hosts: { a: { concurrency: 50, rate: NONE } } },
      { hosts: { A: { concurrency: 50 } } },
      { hosts: { b: { concurrency: 5, rate: 3 } } },
      { ratePerHost: NONE },
    ],
    more: {
      concurrencyPerHost: [{ concurrencyPerHost: 50 }],
      "hosts['a'].concurrency": [{ hosts: { a: { concurrency: 51 } } }],
      "hosts['b'].concurrency": [{ hosts: { b: { concurrency: 6 } } }],
      "hosts['b'].rate": [{ hosts: { b: { rate: 4 } } }, { hosts: { b: { rate: '4/s' } } }],
    },
  },
  {
    client: { concurrency: 'auto', concurrencyPerHost: NONE, rate: NONE },
    fine: [{ concurrency: 5_000, concurrencyPerHost: NONE, rate: 1e9 }, { concurrency: NONE }],
    more: {},
  },
  {
    client: { rate: 0.5 },
    fine: [{ rate: 0.5 }, { rate: 0.25 }, { ratePerHost: 5 }],
    more: { rate: [{ rate: 0.51 }, { rate: '1/s' }, { rate: 1e308 }, { rate: NONE }] },
  },
];

for (const { client: limits, fine, more } of CEILINGS) {
  test(`a call may ask for less than ${inspect(limits, { depth: 3, breakLength: NONE })}, and not for more`, async (t) => {
    const server = await serve(t);
    const client = new Client(limits);
    for (const options of fine) {
      assert.equal((await client.downloadAll([], options)).length, 0, inspect(options));
    }
    const untouchable = { [Symbol.iterator]: () => assert.fail('the list was read') };
    for (const [name, all] of Object.entries(more)) {
      for (const options of all) {
        await assert.rejects(client.downloadAll([server.url], options), (error) => {
          assert.ok(error instanceof RangeError, inspect(error));
          assert.equal(error.code, 'ERR_OUT_OF_RANGE');
          const start = `options.${name} must be at most the client's `;
          assert.ok(error.message.startsWith(start), error.message);
          return true;
        });
        assert.deepEqual([...(await downloadAll([], options))], []);
      }
    }
    await assert.rejects(client.downloadAll(untouchable, { concurrency: 0 }), RangeError);
    assert.equal(server.accepted, 0);
  });
}

test('where only the client gives a limit, the default does not hold besides', async (t) => {
  const waiting = [];
  const { url } = await serve(t, (_request, response) => {
    // They are let go when all thirty are here, three times as many as a call by itself would send.
    if (waiting.push(response) === 30) for (const one of waiting.splice(0)) one.end();
  });
  const urls = Array.from({ length: 30 }, () => url);
  for (const concurrencyPerHost of [30, NONE]) {
    const results = await new Client({ concurrencyPerHost }).downloadAll(urls);
    assert.equal(results.stats.ok, 30);
  }
});

test('where the client gives none, the defaults hold for each call', async (t) => {
  let inFlight = 0;
  let peak = 0;
  const { url } = await serve(t, (_request, response) => {
    peak = Math.max(peak, ++inFlight);
    setTimeout(() => {
      inFlight -= 1;
      response.end();
    }, 2);
  });
  const urls = Array.from({ length: 60 }, () => url);
  const client = new Client({ concurrency: 50, headers: { 'x-a': '1' } });
  assert.equal((await client.downloadAll(urls)).stats.ok, 60);
  assert.ok(peak <= 10, String(peak));
});

test('making a client starts no thread and opens no socket', onLinux, async () => {
  const { stdout, stderr } = await runInChild(async () => {
    const fs = require('node:fs');
    const count = () => ({
      threads: fs.readdirSync('/proc/self/task').length,
      files: fs.readdirSync('/proc/self/fd').length,
      handles: process.getActiveResourcesInfo(),
    });
    const { Client } = require('manyfetch');
    const before = count();
    const clients = Array.from({ length: 20 }, () => new Client({ rate: 5, hosts: { a: {} } }));
    await clients[0].downloadAll([]);
    console.log(JSON.stringify([before, count()]));
  });
  assert.equal(stderr, '');
  const [before, after] = JSON.parse(stdout);
  assert.deepEqual(after, before);
});

test('an idle client lets the process exit, with its connections or without', async (t) => {
  const { url } = await serve(t);
  const { stdout, ...rest } = await runInChild(async (url) => {
    const { Client } = require('manyfetch');
    globalThis.idle = new Client({ concurrency: 5 });
    globalThis.used = new Client();
    await used.downloadAll([url, url]);
    const finished = performance.now();
    process.on('exit', () => console.log(performance.now() - finished));
  }, url);
  assert.deepEqual({ ...rest, stdout: '' }, QUIET);
  // Idle connections are kept for four seconds.
  assert.ok(Number(stdout) < 3_000, `${stdout} ms`);
});

test('a client that nobody holds is collected, and its connections are closed', async (t) => {
  const server = await serve(t);
  const main = `(async () => {
    const { Client } = require('manyfetch');
    const use = async () => {
      const client = new Client();
      await client.downloadAll(['${server.url}']);
      return new WeakRef(client);
    };
    const gone = [await use(), await use(), await use()];
    // To look at a WeakRef keeps what it is of, until the turn is over.
    for (let i = 0; i < 10; i++) {
      await new Promise(setImmediate);
      gc();
    }
    console.log(gone.filter((ref) => ref.deref()).length);
    process.stdin.resume();
  })()`;
  const { child, ended } = startNode(['--expose-gc', '-e', main]);
  child.stdout.once('data', async () => {
    await server.gone();
    child.stdin.end();
  });
  assert.deepEqual(await ended, { ...QUIET, stdout: '0\n' });
});

test('a call goes on when its client is forgotten', async (t) => {
  const held = [];
  const server = await serve(t, (_request, response) => held.push(response));
  const arrived = new Promise((resolve) => server.server.once('request', resolve));
  const call = new Client({ concurrencyPerHost: 1 }).downloadAll([server.url]);
  await arrived;
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  held[0].end('at last');
  assert.equal((await call)[0].text(), 'at last');
});

test('worker threads have clients of their own, and may be terminated with them', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/0') response.end(request.url);
  });
  const outcome = await runInChild(async (url) => {
    const { Worker } = require('node:worker_threads');
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      const { Client } = require('manyfetch');
      const client = new Client({ concurrency: 20 });
      client.downloadAll([workerData + '/never']);
      client.downloadAll([workerData + '/0']).then(([result]) => parentPort.postMessage(result.text()));`;
    for (let round = 0; round < 5; round++) {
      const worker = new Worker(source, { eval: true, workerData: url });
      const text = await new Promise((resolve, reject) =>
        worker.on('message', resolve).on('error', reject),
      );
      console.log(text, await worker.terminate());
    }
  }, url);
  assert.deepEqual(outcome, { ...QUIET, stdout: '/0 1\n'.repeat(5) });
});

test('an abort of one call leaves the others of its client alone', async (t) => {
  const controller = new AbortController();
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/silent') controller.abort('only this');
    else response.end(request.url);
  });
  const client = new Client();
  const other = client.downloadAll(Array.from({ length: 50 }, (_, i) => `${url}/${i}`));
  const aborted = client.downloadAll([`${url}/silent`], { signal: controller.signal });
  await assert.rejects(aborted, (reason) => reason === 'only this');
  assert.equal((await other).stats.ok, 50);
});

test('a stricter rule of the call holds under a more specific one of the client', async (t) => {
  let [now, peak] = [0, 0];
  const { url, port } = await serve(t, (_request, response) => {
    peak = Math.max(peak, ++now);
    setImmediate(() => {
      now -= 1;
      response.end();
    });
  });
  const client = new Client({ hosts: { [`127.0.0.1:${port}`]: { concurrency: 30 } } });
  for (const key of ['*', '127.0.0.1']) {
    await client.downloadAll(new Array(200).fill(url), { hosts: { [key]: { concurrency: 3 } } });
    assert.ok(peak <= 3, `${peak} at once, with the key ${key}`);
  }
});

test('a rule of the client for all hosts is a ceiling for every other limit by host', async () => {
  const client = new Client({ hosts: { '*': { concurrency: 2 } } });
  for (const options of [
    { concurrencyPerHost: 20 },
    { hosts: { 'a.example': { concurrency: 20 } } },
  ]) {
    await assert.rejects(client.downloadAll([], options), { code: 'ERR_OUT_OF_RANGE' });
  }
});
