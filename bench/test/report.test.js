import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notesOf } from '../groups.js';
import { tableMarkdown, tableText } from '../report.js';
import { article } from '../suites/article.js';
import { disk } from '../suites/disk.js';
import { million } from '../suites/million.js';
import { makeRows } from '../summary.js';

const entry = (id, more = {}) => ({
  contender: { id, published: 1.2, note: 'n' },
  idealSeconds: 0.5,
  ...more,
});
const record = (contender, seconds, more = {}) => ({
  contender,
  seconds,
  ok: true,
  notes: [],
  cpuSeconds: 0.25,
  peakRssBytes: 50e6,
  origin: { connections: 20, requests: { 1.1: 100, 2: 0 } },
  ...more,
});
const cellsOf = (rows, id, { columns } = article) =>
  tableText(rows, columns)
    .split('\n')
    .find((line) => line.startsWith(id))
    .split(/ {2,}/);

test('a row has the median and its spread, beside what was published and what is possible', () => {
  const records = [record('a', 0.7), record('a', 0.6), record('a', 0.5)];
  const cells = [
    'a',
    '0.600 (0.500–0.700)',
    '1.200',
    '0.500',
    '1.20',
    '0.25',
    '50',
    '20',
    '1.1',
    'ok',
  ];
  assert.deepEqual(cellsOf(makeRows([entry('a')], records), 'a'), cells);
});

test('the fastest comes first and what has no time last', () => {
  const entries = [
    entry('gone', { missing: 'python3 was not found' }),
    entry('slow'),
    entry('fast'),
  ];
  const rows = makeRows(entries, [record('slow', 2), record('fast', 1)]);
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['fast', 'slow', 'gone'],
  );
  assert.match(tableText(rows, article.columns), /gone .*missing: python3 was not found$/m);
});

test('the time of a failed sample is in no row', () => {
  const failed = record('a', 0.001, { ok: false, failure: 'other bytes' });
  const [some] = makeRows([entry('a')], [record('a', 0.5), failed]);
  assert.equal(some.seconds.median, 0.5);
  assert.equal(some.check, 'FAILED 1 of 2: other bytes');
  const [none] = makeRows([entry('a')], [failed]);
  assert.equal(none.seconds, null);
  assert.equal(none.check, 'FAILED: other bytes');
});

test('notes of the contender and of its samples stand below, each once', () => {
  const records = [
    record('a', 1, { notes: ['lingered'] }),
    record('a', 1, { notes: ['lingered'] }),
  ];
  assert.deepEqual(notesOf(makeRows([entry('a')], records)), ['a: n', 'a: lingered']);
});

test('the Markdown table has as many cells in each line, whatever a reason holds', () => {
  const failed = record('a', 1, { ok: false, failure: 'exit 1: a | b' });
  const lines = tableMarkdown(makeRows([entry('a')], [failed]), article.columns).split('\n');
  const cells = lines.map((line) => line.split(/(?<!\\)\|/).length);
  assert.deepEqual(cells, [12, 12, 12]);
});

test('a row of the million has its rate, its memory over time and how late timers were', () => {
  const memory = Array.from({ length: 101 }, (_, at) => [at, at < 50 ? 50e6 : 100e6]);
  const timerLateMs = { samples: 9, median: 0.2, p99: 1.25, max: 30 };
  const sample = record('a', 10, { memory, timerLateMs, resultBytes: 321.6 });
  const rows = makeRows([{ contender: { id: 'a' }, requestCount: 1e6 }], [sample], million);
  assert.deepEqual(cellsOf(rows, 'a', million).slice(2), [
    '100000',
    '0.25',
    '50',
    '0',
    '▅▅▅▅▅█████',
    '0.2 / 1.3 / 30.0',
    '322',
    '20',
    'ok',
  ]);
});

test('what a contender of the million does not tell is a dash', () => {
  const rows = makeRows([{ contender: { id: 'a' }, requestCount: 10 }], [record('a', 2)], million);
  assert.deepEqual(cellsOf(rows, 'a', million).slice(2), [
    '5',
    '0.25',
    '50',
    '-',
    '-',
    '-',
    '-',
    '20',
    'ok',
  ]);
});

test('a row without a believed sample has dashes in every suite', () => {
  for (const suite of [million, disk]) {
    const failed = record('a', 1, { ok: false, failure: 'x' });
    const rows = makeRows([{ contender: { id: 'a' }, requestCount: 10 }], [failed], suite);
    const cells = cellsOf(rows, 'a', suite);
    assert.equal(cells.at(-1), 'FAILED: x');
    assert.ok(cells.slice(1, -1).every((cell) => cell === '-'));
  }
});
