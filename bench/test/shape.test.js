import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thinned } from '../memory.js';
import { growthOf, middleShape, sparkline, tenthsOf } from '../shape.js';

const steady = (points, bytes = () => 100) =>
  Array.from({ length: points }, (_, at) => [at * 250, bytes(at)]);

test('memory is told in tenths of the time, each by its median', () => {
  assert.deepEqual(
    tenthsOf(steady(101, (at) => at)),
    [4.5, 14.5, 24.5, 34.5, 44.5, 54.5, 64.5, 74.5, 84.5, 95],
  );
});

test('a tenth that nobody looked at has what the one before it had', () => {
  const points = [...steady(10), [25_000, 700]];
  assert.deepEqual(tenthsOf(points), [...new Array(9).fill(100), 700]);
});

test('too few points have no shape', () => {
  assert.equal(tenthsOf(steady(9)), null);
  assert.equal(tenthsOf(undefined), null);
  assert.equal(growthOf(null), null);
  assert.equal(middleShape([null]), null);
});

test('growth is what the second half added', () => {
  assert.equal(growthOf([9, 1, 1, 1, 1, 20, 20, 20, 20, 50]), 30);
});

test('the shape of several rounds is their median, tenth by tenth', () => {
  const shapes = [1, 5, 3].map((bytes) => new Array(10).fill(bytes));
  assert.deepEqual(middleShape([...shapes, null]), new Array(10).fill(3));
});

test('the highest bar is full and nothing is the lowest', () => {
  assert.equal(sparkline([0, 50, 100]), '▁▅█');
});

test('thinning keeps the peaks and the order', () => {
  const points = steady(1001, (at) => (at === 500 ? 999 : 1));
  const kept = thinned(points, 500);
  assert.ok(kept.length <= 500);
  assert.deepEqual(
    kept.filter(([, bytes]) => bytes === 999),
    [[125_000, 999]],
  );
  assert.ok(kept.every(([ms], at) => at === 0 || ms > kept[at - 1][0]));
  assert.equal(thinned(points, 1001), points);
});
