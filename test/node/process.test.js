// The process: what keeps it alive, what ends it, and that nothing is said or left behind on the way.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runInChild, startInChild, startNode } = require('./child.js');
const { closedPort, serve, serveRaw } = require('./server.js');

const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };

/** Ways of being in the middle of a run, and what a server does to get a client there. */
const MIDDLES = {
  'in the TLS handshake': { scheme: 'https:', act: () => {} },
  'waiting for the head': { scheme: 'http:', act: () => {} },
  'in the body': {
    scheme: 'http:',
    act: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  },
};

/** Runs `main` against a server that tells it, through its stdin, when it is in the middle. */
async function interrupt(t, { scheme, act }, main) {
  const server = await serveRaw(t, act);
  const { child, ended } = startInChild(main, server.url.replace('http:', scheme));
  server.server.on('connection', (socket) => {
    socket.once('data', () => child.stdin.write('now'));
  });
  return { child, ended };
}

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

for (const [name, middle] of Object.entries(MIDDLES)) {
  test(`process.exit() ${name} ends the process with its code`, async (t) => {
    const { ended } = await interrupt(t, middle, (url) => {
      const { downloadAll } = require('manyfetch');
      downloadAll(Array.from({ length: 50 }, () => url));
      process.stdin.once('data', () => process.exit(7));
    });
    assert.deepEqual(await ended, { ...QUIET, code: 7 });
  });
}

test('an uncaught exception in the middle ends the process as ever', async (t) => {
  const { ended } = await interrupt(t, MIDDLES['in the body'], (url) => {
    const { downloadAll } = require('manyfetch');
    downloadAll(Array.from({ length: 50 }, () => url));
    process.stdin.once('data', () => {
      throw new Error('mine');
    });
  });
  const { code, signal, stderr } = await ended;
  assert.deepEqual([code, signal], [1, null]);
  assert.match(stderr, /Error: mine/);
});

test('a signal ends the process as ever', { skip: process.platform === 'win32' }, async (t) => {
  const { ended } = await interrupt(t, MIDDLES['waiting for the head'], (url) => {
    const { downloadAll } = require('manyfetch');
    downloadAll(Array.from({ length: 50 }, () => url));
    process.stdin.once('data', () => process.kill(process.pid, 'SIGTERM'));
  });
  assert.deepEqual(await ended, { ...QUIET, code: null, signal: 'SIGTERM' });
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
