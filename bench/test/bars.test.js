import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barColumns, figuresOf, judge } from '../bars.js';
import { tableText } from '../report.js';
import { suites } from '../suites/index.js';

const rows = [
  { case: 'x', id: 'ours', role: 'ours', cost: 10 },
  { case: 'x', id: 'limit', role: 'limit', cost: 8 },
  { case: 'x', id: 'peer', role: 'peer', cost: 20 },
  { case: 'x', id: 'gone', role: 'peer', cost: undefined },
  { case: 'y', id: 'peer', role: 'peer', cost: 90 },
];
const cost = figuresOf((row) => row.cost);
const isPeer = ({ role }) => role === 'peer';

test('a figure is of a row, of one by another, or of the highest, always in one case', () => {
  assert.equal(cost.of('x', 'ours')(rows), 10);
  assert.equal(cost.ratio('x', 'ours', 'limit')(rows), 1.25);
  assert.equal(cost.highest('x', ['ours', 'limit'])(rows), 10);
});

test('the best of the rivals that are there is held against a row', () => {
  assert.equal(cost.ahead('x', 'ours', isPeer)(rows), 2);
});

test('a figure that is not there is none, and never a number', () => {
  for (const of of [
    cost.of('x', 'gone'),
    cost.of('z', 'ours'),
    cost.ratio('x', 'ours', 'gone'),
    cost.ratio('y', 'ours', 'peer'),
    cost.highest('x', ['ours', 'gone']),
    cost.ahead('y', 'ours', isPeer),
    cost.ahead('x', 'ours', ({ id }) => id === 'gone'),
  ]) {
    assert.equal(of(rows), null);
  }
});

test('a bar is reached, missed, or not told by this run', () => {
  const of = (number) => () => number;
  const bars = [1.25, 1.26, null].map((number) => ({
    title: 'CPU',
    unit: '× reqwest',
    bound: 1.25,
    of: of(number),
  }));
  const lines = tableText(judge(bars, rows), barColumns).split('\n').slice(1);
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['CPU', '1.25', '1.25', '× reqwest', 'ok'],
      ['CPU', '1.25', '1.26', '× reqwest', 'missed'],
      ['CPU', '1.25', '-', '× reqwest', '—'],
    ],
  );
  assert.deepEqual(judge(undefined, rows), []);
});

test('a bar that is missed by little is not rounded to its bound', () => {
  const [bar] = judge([{ title: 't', unit: '×', bound: 1, of: () => 1.0001 }], []);
  assert.equal(bar.verdict, 'missed');
  assert.equal(barColumns[2].cell(bar), '1.0001');
});

test('the bars of each suite ask for rows that the suite has', () => {
  for (const { name, cases, contenders, bars = [], takes } of Object.values(suites)) {
    // Whatever is asked of a row has a number here.
    const there = (cases ?? []).flatMap((each) =>
      contenders
        .filter((contender) => takes(contender, each))
        .map((contender) => rowOf(contender, each)),
    );
    for (const bar of judge(bars, there)) {
      assert.ok(bar.reached !== null, `${name}: ${bar.title}, ${bar.unit}`);
    }
  }
});

function rowOf({ id, role = 'peer', keep }, { id: caseId }) {
  return {
    case: caseId,
    id,
    role,
    keep,
    unitCpu: { median: 1 },
    wholeSeconds: { median: 1 },
    perSecond: 1,
    mainMicros: 1,
    peakRssBytes: 1,
    bodyBytes: 1,
    timerLateMs: { p99: 1 },
  };
}
