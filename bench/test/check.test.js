import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAnswers } from '../check.js';

const requests = [
  { index: 0, url: 'https://a/0' },
  { index: 1, url: 'https://b/1' },
];
const expected = new Map([
  ['https://a/0', { bytes: 3, sha256: 'aaa' }],
  ['https://b/1', { bytes: 4, sha256: 'bbb' }],
]);
const good = [
  { index: 1, status: 200, bytes: 4, sha256: 'bbb' },
  { index: 0, status: 200, bytes: 3, sha256: 'aaa' },
];
const spoiled = (change) => [{ ...good[0], ...change }, good[1]];

test('the right answers are believed in any order', () => {
  assert.equal(checkAnswers(good, requests, expected), null);
});

test('what is missing, failed, doubled or other is named', () => {
  const reasons = [
    [undefined, /no links in its answer/],
    [good.slice(1), /1 answers for 2 requests/],
    [spoiled({ error: 'ECONNRESET' }), /1 of 2 links failed, link 1 with ECONNRESET/],
    [spoiled({ index: 0 }), /link 0 was answered 2 times, planned were 1/],
    [spoiled({ index: 7 }), /link 7 was answered 1 times, planned were 0/],
    [spoiled({ status: 500 }), /link 1: status 500/],
    [spoiled({ bytes: 3 }), /link 1: 3 bytes, 4 were served/],
    [spoiled({ sha256: 'ccc' }), /link 1: other bytes/],
  ];
  for (const [answers, reason] of reasons) {
    assert.match(checkAnswers(answers, requests, expected), reason);
  }
});

test('a link asked for twice must be answered twice', () => {
  const twice = [requests[0], requests[0]];
  assert.equal(checkAnswers([good[1], good[1]], twice, expected), null);
  assert.match(checkAnswers(good, twice, expected), /planned were/);
});

test('live pages are counted, answered well and not empty', () => {
  assert.equal(checkAnswers(spoiled({ sha256: 'ccc', bytes: 9 }), requests, null), null);
  assert.match(checkAnswers(spoiled({ bytes: 0 }), requests, null), /an empty body/);
  assert.match(checkAnswers(spoiled({ status: 429 }), requests, null), /status 429/);
});
