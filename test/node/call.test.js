// The call itself: what is a list of URLs, and what importing and calling costs when there is nothing to do.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { downloadAll } = require('../../index.js');
const { runInChild } = require('./child.js');
const { serve } = require('./server.js');

const WRONG_OPTIONS = [
  { concurrency: 0 },
  { headers: { 'a b': 'x' } },
  { method: 'G ET' },
  { tls: { ca: 'no' } },
];
const onLinux = { skip: process.platform !== 'linux' && 'reads /proc' };

test('an empty list resolves to an empty array with its stats', async () => {
  const empty = [[], new Set(), new Map().values(), (function* () {})(), ''.matchAll(/./g)];
  for (const urls of empty) {
    const results = await downloadAll(urls);
    assert.deepEqual([...results], []);
    assert.ok(Array.isArray(results));
    const { total, done, ok, failed, bytes, statuses, errors } = results.stats;
    assert.deepEqual(
      { total, done, ok, failed, bytes },
      { total: 0, done: 0, ok: 0, failed: 0, bytes: 0 },
    );
    assert.deepEqual({ statuses, errors }, { statuses: {}, errors: {} });
  }
});

test('what is no list of URLs rejects with what it is in the message', async () => {
  const wrong = [
    undefined,
    null,
    5,
    true,
    {},
    Promise.resolve([]),
    'http://localhost/',
    new URL('http://localhost/'),
  ];
  for (const urls of [...wrong, Symbol('urls'), () => {}]) {
    const promise = downloadAll(urls);
    assert.ok(promise instanceof Promise);
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
      assert.match(error.message, /^urls must be an iterable/);
      assert.match(error.message, /Received (undefined|null|5|true|an? \w+( of \w+)?)$/);
      return true;
    });
  }
  await assert.rejects(downloadAll(), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('the list is not touched when the options are wrong', async () => {
  const untouchable = { [Symbol.iterator]: () => assert.fail('the list was read') };
  for (const options of WRONG_OPTIONS) {
    await assert.rejects(downloadAll(untouchable, options), { name: /^(Type|Range)Error$/ });
  }
});

test('wrong options reject for an empty list too', async () => {
  for (const options of WRONG_OPTIONS) {
    await assert.rejects(
      downloadAll([], options),
      { name: /^(Type|Range)Error$/ },
      inspect(options),
    );
  }
});

test('the function needs no receiver', async (t) => {
  const { url } = await serve(t);
  for (const receiver of [null, undefined, {}]) {
    const [result] = await downloadAll.call(receiver, [url]);
    assert.equal(result.status, 200);
  }
  assert.throws(() => new downloadAll([]), TypeError);
});

test('runs at the same time do not disturb each other', async (t) => {
  const { url } = await serve(t);
  const runs = Array.from({ length: 20 }, (_, run) =>
    downloadAll(Array.from({ length: 20 }, (_, item) => `${url}/${run}/${item}`)),
  );
  for (const [run, results] of (await Promise.all(runs)).entries()) {
    assert.deepEqual(
      results.map((result) => result.text()),
      Array.from({ length: 20 }, (_, item) => `/${run}/${item}`),
    );
    assert.equal(results.stats.total, 20);
  }
});

test('neither importing nor an empty list starts a thread or opens a socket', onLinux, async () => {
  const { stdout, stderr } = await runInChild(async () => {
    const fs = require('node:fs');
    const count = () => ({
      threads: fs.readdirSync('/proc/self/task').length,
      sockets: fs.readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
        } catch {
          return false;
        }
      }).length,
    });
    const before = count();
    const { downloadAll } = require('manyfetch');
    const imported = count();
    await downloadAll([]);
    console.log(JSON.stringify([before, imported, count()]));
  });
  assert.equal(stderr, '');
  const [before, imported, called] = JSON.parse(stdout);
  assert.deepEqual(imported, before);
  assert.deepEqual(called, before);
});

test('importing changes nothing that belongs to the process', async () => {
  const { stdout, stderr } = await runInChild(() => {
    const look = () =>
      JSON.stringify({
        globals: Object.getOwnPropertyNames(globalThis),
        events: process.eventNames().map(String),
        environment: process.env,
        report: { ...process.report, excludeNetwork: process.report.excludeNetwork },
        handles: process.getActiveResourcesInfo(),
      });
    const before = look();
    require('manyfetch');
    console.log(before === look() ? 'same' : `${before}\n${look()}`);
  });
  assert.equal(stderr, '');
  assert.equal(stdout, 'same\n');
});

test('a run starts at most one thread a core, and a bounded few for names', onLinux, async (t) => {
  const { url } = await serve(t);
  const { stdout } = await runInChild(async (url) => {
    const { downloadAll } = require('manyfetch');
    const count = () => require('node:fs').readdirSync('/proc/self/task').length;
    const before = count();
    const urls = Array.from(
      { length: 200 },
      (_, i) => `${url.replace('127.0.0.1', 'localhost')}/${i}`,
    );
    await Promise.all(Array.from({ length: 20 }, () => downloadAll(urls)));
    console.log(count() - before);
  }, url);
  const cores = require('node:os').availableParallelism();
  assert.ok(Number(stdout) >= 1 && Number(stdout) <= cores + 16, `${stdout} threads`);
});
