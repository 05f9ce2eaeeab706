// The write-up that the article links to, as data: a million requests of about a KiB, a hundred at a time, and nobody holds
// the list.

import { columns } from '../columns.js';
import { fetchExpected } from '../expected.js';
import { growthOf, middleShape, tenthsOf } from '../shape.js';
import { summarize } from '../stats.js';
import { checkTally, expectedTally, probes } from '../tally.js';

const concurrency = 100;

/** Lengths differ, so that the sum of what was read tells more than how often; their mean is a KiB. */
const lengths = { shortest: 1000, lengths: 49 };

const contenders = [
  { id: 'manyfetch', program: 'manyfetch-each.js', note: 'for await over downloadEach' },
  {
    id: 'manyfetch-all',
    program: 'manyfetch-all.js',
    options: { weigh: true },
    note: "one call of downloadAll with responseType 'none': a million results are kept, no bodies",
  },
  { id: 'undici', program: 'undici-many.js', note: 'undici.request, 100 workers over a generator' },
  {
    id: 'fetch',
    program: 'fetch-many.js',
    optional: true,
    note: "Node's own fetch, 100 workers over a generator",
  },
  {
    id: 'aiohttp',
    program: 'aiohttp-many.py',
    options: { way: 'workers' },
    note: '100 workers over a generator, one session',
  },
  {
    id: 'aiohttp-tasks',
    program: 'aiohttp-many.py',
    options: { way: 'tasks' },
    memoryPerRequest: 2_500,
    note: 'as in the write-up: all tasks at once behind a semaphore of 100',
  },
];

function plan({ options }, site, requests) {
  const urls = { base: site.plainUrlOf('a', ''), ...lengths };
  return {
    requestCount: requests,
    scenario: { suite: million.name, urls, requests, concurrency, lateness: true, options },
  };
}

async function expect([{ scenario }]) {
  const { urls, requests } = scenario;
  return expectedTally(urls, requests, await fetchExpected(probes(urls)));
}

function figures(records, { requestCount }) {
  const middle = (pick) => summarize(records.map(pick))?.median ?? null;
  const tenths = middleShape(records.map(({ memory }) => tenthsOf(memory)));
  return {
    perSecond: middle(({ seconds }) => requestCount / seconds),
    tenths,
    growthBytes: growthOf(tenths),
    timerLateMs: {
      median: middle(({ timerLateMs }) => timerLateMs?.median),
      p99: middle(({ timerLateMs }) => timerLateMs?.p99),
      max: middle(({ timerLateMs }) => timerLateMs?.max),
    },
    resultBytes: middle(({ resultBytes }) => resultBytes),
  };
}

export const million = {
  name: 'million',
  title: 'a million requests of a KiB to one http host, a hundred at a time',
  rounds: 1,
  requests: 1_000_000,
  concurrency,
  limitMs: 600_000,
  memoryEveryMs: 250,
  origin: {},
  columns: [
    columns.contender,
    columns.seconds,
    columns.perSecond,
    columns.cpu,
    columns.peak,
    columns.growth,
    columns.memory,
    columns.late,
    columns.resultBytes,
    columns.connections,
    columns.check,
  ],
  contenders: contenders.map((contender) => ({ options: {}, ...contender })),
  answers: ['tally', 'timerLateMs', 'resultBytes'],
  plan,
  expect,
  check: ({ tally }, _entry, expected) => checkTally(tally, expected),
  figures,
};
