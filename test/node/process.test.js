// The process: what keeps it alive, what ends it, and that nothing is said or left behind on the way.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runInChild, startNode } = require('./child.js');
const { closedPort, serve, serveRaw } = require('./server.js');

const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };

test('a finished run lets the process exit, though its connections are still there', async (t) => {
  const { url } = await serve(t);
  const { stdout, ...rest } = await runInChild(async (url) => {
    const { downloadAll } = require('manyfetch');
    let exits = 0;
    process.on('beforeExit', () => {
      exits += 1;
      console.log(
        JSON.stringify({
          exits,
          waited: performance.now() - finished,
          left: process.getActiveResourcesInfo(),
        }),
      );
    });
    await downloadAll(Array.from({ length: 100 }, () => url));
    await downloadAll([]);
    const finished = performance.now();
  }, url);
  const { exits, waited, left } = JSON.parse(stdout);
  assert.deepEqual({ stdout: '', ...rest }, QUIET);
  assert.equal(exits, 1);
  // Idle connections are kept for four seconds.
  assert.ok(waited < 3_000, `${waited} ms`);
  assert.deepEqual(
    left.filter((resource) => !/^(Pipe|File|TTY)/.test(resource)),
    [],
  );
});

test('a pending run keeps the process alive', async (t) => {
  const { url } = await serve(t, (request, response) =>
    setTimeout(() => response.end(request.url), 300),
  );
  const { code, stdout } = await runInChild((url) => {
    const { downloadAll } = require('manyfetch');
    downloadAll([`${url}/done`]).then(([result]) => console.log(result.text()));
  }, url);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '/done\n' });
});

test('an aborted run lets the process exit', async (t) => {
  const { url } = await serveRaw(t, () => {});
  const outcome = await runInChild((url) => {
    const { downloadAll } = require('manyfetch');
    const controller = new AbortController();
    downloadAll(
      Array.from({ length: 100 }, () => url),
      { signal: controller.signal },
    ).catch(() => {});
    setImmediate(() => controller.abort());
  }, url);
  assert.deepEqual(outcome, QUIET);
});

test('a throw in the continuation of a run is uncaught, not lost and not fatal in another way', async (t) => {
  const { url } = await serve(t);
  const { code, stdout, stderr } = await runInChild((url) => {
    const { downloadAll } = require('manyfetch');
    process.on('uncaughtException', (error) => console.log(error.message));
    downloadAll([url]).then(() => {
      throw new Error('mine');
    });
  }, url);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'mine\n', stderr: '' });
});

test('nobody has to wait for a run whose items fail', async (t) => {
  const port = await closedPort(t);
  const main = `const { downloadAll } = require('manyfetch');
    downloadAll(['', null, 'http://127.0.0.1:${port}/', 'ftp://a/'], { retry: false });`;
  assert.deepEqual(await startNode(['--unhandled-rejections=strict', '-e', main]).ended, QUIET);
});

test('it can be imported and required, from one copy or two', async (t) => {
  const { url } = await serve(t);
  const imported = `import { downloadAll, DownloadError } from 'manyfetch';
    import whole from 'manyfetch';
    const [result, failed] = await downloadAll(['${url}/imported', '']);
    console.log(result.text(), failed.error instanceof DownloadError, whole.downloadAll === downloadAll);`;
  const module = await startNode(['--input-type=module', '-e', imported]).ended;
  assert.deepEqual(module, { ...QUIET, stdout: '/imported true true\n' });
  const twice = await runInChild(async (url) => {
    const first = require('manyfetch');
    for (const file of Object.keys(require.cache))
      if (!file.endsWith('.node')) delete require.cache[file];
    const second = require('manyfetch');
    const runs = [first, second].map(({ downloadAll }) => downloadAll([`${url}/required`]));
    console.log(
      (await Promise.all(runs)).map(([result]) => result.text()).join(' '),
      first === second,
    );
  }, url);
  assert.deepEqual(twice, { ...QUIET, stdout: '/required /required false\n' });
});

