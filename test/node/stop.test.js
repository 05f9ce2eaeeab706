// Runs that end early: by the first failure, if that is asked for, and by a fault of our own.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, DownloadError, downloadAll } = require('../../index.js');
const { runInChild } = require('./child.js');
const { closedPort, serve, serveRaw } = require('./server.js');

/** Nothing is tried again, and no limit of time is near. */
const ONCE = { stopOnError: true, retry: false, timeout: { response: 60_000 } };

test('the first item that fails rejects with its error, and what is under way is cancelled', async (t) => {
  const silent = await serveRaw(t, () => {});
  const port = await closedPort(t);
  const urls = [...new Array(5).fill(silent.url), `http://127.0.0.1:${port}/`];
  for (const call of [
    (options) => downloadAll(urls, options),
    (options) => new Client().downloadAll(urls, options),
  ]) {
    await assert.rejects(call(ONCE), (error) => {
      assert.ok(error instanceof DownloadError);
      const { code, index, url, attempts, stack } = error;
      assert.deepEqual([code, index, attempts], ['ECONNREFUSED', 5, 1]);
      assert.equal(url, `http://127.0.0.1:${port}/`);
      assert.match(stack, /stop\.test\.js/, 'the stack points at the call');
      return true;
    });
    await silent.gone();
  }
});

test('an item that cannot be sent is a failure too', async (t) => {
  const { url } = await serveRaw(t, () => {});
  const broken = [
    ['', 'ERR_INVALID_URL'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ url, metod: 1 }, 'ERR_INVALID_ARG_VALUE'],
  ];
  for (const [item, code] of broken) {
    const list = [url, item, url];
    await assert.rejects(downloadAll(list, ONCE), { name: 'DownloadError', code, attempts: 0 });
  }
});

test('a response is no failure, whatever its status, and without failures all is as ever', async (t) => {
  const { url } = await serve(t, (request, response) =>
    response.writeHead(Number(request.url.slice(1))).end(),
  );
  const statuses = [200, 404, 500, 429, 301];
  const results = await downloadAll(
    statuses.map((status) => `${url}/${status}`),
    ONCE,
  );
  assert.deepEqual(
    results.map((result) => result.status),
    statuses,
  );
  assert.deepEqual([...(await downloadAll([], ONCE))], []);
});

test('without being asked for, no failure rejects', async (t) => {
  const port = await closedPort(t);
  const options = { stopOnError: false, retry: false };
  const results = await downloadAll(['', `http://127.0.0.1:${port}/`], options);
  assert.deepEqual(
    results.map(({ error }) => error.code),
    ['ERR_INVALID_URL', 'ECONNREFUSED'],
  );
});

test('a run that breaks rejects with ERR_INTERNAL, and the process goes on', async (t) => {
  const { url } = await serve(t);
  const outcome = await runInChild(async (url) => {
    const native = require('./src/js/native.js');
    const { downloadAll } = require('manyfetch');
    const { take } = native.Run.prototype;
    native.Run.prototype.take = () => {
      throw Object.assign(new Error('the run broke'), { code: 'ERR_INTERNAL' });
    };
    const error = await downloadAll([url]).catch((error) => error);
    console.log(error.name, error instanceof Error, error.code, error.message);
    native.Run.prototype.take = take;
    console.log((await downloadAll([url]))[0].text());
  }, url);
  const stdout = 'Error true ERR_INTERNAL manyfetch: the run broke\n/\n';
  assert.deepEqual(outcome, { code: 0, signal: null, stdout, stderr: '' });
});

test('the deadline of a call is a failure too', async (t) => {
  const { url } = await serveRaw(t, () => {});
  const options = { ...ONCE, deadline: 10 };
  await assert.rejects(downloadAll([url], options), { code: 'ETIMEDOUT', phase: 'deadline' });
});
