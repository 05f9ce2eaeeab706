// What held a run back, in sentences: each of a run that is made to be held back so, with figures that fit it.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { urlsOf } = require('./held.js');
const { closedPort, serve } = require('./server.js');

const NONE = Number.POSITIVE_INFINITY;
const AT_ONCE = { backoff: { base: 0 }, budget: NONE };

/** A server that takes `delay` milliseconds for each answer. */
function serveSlowly(t, delay, answer = (response) => response.end('x')) {
  return serve(t, (request, response) => setTimeout(answer, delay, response, request));
}

const hostOf = ({ port }) => `127.0.0.1:${port}`;

/** The share in a sentence, from 0 to 1. */
function shareIn(sentence) {
  const [, percent] = sentence.match(/(\d+) %/);
  return Number(percent) / 100;
}

/** The one sentence of `advice` that matches, whose share is at least `least`. */
function sentenceIn(advice, pattern, least) {
  const found = advice.filter((sentence) => pattern.test(sentence));
  assert.equal(found.length, 1, JSON.stringify(advice));
  const share = shareIn(found[0]);
  assert.ok(share >= least && share <= 1, found[0]);
  assert.ok(advice.length <= 4);
  return found[0];
}

/** What the end of a loop over `run`, in which each result takes `work` milliseconds, has to advise. */
async function adviceOf(run, work = 0) {
  for await (const _result of run) if (work > 0) await pause(work);
  return run.stats.advice;
}

test('nothing is said of runs that are short, or have few items', async (t) => {
  const [quick, slow] = [await serve(t), await serveSlowly(t, 15)];
  const capped = { concurrencyPerHost: 1 };
  const runs = [[], ...[urlsOf(quick, 1), urlsOf(quick, 19), urlsOf(slow, 19)], ['']];
  for (const urls of runs) {
    const [all, each] = await Promise.all([
      downloadAll(urls, capped).then(({ stats }) => stats.advice),
      adviceOf(downloadEach(urls, capped)),
    ]);
    assert.deepEqual([all, each], [[], []], `${urls.length} items`);
  }
});

test('nothing is said where nothing stands out', async (t) => {
  const slow = await serveSlowly(t, 300);
  const { stats } = await downloadAll(urlsOf(slow, 30), { concurrencyPerHost: 50 });
  assert.ok(stats.seconds > 0.2);
  assert.deepEqual(stats.advice, []);
});

const ALLOWED = 'if the server allows it';

/** Limits that a slow server makes felt, and what is then said. */
const LIMITS = {
  'the cap of a host': [
    { concurrencyPerHost: 1 },
    (host) => `host ${host} was at its cap of 1 for %: raise concurrencyPerHost ${ALLOWED}`,
  ],
  'the cap of a host in hosts': [
    { hosts: { '127.0.0.1': { concurrency: 1 } } },
    (host) => `host ${host} was at its cap of 1 for %: raise its concurrency in hosts ${ALLOWED}`,
  ],
  'the cap of the call': [
    { concurrency: 1 },
    () =>
      'the call was at its cap of 1 for %: raise concurrency if the servers and this machine allow it',
  ],
  'the rate of the call': [
    { rate: '50/s' },
    () => 'the call was held to its rate of 50/s for %: raise rate if the servers allow it',
  ],
  'the rate of a host': [
    { ratePerHost: 50 },
    (host) => `host ${host} was held to its rate of 50/s for %: raise ratePerHost ${ALLOWED}`,
  ],
  'the rate of a host in hosts': [
    { hosts: { '*': { rate: '100/2s' } } },
    (host) => `host ${host} was held to its rate of 50/s for %: raise its rate in hosts ${ALLOWED}`,
  ],
};

test('it is said that a limit was waited for', { concurrency: true }, async (t) => {
  const check = async (options, expected) => {
    const slow = await serveSlowly(t, 15);
    const { advice } = (await downloadAll(urlsOf(slow, 30), options)).stats;
    const share = shareIn(sentenceIn(advice, /raise/, 0.5));
    const sentence = expected(hostOf(slow)).replace('%', `${Math.round(share * 100)} % of the run`);
    assert.deepEqual(advice, [sentence]);
  };
  const all = Object.entries(LIMITS).map(([what, [options, expected]]) =>
    t.test(what, () => check(options, expected)),
  );
  await Promise.all(all);
});

test('a cap that is felt for a part of the run alone is given that part', async (t) => {
  const [capped, slow] = [await serveSlowly(t, 10), await serveSlowly(t, 800)];
  const urls = [...urlsOf(capped, 30), slow.url];
  const { seconds, advice } = (await downloadAll(urls, { concurrencyPerHost: 1 })).stats;
  // Thirty answers one after the other, of which the last one makes nobody wait.
  const least = Math.floor((29 * 10 * 100) / (seconds * 1_000)) / 100;
  const sentence = sentenceIn(advice, /cap of 1/, Math.min(least, 0.2));
  assert.ok(sentence.includes(hostOf(capped)), sentence);
  assert.ok(shareIn(sentence) < 0.9, sentence);
});

test('several hosts at their caps are one sentence, with the worst by name', async (t) => {
  const slow = await serveSlowly(t, 10);
  const names = ['a.test', 'b.test', 'c.test'];
  const overrides = Object.fromEntries(names.map((name) => [name, '127.0.0.1']));
  const urls = ['a', 'b', 'c'].flatMap((name, i) =>
    new Array(20 + 10 * i).fill(`http://${name}.test:${slow.port}/`),
  );
  const options = { concurrencyPerHost: 1, dns: { overrides } };
  const { advice } = (await downloadAll(urls, options)).stats;
  const sentence = sentenceIn(advice, /^3 hosts were at their cap of 1/, 0.6);
  assert.match(sentence, new RegExp(`c\\.test:${slow.port} longest.*concurrencyPerHost`));
});

