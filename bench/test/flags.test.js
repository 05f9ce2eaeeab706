import assert from 'node:assert/strict';
import { test } from 'node:test';
import { help, readFlags, UsageError } from '../flags.js';
import { suites } from '../suites/index.js';

test('without flags it is the article, all contenders, on the local origin', () => {
  const flags = readFlags([]);
  assert.equal(flags.suite.name, 'article');
  assert.equal(flags.contenders.length, 11);
  assert.equal(flags.rounds, 3);
  assert.equal(flags.live, false);
});

test('--only keeps the order of the suite', () => {
  const { contenders } = readFlags(['article', '--only', 'fetch, aiohttp']);
  assert.deepEqual(
    contenders.map(({ id }) => id),
    ['aiohttp', 'fetch'],
  );
});

test('live pages get one round unless more are asked for', () => {
  assert.equal(readFlags(['--live']).rounds, 1);
  assert.equal(readFlags(['--live', '--rounds', '2']).rounds, 2);
});

test('a suite runs by its name, with as many requests as it has or as are asked for', () => {
  assert.equal(readFlags(['million']).requests, 1_000_000);
  assert.equal(readFlags(['million']).rounds, 1);
  const flags = readFlags(['disk', '--requests', '20']);
  assert.equal(flags.suite.name, 'disk');
  assert.equal(flags.requests, 20);
  assert.equal(readFlags([]).requests, undefined);
});

test('an optional contender runs when it is named, and not else', () => {
  const ids = (argv) => readFlags(argv).contenders.map(({ id }) => id);
  assert.ok(!ids(['million']).includes('fetch'));
  assert.deepEqual(ids(['million', '--only', 'fetch']), ['fetch']);
});

test('a suite runs all its cases, or those that are named, in its own order', () => {
  const ids = (argv) => readFlags(argv).cases.map(({ id }) => id);
  assert.equal(ids(['throughput']).length, 6);
  assert.deepEqual(ids(['throughput', '--cases', 'https-1k-64,http-1k-64']), [
    'http-1k-64',
    'https-1k-64',
  ]);
  assert.equal(readFlags([]).cases, undefined);
});

test('the help names every suite', () => {
  for (const name of Object.keys(suites)) assert.match(help, new RegExp(`^  ${name} `, 'm'));
});

test('a mistake is refused with what there is to choose from', () => {
  const mistakes = [
    [['nope'], /no suite 'nope'; there is article/],
    [['article', 'hosts'], /one suite at a time/],
    [['--only', 'fetch,nope'], /no contender 'nope' in 'article'; there is requests, /],
    [['--rounds', '0'], /--rounds takes a whole number from 1 on, not '0'/],
    [['--rounds', '1.5'], /--rounds/],
    [['million', '--requests', '1e3'], /--requests takes a whole number from 1 to 1000000/],
    [['million', '--requests', '1000001'], /--requests/],
    [['hosts', '--requests', '65537'], /--requests takes a whole number from 1 to 65536/],
    [['throughput', '--cases', 'ftp'], /no case 'ftp' in 'throughput'; there is http-1k-64, /],
    [['--cases', 'a'], /--cases: 'article' has none/],
    [['throughput', '--cases', 'http2-1k-64', '--only', 'fetch'], /none of these contenders/],
    [['--requests', '5'], /--requests: 'article' has a list of its own/],
    [['disk', '--live'], /--live: 'disk' has no pages/],
    [['--json', '/no/such/folder/x.json'], /cannot be written \(ENOENT\)/],
    [['--json', '/'], /cannot be written \(EISDIR\)/],
    [['--fast'], /--fast/],
  ];
  for (const [argv, message] of mistakes) {
    assert.throws(
      () => readFlags(argv),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  }
});