test('asynchronous context goes through a run', async (t) => {
  const { url } = await serve(t);
  const { AsyncLocalStorage } = require('node:async_hooks');
  const { downloadAll } = require('../../index.js');
  const storage = new AsyncLocalStorage();
  const stores = await Promise.all(
    ['a', 'b', 'c'].map((store) =>
      storage.run(store, async () => {
        await downloadAll([url]);
        return storage.getStore();
      }),
    ),
  );
  assert.deepEqual(stores, ['a', 'b', 'c']);
});

test('a call may be made from whatever another one causes', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url !== '/never') response.end(request.url);
  });
  const { downloadAll } = require('../../index.js');
  const controller = new AbortController();
  const { signal } = controller;
  const texts = async (path) => (await downloadAll([url + path, '']))[0].text();
  const fromListener = new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(texts('/from-listener')));
  });
  const never = downloadAll([`${url}/never`], { signal });
  // From the end of a run, over and over, and from an abort in the middle of a list.
  let depth = 0;
  const deeper = async () => {
    depth += 1;
    await texts('/deeper');
    if (depth < 50) await deeper();
  };
  await Promise.all([deeper(), deeper()]);
  const list = function* () {
    yield `${url}/never`;
    controller.abort('from the list');
    yield downloadAll([url]);
  };
  await assert.rejects(downloadAll(list(), { signal }), (reason) => reason === 'from the list');
  await assert.rejects(never, (reason) => reason === 'from the list');
  assert.equal(await fromListener, '/from-listener');
});

test('objects of another realm are what they are', async (t) => {
  const { url } = await serve(t);
  const vm = require('node:vm');
  const { downloadAll } = require('../../index.js');
  const context = vm.createContext({ downloadAll, url });
  const source = `downloadAll(new Set([url + '/a', { url: url + '/b', headers: { a: 'b' }, timeout: { idle: 5 } }]), { retry: { methods: ['GET'] } })`;
  const results = await vm.runInContext(source, context);
  assert.deepEqual(
    results.map((result) => result.text()),
    ['/a', '/b'],
  );
  const thrown = vm.runInContext('mine = new Error("mine")', context);
  const run = vm.runInContext('downloadAll((function* () { yield url; throw mine; })())', context);
  await assert.rejects(run, (error) => error === thrown);
});

test('it runs under the flags that make Node strict, and says so where addons are forbidden', async (t) => {
  const { url } = await serve(t);
  const main = `require('manyfetch').downloadAll(['${url}/fine', '']).then(([fine, bad]) => console.log(fine.text(), bad.error.code))`;
  const strict = ['--disable-proto=throw', '--throw-deprecation', '--pending-deprecation'];
  const fine = await startNode([...strict, '--unhandled-rejections=strict', '-e', main]).ended;
  assert.deepEqual(fine, { ...QUIET, stdout: '/fine ERR_INVALID_URL\n' });
  const frozen = await startNode(['--no-warnings', '--frozen-intrinsics', '-e', main]).ended;
  assert.deepEqual(frozen, fine);
  const { code, signal, stderr } = await startNode(['--no-addons', '-e', main]).ended;
  assert.deepEqual([code, signal], [1, null]);
  assert.match(stderr, /manyfetch: the native part for \S+ cannot be loaded.*addon/);
});

test('profiles and snapshots of the heap can be taken in the middle of a run', async (t) => {
  const { url } = await serve(t);
  const outcome = await runInChild(async (url) => {
    const { downloadAll } = require('manyfetch');
    const { Session } = require('node:inspector/promises');
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    const run = downloadAll(Array.from({ length: 500 }, (_, i) => `${url}/${i}`));
    for await (const _part of require('node:v8').getHeapSnapshot());
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    console.log((await run).stats.ok, profile.nodes.length > 0);
  }, url);
  assert.deepEqual(outcome, { ...QUIET, stdout: '500 true\n' });
});
