// Ten thousand files of 16 KiB from one http host into an empty folder, 64 at a time.

import { columns } from '../columns.js';
import { fetchExpected } from '../expected.js';
import { checkFolder, freshFolder } from '../folder.js';
import { summarize } from '../stats.js';

const concurrency = 64;

const downloader = (program, note) => ({
  id: program,
  program: 'downloader.py',
  needs: program,
  options: { program },
  note,
});

const contenders = [
  { id: 'manyfetch', program: 'manyfetch-files.js', note: 'one call of downloadAll with saveTo' },
  downloader('curl', 'curl --parallel --parallel-max 64, addresses and names in a config file'),
  downloader('aria2c', 'aria2c -i list -j 64 -x 1'),
  downloader('wget2', 'wget2 -i list --max-threads 64'),
  {
    id: 'undici-pipeline',
    program: 'undici-files.js',
    options: { way: 'pipeline' },
    note: 'undici.request, each body piped into a createWriteStream',
  },
  {
    id: 'undici-writefile',
    program: 'undici-files.js',
    options: { way: 'writeFile' },
    note: 'undici.request, each body read whole, then fs.writeFile',
  },
];

function plan({ options }, site, requests) {
  const links = Array.from({ length: requests }, (_, index) => ({
    url: site.plainUrlOf('a', `/page/${index}`),
    name: String(index),
  }));
  return { requestCount: requests, scenario: { suite: disk.name, links, concurrency, options } };
}

function expect([{ scenario }]) {
  return fetchExpected(scenario.links.map(({ url }) => url));
}

export const disk = {
  name: 'disk',
  title: 'files of 16 KiB from one http host into an empty folder, 64 at a time',
  rounds: 3,
  requests: 10_000,
  concurrency,
  limitMs: 300_000,
  origin: { pageBytes: 16_384 },
  columns: [
    columns.contender,
    columns.seconds,
    columns.perSecond,
    columns.cpu,
    columns.peak,
    columns.connections,
    columns.check,
  ],
  contenders: contenders.map((contender) => ({ options: {}, ...contender })),
  answers: [],
  stage: freshFolder,
  plan,
  expect,
  check: (_answer, { scenario }, expected) =>
    checkFolder(scenario.folder, scenario.links, expected),
  figures: (records, { requestCount }) => ({
    perSecond: summarize(records.map(({ seconds }) => requestCount / seconds))?.median ?? null,
  }),
};
