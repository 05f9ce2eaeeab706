// Bodies of a MiB over kept connections: what a MiB costs.

import { figuresOf } from '../bars.js';
import * as clients from '../clients.js';
import { costColumns, perUnit } from '../columns.js';
import { loadSuite } from '../load.js';

const MIB = 1024 * 1024;
const only = {
  id: 'http-1m-16',
  title: '1 MiB over http, 16 in flight',
  scheme: 'http',
  http: '1.1',
};

/** What costs much for each request and not for its bytes need not be left out of many here. */
const all = (client) => ({ ...client, share: 1 });

const contenders = [
  clients.reqwest,
  clients.reqwestInOrder,
  clients.hyperUtil,
  clients.each,
  clients.allNone,
  clients.undiciDispatch,
  clients.undiciRequest,
  clients.nodeFetch,
  clients.nodeHttp,
  clients.bun,
  clients.aiohttpUvloop,
  clients.pycurl,
  clients.curl,
];

const cpu = figuresOf(({ unitCpu }) => unitCpu?.median);

const bars = [
  {
    title: 'CPU per MiB, downloadEach',
    bound: 1.3,
    unit: '× curl --parallel to /dev/null',
    of: cpu.ratio(only.id, 'manyfetch-each', 'curl'),
  },
  {
    title: 'CPU per MiB, downloadEach',
    bound: 1,
    unit: '× Bun',
    of: cpu.ratio(only.id, 'manyfetch-each', 'bun'),
  },
];

export const bodies = loadSuite({
  name: 'bodies',
  title: 'bodies of a MiB from one http host: what a MiB costs',
  rounds: 5,
  requests: 2_000,
  warmLeast: 100,
  unit: ({ bytes }) => bytes / MIB,
  origin: { threads: 1 },
  cases: [{ ...only, bytes: MIB, concurrency: 16 }],
  contenders: contenders.map(all),
  columns: costColumns(perUnit('MiB', 'MiB')),
  bars,
});
