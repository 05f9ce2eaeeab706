// Three thousand https hosts, one request each: what a host costs, which is a connection and a handshake.

import { figuresOf } from '../bars.js';
import * as clients from '../clients.js';
import { costColumns, perUnit } from '../columns.js';
import { loadSuite } from '../load.js';

const HOSTS = 3_000;
const only = {
  id: 'https-1k-64',
  title: '1 KiB from each host over https, HTTP/1.1, 64 in flight',
};

const contenders = [
  clients.reqwest,
  clients.reqwestInOrder,
  clients.hyperUtil,
  clients.each,
  clients.all,
  clients.undiciRequest,
  clients.nodeFetch,
  clients.nodeHttp,
  clients.bun,
  clients.aiohttpUvloop,
  clients.pycurl,
  clients.curl,
  clients.kept(clients.reqwest),
];

const cpu = figuresOf(({ unitCpu }) => unitCpu?.median);

const bars = [
  {
    title: 'CPU per host, downloadEach',
    bound: 1 / 3,
    unit: '× undici request',
    of: cpu.ratio(only.id, 'manyfetch-each', 'undici-request'),
  },
];

export const hosts = loadSuite({
  name: 'hosts',
  title: 'three thousand https hosts on addresses of their own, a request each',
  rounds: 5,
  requests: HOSTS,
  mostRequests: 65_536,
  // A request before would leave a connection to a host that is to be met for the first time.
  warmLeast: 0,
  origin: { threads: 1, addresses: HOSTS },
  cases: [{ ...only, scheme: 'https', http: '1.1', bytes: 1024, concurrency: 64, hosts: true }],
  contenders: contenders.map((client) => ({ ...client, share: 1 })),
  columns: costColumns(perUnit('host')),
  bars,
});
