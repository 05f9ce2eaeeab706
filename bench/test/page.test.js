import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFolders, UsageError } from '../flags.js';
import { spokenOf } from '../page/bar-chart.js';
import { batchesOf, idleShare } from '../page/batches.js';
import { markup } from '../page/markup.js';
import { linesOf, measures } from '../page/measures.js';
import { pageOf } from '../page/page.js';
import { barsOf, middleSample } from '../page/samples.js';
import { axisTo } from '../page/scale.js';
import { inOrder, partsOf } from '../page/timeline.js';
import { writePage } from '../page/write.js';
import { openResults } from '../results.js';
import { suites } from '../suites/index.js';
import { articleData, dataOf, linksAt, millionData, record, throughputData } from './page-data.js';

const [seconds] = measures.article;
const pageText = (data) => String(pageOf(data, ''));
const countOf = (text, pattern) => text.match(pattern)?.length ?? 0;

function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'manyfetch-page-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('whatever is put into markup is escaped, but for markup', () => {
  const name = `<b class='x'>&"`;
  const item = markup`<li title="${name}">${name}</li>`;
  const escaped = '&lt;b class=&#39;x&#39;&gt;&amp;&quot;';
  assert.equal(
    String(markup`<ul>${[item, false, null, 0]}</ul>`),
    `<ul><li title="${escaped}">${escaped}</li>0</ul>`,
  );
});

test('no word of a record becomes markup, wherever it stands', () => {
  const evil = `<img src=x onerror="alert('1')">`;
  const links = linksAt((index) => index).map((link) => ({ ...link, url: evil }));
  const { run, ...rest } = dataOf(
    'article',
    [{ id: evil, note: evil }, { id: 'other', missing: evil }, { id: 'failed' }],
    [record(evil, { links, notes: [evil] }), record('failed', { ok: false, failure: evil })],
  );
  const machine = { ...run.machine, cpu: evil, os: evil, commit: evil, rustc: evil };
  const words = { machine, command: evil, versions: [evil], site: { evil } };
  const text = pageText({ run: { ...run, ...words }, ...rest });
  assert.ok(!text.includes('<img'));
  assert.ok(countOf(text, /&lt;img src=x onerror=/g) >= 30);
});

test('a bar has every believed sample, and a sample is worked out as its row is', () => {
  const data = throughputData();
  const [measure] = measures.throughput;
  const bars = barsOf(measure, data.run.rows, data);
  const rounded = (numbers) => numbers.map((number) => Math.round(number * 1e6) / 1e6);
  assert.deepEqual(
    bars.map(({ row, value, samples }) => [row.id, ...rounded([value, ...samples])]),
    [
      ['reqwest', 11.25, 10, 12.5],
      ['manyfetch-each', 22.5, 20, 25],
      ['undici-request', 45, 40, 50],
      ['httpx', 2250, 2000, 2500],
    ],
  );
});

test('the time of a failed sample is no dot, and a contender without another one has no bar', () => {
  const failed = record('a', { ok: false, seconds: 0.001, failure: 'x' });
  const data = dataOf(
    'disk',
    [{ id: 'a' }, { id: 'b' }],
    [record('a'), failed, { ...failed, contender: 'b' }],
  );
  assert.deepEqual(
    barsOf(seconds, data.run.rows, data).map(({ row, samples }) => [row.id, samples]),
    [['a', [1]]],
  );
  const text = pageText(data);
  assert.equal(countOf(text, /<rect class="value" y=/g), 1);
  assert.match(text, /<li><b>b<\/b>: FAILED: x<\/li>/);
  assert.match(text, /<li><b>a<\/b>: FAILED 1 of 2: x<\/li>/);
});

test('who was not there is listed with the reason', () => {
  assert.match(
    pageText(articleData()),
    /<li><b>aiohttp<\/b>: missing: python3 was not found<\/li>/,
  );
});

test('a run in which nothing can be believed is a page that says so', () => {
  for (const suite of Object.keys(suites)) {
    const failed = record('manyfetch', {
      ok: false,
      failure: 'exit 1',
      case: suites[suite].cases?.[0].id,
    });
    const text = pageText(dataOf(suite, [{ id: 'manyfetch' }], [failed]));
    assert.match(text, /nobody has a figure to believe/);
    assert.match(text, /FAILED: exit 1/);
    assert.match(pageText(dataOf(suite, [], [])), /How it was measured/);
  }
});

