import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsOf, notesOf } from '../groups.js';

const row = (id, caseId, keep, notes = []) => ({ id, case: caseId, keep, notes });
const shown = (suite, rows) =>
  groupsOf(suite, rows).map(({ title, rows }) => [title, rows.map(({ id }) => id).join('')]);

test('a suite without cases has one table, without a title', () => {
  assert.deepEqual(shown({}, [row('a'), row('b')]), [['', 'ab']]);
});

test('each case has its tables, and bodies kept are told apart from bodies dropped', () => {
  const suite = {
    cases: [
      { id: 'x', title: 'one' },
      { id: 'y', title: 'two' },
      { id: 'z', title: 'not run' },
    ],
  };
  const rows = [
    row('a', 'y', false),
    row('b', 'x', true),
    row('c', 'x', false),
    row('d', 'x', true),
  ];
  assert.deepEqual(shown(suite, rows), [
    ['x: one; bodies dropped', 'c'],
    ['x: one; bodies kept', 'bd'],
    ['y: two; bodies dropped', 'a'],
  ]);
});

test('a note of a contender stands once, however many cases it is in', () => {
  const rows = [row('a', 'x', false, ['slow']), row('a', 'y', false, ['slow', 'lingered'])];
  assert.deepEqual(notesOf(rows), ['a: slow', 'a: lingered']);
});
