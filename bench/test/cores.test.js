import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedCores, coresAmong, describeCores, onCore } from '../cores.js';

const allowed = (list) =>
  allowedCores(`Name:\tnode\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`);

test('the cores of a process are those that the kernel lets it have', () => {
  assert.deepEqual(allowed('0-1'), [0, 1]);
  assert.deepEqual(allowed('3'), [3]);
  assert.deepEqual(allowed('0,2-4,8'), [0, 2, 3, 4, 8]);
});

test('origin and contender get a core each, as far apart as there are', () => {
  assert.deepEqual(coresAmong([0, 1]), { origin: 0, contender: 1 });
  assert.deepEqual(coresAmong([2, 3, 6, 7]), { origin: 2, contender: 7 });
});

test('with one core nobody has one of its own', () => {
  const cores = coresAmong([5]);
  assert.match(cores.missing, /one core/);
  assert.match(describeCores(cores), /nothing is pinned: there is one core only/);
});

test('a command is bound to a core where there is one for it', () => {
  assert.deepEqual(onCore(0, ['node', 'x']), ['taskset', '--cpu-list', '0', 'node', 'x']);
  assert.deepEqual(onCore(undefined, ['node', 'x']), ['node', 'x']);
});
