// However a run with a journal ends, the journal is left so that it goes on, and knows all that was delivered.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { finishedIn, linesOf, makeFolder } = require('./journals.js');
const { serve, serveRequests } = require('./server.js');
const { until } = require('./until.js');

const TOTAL = 150;

/** A server, and a list of TOTAL items at it. `onRequest` is told how many there were, and says whether it has answered. */
async function serveList(t, onRequest = () => {}) {
  const { dir, journal } = makeFolder(t);
  const server = await serveRequests(t, ({ url }, response) => {
    if (!onRequest(server.requests.length, response)) response.end(url);
  });
  const list = Array.from({ length: TOTAL }, (_, i) => `${server.url}/${i}`);
  return { server, list, journal, options: { journal, saveTo: `${dir}/files`, retry: false } };
}

/** The same again has all results, and asks for nothing that the journal knew. */
async function goOn({ server, list, journal, options }) {
  const known = finishedIn(journal);
  const before = server.requests.length;
  const results = await downloadAll(list, options);
  assert.ok(results.every((result, i) => result.ok && result.requestUrl === list[i]));
  // Requests of the run that is over may still come in, too.
  const asked = new Set(server.requests.slice(before).map(({ url }) => Number(url.slice(1))));
  assert.deepEqual(
    [...known].filter((index) => asked.has(index)),
    [],
  );
  assert.equal(asked.size, TOTAL - known.size);
  linesOf(journal);
  return known;
}

/** Takes results until there are `count`, and then calls `end`; gives what came, and what the loop threw. */
async function takeSome(run, count, end) {
  const taken = [];
  try {
    for await (const { index } of run) {
      taken.push(index);
      if (taken.length === count && end(run)) break;
    }
    return { taken };
  } catch (error) {
    return { taken, error };
  }
}

/** Ways to end a loop before its end. */
const ENDS = {
  break: () => ({ end: () => true }),
  'stop()': () => ({ end: (run) => run.stop() }),
  abort: () => {
    const controller = new AbortController();
    return { end: () => controller.abort('enough'), options: { signal: controller.signal } };
  },
  'a throw in the loop': () => ({
    end: () => {
      throw new Error('mine');
    },
  }),
  'return()': () => ({ end: (run) => void run.return() }),
};

for (const [name, prepare] of Object.entries(ENDS)) {
  for (const count of [1, 70, TOTAL]) {
    test(`after ${count} results and ${name} the journal knows them, and goes on`, async (t) => {
      const given = await serveList(t);
      const { end, options } = prepare();
      const run = downloadEach(given.list, { ...given.options, ...options });
      const { taken } = await takeSome(run, count, end);
      const known = await goOn(given);
      assert.ok(taken.length >= count && taken.every((index) => known.has(index)));
    });
  }
}

test('an abort in the middle of downloadAll leaves a journal that goes on', async (t) => {
  for (const at of [1, 50, 149]) {
    const controller = new AbortController();
    const given = await serveList(t, (count) => {
      if (count === at) controller.abort('enough');
    });
    const run = downloadAll(given.list, { ...given.options, signal: controller.signal });
    await assert.rejects(run, (reason) => reason === 'enough');
    const known = await goOn(given);
    assert.ok(known.size < TOTAL);
  }
});

test('after stopOnError the journal goes on', async (t) => {
  const given = await serveList(t, (count, response) => {
    if (count !== 100) return false;
    response.writeHead(200, { 'content-length': 100 }).write('cut', () => response.destroy());
    return true;
  });
  const run = downloadAll(given.list, { ...given.options, stopOnError: true });
  await assert.rejects(run, { code: /^(ERR_BODY_TRUNCATED|ECONNRESET)$/ });
  const known = finishedIn(given.journal).size;
  assert.ok(known >= 90 && known < TOTAL, `${known} are known`);
  const results = await downloadAll(given.list, given.options);
  assert.ok(results.every((result) => result.ok));
  const old = results.filter((result) => result.fromJournal).length;
  // The one that failed is in the journal, too.
  assert.equal(old, known - 1);
});

test('a deadline leaves items that the next run fetches', async (t) => {
  const { journal } = makeFolder(t);
  let isSilent = true;
  const server = await serveRequests(t, ({ url }, response) => {
    if (url !== '/late' || !isSilent) response.end();
  });
  const list = ['/a', '/b', '/late'].map((path) => `${server.url}${path}`);
  const first = await downloadAll(list, { journal, deadline: 300 });
  assert.equal(first[2].error.phase, 'deadline');
  isSilent = false;
  const again = await downloadAll(list, { journal });
  assert.deepEqual(
    again.map((result) => result.fromJournal),
    [true, true, undefined],
  );
});

test('a list that throws leaves what was done, and the journal free', async (t) => {
  const given = await serveList(t);
  const { list, journal, options } = given;
  async function* broken() {
    yield* list.slice(0, 100);
    await until(() => finishedIn(journal).size >= 50);
    throw new Error('mine');
  }
  await assert.rejects(downloadAll(broken(), options), { message: 'mine' });
  const { error } = await takeSome(downloadEach(broken(), options), TOTAL);
  assert.equal(error.message, 'mine');
  const known = await goOn(given);
  assert.ok(known.size >= 50);
});

test('a line is there soon, though the run has not ended', async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serve(t, (request, response) => {
    if (request.url !== '/never') response.end();
  });
  const controller = new AbortController();
  const run = downloadAll([`${url}/a`, `${url}/never`], { journal, signal: controller.signal });
  await until(() => finishedIn(journal).has(0));
  controller.abort('enough');
  await assert.rejects(run);
});
