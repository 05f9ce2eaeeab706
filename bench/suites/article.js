// The article's experiment as data: a hundred links, fifty on each of two https hosts, at most ten at a time.
// "Send HTTP Requests As Fast As Possible in Python", Andrew Zhu, 2021; `published` is its seconds.

import { checkAnswers } from '../check.js';
import { columns } from '../columns.js';
import { fetchExpected } from '../expected.js';
import { alternating, hostByHost, planLinks } from '../plan.js';

const links = 100;

/** What a contender is, unless it says otherwise. `idealSlots` and `keepsConnections` shape its ideal time only. */
const usual = { order: alternating, options: {}, idealSlots: 10, keepsConnections: true };

const contenders = [
  {
    id: 'requests',
    program: 'one-by-one.py',
    options: { session: false },
    idealSlots: 1,
    keepsConnections: false,
    published: 9.438,
    note: 'one after another, a new connection for each link',
  },
  {
    id: 'requests-session',
    program: 'one-by-one.py',
    options: { session: true },
    idealSlots: 1,
    published: 5.367,
    note: 'one after another over kept connections',
  },
  {
    id: 'threads-queue',
    program: 'threads-queue.py',
    options: { endless: true },
    published: 1.133,
    note: 'as published: the workers wait for links for ever, so the process never ends by itself',
  },
  {
    id: 'threads-queue-mended',
    program: 'threads-queue.py',
    options: { endless: false },
    note: 'the workers are told when there is no more',
  },
  { id: 'thread-pool', program: 'thread-pool.py', published: 1.08 },
  {
    id: 'aiohttp',
    program: 'aiohttp-gather.py',
    published: 0.741,
    note: 'as published: exceptions are swallowed, so a failed link shows only in the check',
  },
  {
    id: 'node-request',
    program: 'node-request.js',
    order: hostByHost,
    options: { stride: 1, timeoutMs: 1000 },
    published: 1.195,
    note: 'as published: batch i takes entries i to i+9, so only the first nineteen links, all on host a',
  },
  {
    id: 'node-request-mended',
    program: 'node-request.js',
    order: hostByHost,
    options: { stride: 10, timeoutMs: 1000 },
    note: 'batch i takes entries 10i to 10i+9; the slowest of a batch still holds the other nine',
  },
  { id: 'manyfetch', program: 'manyfetch.js' },
  { id: 'fetch', program: 'fetch.js', note: "Node's own fetch, ten at a time" },
  { id: 'undici', program: 'undici.js', note: 'undici.request, ten at a time' },
];

export const article = {
  name: 'article',
  title: '100 links, 50 on each of two https hosts, ten at a time',
  rounds: 3,
  links,
  concurrency: 10,
  origin: { roundTripMs: 20, serverTimeMs: 34, links, seed: 1 },
  live: {
    rounds: 1,
    hosts: { a: 'https://www.google.com/', b: 'https://www.bing.com/' },
  },
  columns: [
    columns.contender,
    columns.seconds,
    columns.published,
    columns.ideal,
    columns.ratio,
    columns.cpu,
    columns.peak,
    columns.connections,
    columns.protocols,
    columns.check,
  ],
  contenders: contenders.map((contender) => ({ ...usual, ...contender })),
  answers: ['links'],
  plan: (contender, site) => planLinks(article, contender, site),
  expect: (entries, site) => fetchExpected(urlsOf(entries), site.ca),
  check: ({ links }, { requests }, expected) => checkAnswers(links, requests, expected),
};

function urlsOf(entries) {
  return entries.flatMap(({ scenario }) => scenario.links.map(({ url }) => url));
}
