// One run at a time has a journal, in this process or another; and right after its end, whatever that was, the next one can.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Client, downloadAll } = require('../../index.js');
const { startInChild } = require('./child.js');
const { WAYS, makeFolder } = require('./journals.js');
const { serve } = require('./server.js');

const BUSY = { code: 'EBUSY' };

/** A server that answers all but `/never`; `isAsked()` waits for the next request for that. */
async function serveNever(t) {
  const server = await serve(t, (request, response) => {
    if (request.url === '/never') server.server.emit('never');
    else response.end();
  });
  const { url } = server;
  return { url, never: `${url}/never`, isAsked: () => once(server.server, 'never') };
}

test('a journal that is in use is busy for all others, and is not changed by them', async (t) => {
  const { journal } = makeFolder(t);
  const { url, never, isAsked } = await serveNever(t);
  const controller = new AbortController();
  const asked = isAsked();
  const run = downloadAll([never], { journal, signal: controller.signal });
  await asked;
  const bytes = fs.readFileSync(journal);
  for (const [name, fetchAll] of Object.entries(WAYS)) {
    await assert.rejects(fetchAll([url], { journal }), BUSY, name);
  }
  const { stdout } = await startInChild(
    ({ url, journal }) => {
      const { downloadAll } = require('manyfetch');
      downloadAll([url], { journal }).catch(({ code }) => console.log(code));
    },
    { url, journal },
  ).ended;
  assert.equal(stdout, 'EBUSY\n');
  assert.deepEqual(fs.readFileSync(journal), bytes);
  controller.abort('enough');
  await assert.rejects(run);
  assert.ok((await downloadAll([url], { journal }))[0].ok);
});

test('of two calls at once one has the journal', async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serveNever(t);
  for (let round = 0; round < 20; round++) {
    const calls = [downloadAll([url], { journal }), downloadAll([url], { journal })];
    const ended = await Promise.allSettled(calls);
    const codes = ended.map(({ reason }) => reason?.code);
    assert.ok(codes.includes(undefined), String(codes));
    assert.ok(
      codes.every((code) => code === undefined || code === 'EBUSY'),
      String(codes),
    );
  }
});

test('right after a run the next one has the journal, however the first ended', async (t) => {
  const { url, never, isAsked } = await serveNever(t);
  const ends = {
    'close({ force: true })': (client) => client.close({ force: true }),
    abort: (_client, controller) => controller.abort('enough'),
    'return()': (_client, _controller, each) => each.return(),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { journal } = makeFolder(t);
    const [client, controller] = [new Client(), new AbortController()];
    const asked = isAsked();
    const each = client.downloadEach([url, never], { journal, signal: controller.signal });
    await each.next();
    const next = each.next().catch(() => {});
    await asked;
    const ended = end(client, controller, each);
    const [first] = await downloadAll([url], { journal }).catch(({ code }) => [code]);
    assert.equal(first.fromJournal, true, `after ${name}: ${first}`);
    await Promise.all([ended, next]);
  }
});

test('right after an abort at the beginning the next run has the journal', async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serveNever(t);
  for (let round = 0; round < 200; round++) {
    const controller = new AbortController();
    const run = downloadAll([url], { journal, signal: controller.signal });
    if (round % 2 === 1) await new Promise(setImmediate);
    controller.abort('enough');
    await assert.rejects(run);
    await downloadAll([url], { journal });
  }
});

test('a process that was killed holds no journal', async (t) => {
  const { journal } = makeFolder(t);
  const { url, never, isAsked } = await serveNever(t);
  const main = ({ urls, journal }) => require('manyfetch').downloadAll(urls, { journal });
  const asked = isAsked();
  const { child, ended } = startInChild(main, { urls: [never], journal });
  await asked;
  await assert.rejects(downloadAll([url], { journal }), BUSY);
  child.kill('SIGKILL');
  await ended;
  assert.ok((await downloadAll([url], { journal }))[0].ok);
});

test('a worker that was terminated holds no journal', async (t) => {
  const { journal } = makeFolder(t);
  const { url, never, isAsked } = await serveNever(t);
  const source = `const { workerData } = require('node:worker_threads');
    const { downloadAll } = require(workerData.library);
    downloadAll([workerData.never], { journal: workerData.journal });`;
  const library = require.resolve('../../index.js');
  const asked = isAsked();
  const worker = new Worker(source, { eval: true, workerData: { library, never, journal } });
  await asked;
  await assert.rejects(downloadAll([url], { journal }), BUSY);
  await worker.terminate();
  assert.ok((await downloadAll([url], { journal }))[0].ok);
});
