// How many requests are in flight, by the servers' own count.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

/** A server that counts what is in flight, there and in all, and answers each after a moment. */
async function countingServer(t, total) {
  const own = { inFlight: 0, peak: 0 };
  const { url } = await serve(t, (request, response) => {
    for (const count of [own, total]) count.peak = Math.max(count.peak, ++count.inFlight);
    setTimeout(() => {
      for (const count of [own, total]) count.inFlight -= 1;
      response.end(request.url);
    }, 2);
  });
  return { own, urls: (n) => Array.from({ length: n }, (_, i) => `${url}/${i}`) };
}

test('neither limit is ever exceeded, on two hosts at once', async (t) => {
  const limits = [
    { concurrency: 1 },
    { concurrency: 3 },
    { concurrencyPerHost: 2 },
    { concurrency: 5, concurrencyPerHost: 3 },
    { concurrency: 4, concurrencyPerHost: 100 },
  ];
  for (const options of limits) {
    const total = { inFlight: 0, peak: 0 };
    const servers = [await countingServer(t, total), await countingServer(t, total)];
    const results = await downloadAll(
      servers.flatMap(({ urls }) => urls(60)),
      options,
    );
    assert.equal(results.stats.ok, 120);
    const { concurrency = 100, concurrencyPerHost = 10 } = options;
    assert.ok(total.peak <= concurrency, `${total.peak} in all`);
    for (const { own } of servers)
      assert.ok(own.peak <= concurrencyPerHost, `${own.peak} to one host`);
  }
});

test('by default ten requests are in flight to one host', async (t) => {
  const waiting = [];
  let peak = 0;
  let answered = 0;
  // They wait until another host has had its hundred, ten at a time: an eleventh would have come meanwhile.
  const isOver = () => answered === 100 && peak >= 10;
  const release = () => isOver() && waiting.splice(0).forEach((one) => void one.end());
  const slow = await serve(t, (_request, response) => {
    if (isOver()) return response.end();
    peak = Math.max(peak, waiting.push(response));
    release();
  });
  const quick = await serve(t, (_request, response) => {
    response.end();
    answered += 1;
    release();
  });
  const urls = [...new Array(50).fill(slow.url), ...new Array(100).fill(quick.url)];
  const { stats } = await downloadAll(urls);
  assert.equal(peak, 10);
  assert.equal(stats.ok, 150);
});

test('a host that does not answer holds up nobody else', async (t) => {
  const held = [];
  const slow = await serve(t, (_request, response) => held.push(response));
  let answered = 0;
  const quick = await serve(t, (request, response) => {
    response.end(request.url);
    answered += 1;
    if (answered === 200) release();
  });
  const release = () => {
    for (const response of held.splice(0)) response.end('late');
    slow.server
      .removeAllListeners('request')
      .on('request', (_request, response) => response.end('late'));
  };
  const urls = [
    ...Array.from({ length: 50 }, () => slow.url),
    ...Array.from({ length: 200 }, (_, i) => `${quick.url}/${i}`),
  ];
  const results = await downloadAll(urls, { concurrency: 6, concurrencyPerHost: 4 });
  assert.ok(results.slice(0, 50).every((result) => result.text() === 'late'));
  assert.ok(results.slice(50).every((result, i) => result.text() === `/${i}`));
});

test('a redirect to another host waits for its turn there', async (t) => {
  const total = { inFlight: 0, peak: 0 };
  const there = await countingServer(t, total);
  const [target] = there.urls(1);
  const here = await serve(t, (_request, response) =>
    response.writeHead(302, { location: target }).end(),
  );
  const urls = [...Array.from({ length: 60 }, () => here.url), ...there.urls(60)];
  const results = await downloadAll(urls, { concurrencyPerHost: 3 });
  assert.equal(results.stats.ok, 120);
  assert.ok(there.own.peak <= 3, String(there.own.peak));
});

test('origins are told apart by their port and counted each by itself', async (t) => {
  const waiting = [];
  const answer = (_request, response) => {
    waiting.push(response);
    // All of them are let go when each host has its two.
    if (waiting.length === 8) for (const one of waiting) one.end();
  };
  const servers = await Promise.all(Array.from({ length: 4 }, () => serve(t, answer)));
  const results = await downloadAll(
    servers.flatMap(({ url }) => [url, url]),
    { concurrencyPerHost: 2 },
  );
  assert.equal(results.stats.ok, 8);
});
