import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveSite } from '../live.js';
import { alternating, hostByHost, planned } from '../plan.js';
import { article } from '../suites/article.js';
import { disk } from '../suites/disk.js';
import { million } from '../suites/million.js';

const site = {
  live: false,
  caFile: '/ca.pem',
  roundTripMs: 20,
  serverTimesMs: new Array(100).fill(34),
  urlOf: (host, page) => `https://${host}.test/page/${page}`,
  plainUrlOf: (host, path) => `http://${host}.test${path}`,
};
const contender = (id) => article.contenders.find((each) => each.id === id);
const planOf = (id, where = site) => article.plan(contender(id), where);

test('both orders hold the same links, fifty on each host', () => {
  const pages = (links) => links.map(({ host, page }) => `${host}${page}`).sort();
  assert.deepEqual(pages(alternating(100)), pages(hostByHost(100)));
  assert.equal(alternating(100).filter(({ host }) => host === 'a').length, 50);
  assert.deepEqual(alternating(3), [
    { host: 'a', page: 0 },
    { host: 'b', page: 1 },
    { host: 'a', page: 2 },
  ]);
  assert.deepEqual(
    hostByHost(4)
      .map(({ host }) => host)
      .join(''),
    'aabb',
  );
});

test('a plan asks for each link once, in the order of the list', () => {
  const { requests, scenario } = planOf('aiohttp');
  assert.deepEqual(
    requests.map(({ index }) => index),
    [...new Array(100).keys()],
  );
  assert.deepEqual(scenario.links[1], { index: 1, url: 'https://b.test/page/1' });
  assert.equal(scenario.concurrency, 10);
  assert.equal(scenario.ca, '/ca.pem');
});

test('the published batches overlap: a hundred requests for the first nineteen entries, all on host a', () => {
  const { requests } = planOf('node-request');
  assert.equal(requests.length, 100);
  assert.deepEqual(new Set(requests.map(({ index }) => index)), new Set(new Array(19).keys()));
  assert.ok(requests.every(({ host }) => host === 'a'));
  assert.deepEqual(
    requests.slice(9, 12).map(({ index }) => index),
    [9, 1, 2],
  );
});

test('the mended batches ask for each link once', () => {
  const { requests } = planOf('node-request-mended');
  assert.deepEqual(
    requests.map(({ index }) => index),
    [...new Array(100).keys()],
  );
});

test('the ideal of the two sequential ways is their arithmetic', () => {
  assert.equal(planOf('requests').idealSeconds, 9.4);
  assert.equal(planOf('requests-session').idealSeconds, 5.48);
});

test('a live plan has the two pages, no certificate of its own and no ideal', () => {
  const { scenario, idealSeconds } = planOf('manyfetch', liveSite(article.live));
  assert.deepEqual(new Set(scenario.links.map(({ url }) => url)).size, 2);
  assert.ok(scenario.links.every(({ url }) => url.startsWith('https://')));
  assert.equal(scenario.links.length, 100);
  assert.equal(scenario.ca, null);
  assert.equal(idealSeconds, null);
});

test('the million is planned as a rule, not as a list', () => {
  const { scenario, requestCount } = million.plan(million.contenders[0], site, million.requests);
  assert.equal(requestCount, 1_000_000);
  assert.ok(JSON.stringify(scenario).length < 1000);
  assert.equal(scenario.concurrency, 100);
});

test('each file has an address and a name of its own', () => {
  const { scenario, requestCount } = disk.plan(disk.contenders[0], site, 3);
  assert.equal(requestCount, 3);
  assert.deepEqual(scenario.links[2], { url: 'http://a.test/page/2', name: '2' });
});

test('an entry is a contender in a case that it takes, case by case', () => {
  const suite = {
    takes: ({ cases }, { id }) => cases.includes(id),
    plan: (_contender, _site, requests, { id }) => ({ requestCount: requests, scenario: { id } }),
  };
  const cases = [{ id: 'x' }, { id: 'y' }];
  const contenders = [
    { id: 'a', cases: ['x', 'y'] },
    { id: 'b', cases: ['y'] },
  ];
  const entries = planned({ suite, cases, contenders, requests: 5 }, site);
  assert.deepEqual(
    entries.map((entry) => `${entry.case} ${entry.contender.id} ${entry.scenario.id}`),
    ['x a x', 'y a y', 'y b y'],
  );
  assert.ok(entries.every(({ requestCount }) => requestCount === 5));
});

test('a suite without cases has an entry a contender', () => {
  const entries = planned({ suite: article, contenders: article.contenders }, site);
  assert.equal(entries.length, 11);
  assert.ok(entries.every((entry) => entry.case === undefined));
});
