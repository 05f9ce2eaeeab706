import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lateness } from '../contenders/lateness.js';

function recorded(samples) {
  const lateness = new Lateness();
  for (const ms of samples) lateness.record(ms);
  return lateness.summary();
}

test('median and 99th percentile are told to a tenth of a millisecond, the maximum as it was', () => {
  const samples = Array.from({ length: 100 }, (_, at) => at + 0.55);
  assert.deepEqual(recorded(samples), { samples: 100, median: 49.6, p99: 98.6, max: 99.55 });
});

test('a timer that was early is on time, and one of seconds counts', () => {
  assert.deepEqual(recorded([-0.2]), { samples: 1, median: 0, p99: 0, max: 0 });
  assert.equal(recorded([4321]).max, 4321);
  assert.equal(recorded([0, 0, 4321]).median, 0.1);
});

test('without a sample there is nothing to tell', () => {
  assert.equal(recorded([]), null);
});
