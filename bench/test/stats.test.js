import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, summarize } from '../stats.js';

test('the median is the middle one, or between the two middle ones', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([10, 9, 1, 2]), 5.5);
});

test('a summary leaves out what was not measured', () => {
  assert.deepEqual(summarize([2, undefined, 1, null, 4]), { median: 2, min: 1, max: 4 });
  assert.equal(summarize([null, undefined]), null);
});