test('every suite has measures, and no chart has a number that is none', () => {
  assert.deepEqual(Object.keys(measures).sort(), Object.keys(suites).sort());
  for (const data of [articleData(), throughputData(), millionData()]) {
    assert.doesNotMatch(pageText(data), /NaN|Infinity|undefined|\[object/);
  }
});

test('one sample, and samples that are all alike, have a bar and their words', () => {
  const one = dataOf('disk', [{ id: 'a' }], [record('a')]);
  const alike = dataOf('disk', [{ id: 'a' }], [record('a'), record('a', { round: 2 })]);
  const wordsOf = (data) =>
    barsOf(seconds, data.run.rows, data).map((bar) => spokenOf(bar, seconds));
  assert.deepEqual(wordsOf(one), ['median 1.000 s; one sample']);
  assert.deepEqual(wordsOf(alike), ['median 1.000 s; 2 samples from 1.000 s to 1.000 s']);
  assert.doesNotMatch(pageText(one), /class="range"/);
  for (const data of [one, alike])
    assert.match(pageText(data), /<rect class="value" y="4" width="100%"/);
});

test('bars are held against the limits that were there, and against the aims in their unit', () => {
  const { run } = throughputData();
  const [measure] = measures.throughput;
  assert.deepEqual(linesOf(measure, run.rows, run.bars), [{ name: 'reqwest', value: 11.25 }]);
  const others = run.rows.filter(({ id }) => id !== 'reqwest');
  assert.deepEqual(linesOf(measure, others, run.bars), []);
  const bars = [
    { unit: 'ms', bound: 3 },
    { unit: 'ms', bound: 3 },
    { unit: '× reqwest', bound: 1 },
  ];
  assert.deepEqual(linesOf(measures.responsive[0], [], bars), [{ name: 'aim', value: 3 }]);
});

test('a bar that would leave nothing of the others is cut off, and says so', () => {
  const text = pageText(throughputData());
  assert.equal(countOf(text, /class="cut-mark"/g), 1);
  assert.match(text, /where there is ≈, a bar is cut off/);
  assert.match(text, /2250\.0/);
});

test('who needs little beside the slowest is drawn once more, closer', () => {
  const times = { a: 1, b: 1.2, c: 1.4, d: 5, e: 20 };
  const contenders = Object.keys(times).map((id) => ({ id }));
  const pageOfLast = (count) => {
    const some = contenders.slice(-count);
    return pageText(
      dataOf(
        'disk',
        some,
        some.map(({ id }) => record(id, { seconds: times[id] })),
      ),
    );
  };
  assert.match(pageOfLast(5), /The first 3, closer/);
  assert.doesNotMatch(pageOfLast(4), /closer/);
});

test('an axis ends at the highest value and is marked at round numbers', () => {
  assert.deepEqual(axisTo(9.825).ticks, [0, 2, 4, 6, 8]);
  assert.deepEqual(axisTo(0.711).ticks, [0, 0.2, 0.4, 0.6]);
  assert.deepEqual(axisTo(0.3, 3).ticks, [0, 0.1, 0.2, 0.3]);
  assert.equal(axisTo(8).place(2), '25%');
  assert.equal(axisTo(8).place(80), '100%');
  assert.equal(axisTo(0).place(0), '0%');
});

test('batches are told by their links; ten at a time and one after another are none', () => {
  const batched = inOrder(linksAt((index) => Math.floor(index / 10) * 100 + (index % 10)));
  assert.deepEqual(
    batchesOf(batched).map(({ first, count, startMs, endMs }) => [first, count, startMs, endMs]),
    [
      [0, 10, 0, 54],
      [10, 10, 100, 154],
    ],
  );
  assert.deepEqual(batchesOf(inOrder(linksAt((index) => index * 10))), []);
  assert.deepEqual(batchesOf(inOrder(linksAt((index) => index * 46))), []);
});

test('what a batch leaves idle is the time between the end of a link and that of the batch', () => {
  const links = [
    { startMs: 0, endMs: 50 },
    { startMs: 0, endMs: 100 },
    { startMs: 100, endMs: 200 },
    { startMs: 100, endMs: 150 },
  ];
  assert.equal(idleShare(links, batchesOf(links)), 0.25);
});

test('a link is divided into the phases that are told, and the rest is told as such', () => {
  const of = (link) => partsOf(link).map(({ name, from, ms }) => [name, from, ms]);
  const phases = { dns: 0, connect: 10, firstByte: 20 };
  assert.deepEqual(of({ startMs: 5, endMs: 35, phases }), [
    ['connect', 5, 10],
    ['firstByte', 15, 20],
  ]);
  assert.deepEqual(of({ startMs: 5, endMs: 45, phases }).at(-1), ['untold', 35, 10]);
  assert.deepEqual(of({ startMs: 5, endMs: 45 }), [['untold', 5, 40]]);
});

test('the sample that is shown is the one in the middle', () => {
  const times = (...all) => middleSample(all.map((each) => ({ seconds: each })))?.seconds;
  assert.deepEqual([times(3, 1, 2), times(4, 1, 3, 2), times(5), times()], [2, 2, 5, undefined]);
});

test('each contender with links has a timeline, with a bar for each of them', () => {
  const text = pageText(articleData());
  assert.equal(countOf(text, /<svg class="timeline"/g), 3);
  assert.equal(countOf(text, /<g class="link">/g), 60);
  assert.equal(countOf(text, /<rect class="batch"/g), 2);
});

test('each contender of the million has a line, and no two have the same dashes', () => {
  const dashes = [...pageText(millionData()).matchAll(/stroke-dasharray="([^"]+)"/g)];
  assert.deepEqual(
    dashes.map(([, dash]) => dash),
    ['none', '7 3'],
  );
});

test('a finished run has its page, and the same records give the same bytes', (t) => {
  const { run, suite, records } = articleData();
  const results = openResults({ cpu: 'X', cores: 1 }, { parent: temporaryFolder(t) });
  for (const each of records) results.append(each);
  results.finish({ ...run, suite, site: { settings: run.site } });
  const page = join(results.folder, 'report.html');
  const first = readFileSync(page, 'utf8');
  assert.equal(countOf(first, /<svg class="timeline"/g), 3);
  rmSync(page);
  assert.equal(writePage(results.folder), page);
  assert.equal(readFileSync(page, 'utf8'), first);
});

test('pages are made of the folders that are named, else of every finished run', (t) => {
  const home = temporaryFolder(t);
  for (const name of ['b', 'a', 'stopped']) mkdirSync(join(home, name));
  for (const name of ['b', 'a']) writeFileSync(join(home, name, 'run.json'), '{}');
  assert.deepEqual(readFolders([], home), [join(home, 'a'), join(home, 'b')]);
  assert.deepEqual(readFolders([join(home, 'b')], home), [join(home, 'b')]);
  assert.throws(() => readFolders([join(home, 'stopped')], home), UsageError);
});
