// A whole process that fetches a hundred links, from its start to its end.

import { figuresOf } from '../bars.js';
import * as clients from '../clients.js';
import { columns } from '../columns.js';
import { loadSuite } from '../load.js';

const usual = { http: '1.1', bytes: 1024, concurrency: 10 };

const plain = {
  ...usual,
  id: 'http-1k-10',
  title: '100 links of 1 KiB over http, 10 in flight',
  scheme: 'http',
};
const secure = {
  ...usual,
  id: 'https-1k-10',
  title: '100 links of 1 KiB over https, HTTP/1.1, 10 in flight',
  scheme: 'https',
};

/** A hundred bodies are what such a process is for; curl alone has nowhere to keep them. */
const whole = (client) => ({ ...client, share: 1, keep: true });

const contenders = [
  clients.reqwest,
  clients.each,
  clients.all,
  ...clients.inNode,
  ...clients.inPython,
  clients.bun,
].map(whole);

const elsewhere = ['bun', 'curl'];
const isRival = ({ role, id }) => role === 'peer' && !elsewhere.includes(id);

/** The other way round, since a bar asks for the most. */
const speed = figuresOf(({ wholeSeconds }) => 1 / wholeSeconds?.median);

const bar = (call, id, { scheme, id: caseId }) => ({
  title: `whole process over ${scheme}, ${call}`,
  bound: 1,
  unit: '× the fastest contender in Node or Python',
  of: speed.ahead(caseId, id, isRival),
});

export const startup = loadSuite({
  name: 'startup',
  title: 'a whole process that fetches a hundred links, from its start to its end',
  rounds: 15,
  requests: 100,
  warmLeast: 0,
  origin: { threads: 1 },
  cases: [plain, secure],
  contenders: [...contenders, { ...clients.curl, share: 1 }],
  columns: [
    columns.contender,
    columns.whole,
    columns.seconds,
    columns.cpu,
    columns.peak,
    columns.connections,
    columns.check,
  ],
  sortBy: ({ wholeSeconds }) => wholeSeconds?.median,
  bars: [plain, secure].flatMap((each) => [
    bar('downloadAll', 'manyfetch-all', each),
    bar('downloadEach', 'manyfetch-each', each),
  ]),
});