test('the ceilings of a client are told of', async (t) => {
  const slow = await serveSlowly(t, 15);
  const client = new Client({ concurrency: 1 });
  const { advice } = (await client.downloadAll(urlsOf(slow, 30))).stats;
  sentenceIn(advice, /^the client's own limits, .* were reached for \d+ % of the run/, 0.6);
});

test('it is said how long a host was paused', async (t) => {
  let requests = 0;
  const server = await serve(t, (_request, response) => {
    requests += 1;
    if (requests === 1) response.writeHead(429, { 'retry-after': '1' });
    response.end();
  });
  const { stats } = await downloadAll(urlsOf(server, 30));
  const host = hostOf(server);
  const pausedFor = (stats.hosts[host].pausedMs / 1_000).toFixed(1);
  const sentence = stats.advice.find((one) => one.includes('pauses'));
  assert.ok(sentence?.startsWith(`host ${host} asked for pauses of ${pausedFor} s in all:`));
  assert.match(sentence, /lower ratePerHost$/);
});

test('it is said that a host was closed, or could not be reached', async (t) => {
  const closed = await serve(t, (_request, response) => {
    response.writeHead(503, { 'retry-after': '3600' }).end();
  });
  const slow = await serveSlowly(t, 250);
  const urls = [...urlsOf(closed, 60), ...urlsOf(slow, 10)];
  const { stats } = await downloadAll(urls, { concurrencyPerHost: 10 });
  const share = stats.errors.ERR_HOST_UNAVAILABLE / 70;
  const sentence = sentenceIn(stats.advice, /asked for a longer pause than maxRetryAfter/, 0.05);
  assert.ok(sentence.startsWith(`host ${hostOf(closed)} `), sentence);
  assert.ok(Math.abs(shareIn(sentence) - share) <= 0.01, `${sentence} ${share}`);
});

test('it is said that connections are not kept', async (t) => {
  const server = await serveSlowly(t, 10, (response) => {
    response.writeHead(200, { connection: 'close' }).end();
  });
  const { stats } = await downloadAll(urlsOf(server, 100), { concurrencyPerHost: 4 });
  assert.deepEqual([stats.connections.opened, stats.connections.reused], [100, 0]);
  const sentence = sentenceIn(stats.advice, /kept connection/, 0);
  assert.match(sentence, /^0 % of requests over HTTP\/1\.1 went .* the server closes them/);
});

test('it is said that the loop over the results is slow', async (t) => {
  const { url } = await serve(t);
  const urls = new Array(40).fill(url);
  const advice = await adviceOf(downloadEach(urls, { maxBufferedBytes: 1 }), 15);
  const sentence = sentenceIn(advice, /^the loop over the results was waited for/, 0.4);
  assert.match(sentence, /slower than the network$/);
  const quick = await serveSlowly(t, 15);
  const other = await adviceOf(downloadEach(urlsOf(quick, 40), { concurrency: 2 }));
  assert.ok(!other.some((one) => one.includes('the loop')), JSON.stringify(other));
});

test('it is said that the list is slow', async (t) => {
  const server = await serve(t);
  const list = async function* () {
    for (const url of urlsOf(server, 30)) {
      await pause(15);
      yield url;
    }
  };
  const all = (await downloadAll(list())).stats.advice;
  for (const advice of [all, await adviceOf(downloadEach(list()))]) {
    const sentence = sentenceIn(advice, /^the list was waited for/, 0.6);
    assert.match(sentence, /slower than the network$/);
  }
});

test('it is said how many requests were retries, and after what', async (t) => {
  let requests = 0;
  const server = await serveSlowly(t, 5, (response) => {
    requests += 1;
    response.writeHead(requests % 2 ? 500 : 200).end();
  });
  const { stats } = await downloadAll(urlsOf(server, 60), {
    retry: AT_ONCE,
    concurrencyPerHost: 2,
  });
  const sentence = sentenceIn(stats.advice, /retries/, 0.05);
  const share = stats.retries / requests;
  assert.ok(Math.abs(shareIn(sentence) - share) <= 0.02, `${sentence} ${share}`);
  assert.match(sentence, /^\d+ % of requests were retries, all after 500$/);
});

test('it is said with what items failed, and no more than four things in all', async (t) => {
  const port = await closedPort(t);
  let requests = 0;
  const server = await serveSlowly(t, 10, (response) => {
    requests += 1;
    if (requests === 1) response.writeHead(429, { 'retry-after': '1' });
    else response.writeHead(requests % 2 ? 500 : 200, { connection: 'close' });
    response.end();
  });
  const refused = new Array(30).fill(`http://127.0.0.1:${port}/`);
  const urls = [...urlsOf(server, 40), ...refused];
  const { stats } = await downloadAll(urls, { concurrencyPerHost: 2, retry: AT_ONCE });
  assert.equal(stats.advice.length, 4, JSON.stringify(stats.advice));
  const failed = sentenceIn(stats.advice, /of the items failed with ECONNREFUSED$/, 0.05);
  assert.ok(Math.abs(shareIn(failed) - 30 / 70) <= 0.01, failed);
  for (const sentence of stats.advice) assert.doesNotMatch(sentence, /NaN|undefined|inf|-\d/);
});
