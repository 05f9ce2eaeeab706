import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestsOf, Tally } from '../contenders/many.js';
import { checkTally, expectedTally, probes } from '../tally.js';

const urls = { base: 'http://a.test', shortest: 10, lengths: 3 };
const served = new Map(probes(urls).map((url, at) => [url, { bytes: 10 + at }]));
const expected = expectedTally(urls, 7, served);

/** What an honest contender reports, unless `change` meddles with an answer. */
function tallied(change = (answer) => [answer]) {
  const tally = new Tally();
  for (const { index, url } of requestsOf({ urls, count: 7 })) {
    const bytes = Number(/\/bytes\/(\d+)/.exec(url)[1]);
    for (const answer of change({ index, status: 200, bytes })) {
      tally.add(answer.index, answer.status, answer.bytes);
    }
  }
  return tally;
}

test('each request has an address of its own, and lengths take turns', () => {
  const all = [...requestsOf({ urls, count: 7 })].map(({ url }) => url);
  assert.equal(new Set(all).size, 7);
  assert.equal(all[0], 'http://a.test/bytes/10?0');
  assert.equal(all[4], 'http://a.test/bytes/11?4');
});

test('an honest tally is believed', () => {
  assert.equal(checkTally(tallied(), expected), null);
});

test('what is left out, made up, failed or answered twice shows in the tally', () => {
  const only = (index, instead) => (answer) =>
    answer.index === index ? instead(answer) : [answer];
  const reasons = [
    [tallied(only(3, () => [])), /responses: 6, expected were 7/],
    [tallied(only(3, (answer) => [{ ...answer, status: 503 }])), /1 answers with status 503/],
    [tallied(only(3, (answer) => [{ ...answer, bytes: 9 }])), /bytes: 75, expected were 76/],
    [tallied(only(3, (answer) => [{ ...answer, index: 0 }])), /checksum/],
    [{ ...tallied(), statuses: { 200: 6 } }, /not as many/],
    [undefined, /no tally/],
  ];
  for (const [tally, reason] of reasons) assert.match(checkTally(tally, expected), reason);
});
