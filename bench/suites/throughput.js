// Many small requests to one host over kept connections: what a request costs. The first case is the one that all are in.

import { figuresOf } from '../bars.js';
import * as clients from '../clients.js';
import { columns, costColumns, perUnit } from '../columns.js';
import { loadSuite } from '../load.js';

const KIB = 1024;

/** What Node itself takes, and all that is not a body. */
const BESIDE_BODIES = 50e6;

/** What most cases have; those beside the main one have fewer requests. */
const usual = { scheme: 'http', http: '1.1', bytes: KIB, concurrency: 64, share: 0.3 };

const cases = [
  { id: 'http-1k-64', title: '1 KiB over http, 64 in flight', share: 1 },
  { id: 'http-1k-10', title: '1 KiB over http, 10 in flight', concurrency: 10 },
  { id: 'http-1k-512', title: '1 KiB over http, 512 in flight', concurrency: 512 },
  { id: 'http-16k-64', title: '16 KiB over http, 64 in flight', bytes: 16 * KIB },
  { id: 'https-1k-64', title: '1 KiB over https, HTTP/1.1, 64 in flight', scheme: 'https' },
  { id: 'http2-1k-64', title: '1 KiB over HTTP/2, 64 in flight', scheme: 'https', http: '2' },
];

const main = cases[0].id;
const secure = 'https-1k-64';

const only = (client) => ({ ...client, cases: [main] });

/** Who is in every case that it can be in. */
const serious = [
  clients.reqwest,
  clients.reqwestInOrder,
  clients.hyperUtil,
  clients.wrk,
  clients.each,
  clients.all,
  clients.undiciDispatch,
  clients.undiciRequest,
  clients.undiciFetch,
  clients.nodeFetch,
  clients.bun,
  clients.aiohttpUvloop,
  clients.pycurl,
  clients.curl,
  clients.kept(clients.reqwest),
];

const others = [
  clients.reqwestTimeout,
  clients.allNone,
  clients.nodeHttp,
  clients.got,
  clients.axios,
  clients.ky,
  clients.nodeFetchPackage,
  clients.needle,
  clients.request,
  clients.impit,
  clients.wreqJs,
  clients.aiohttp,
  clients.httpx,
  clients.pyreqwest,
];

/** With whom a call that keeps all bodies is compared. */
const keepers = [
  clients.each,
  clients.undiciDispatch,
  clients.undiciRequest,
  clients.nodeFetch,
  clients.bun,
  clients.aiohttpUvloop,
  clients.pycurl,
];

const cpu = figuresOf(({ unitCpu }) => unitCpu?.median);
const rate = figuresOf(({ perSecond }) => perSecond);
const mainThread = figuresOf(({ mainMicros }) => mainMicros);
const memory = figuresOf(({ peakRssBytes, bodyBytes }) =>
  Number.isFinite(peakRssBytes) && bodyBytes ? (peakRssBytes - BESIDE_BODIES) / bodyBytes : null,
);

const isPeer = (keep) => (row) => row.role === 'peer' && row.keep === keep;

const bars = [
  {
    title: 'CPU per request, downloadEach',
    bound: 1.25,
    unit: '× reqwest',
    of: cpu.ratio(main, 'manyfetch-each', 'reqwest'),
  },
  {
    title: 'CPU per request, downloadEach',
    bound: 1,
    unit: '× pycurl',
    of: cpu.ratio(main, 'manyfetch-each', 'pycurl'),
  },
  {
    title: 'CPU per request, downloadEach',
    bound: 1,
    unit: '× Bun',
    of: cpu.ratio(main, 'manyfetch-each', 'bun'),
  },
  {
    title: 'CPU per request, downloadAll, bodies kept',
    bound: 1.45,
    unit: '× reqwest, bodies dropped',
    of: cpu.ratio(main, 'manyfetch-all', 'reqwest'),
  },
  {
    title: 'CPU per request, downloadAll, bodies kept',
    bound: 0.4,
    unit: '× undici request, bodies dropped',
    of: cpu.ratio(main, 'manyfetch-all', 'undici-request'),
  },
  {
    title: 'CPU per request, downloadAll, bodies kept',
    bound: 1 / 8,
    unit: '× fetch, bodies dropped',
    of: cpu.ratio(main, 'manyfetch-all', 'fetch'),
  },
  {
    title: 'CPU per request, downloadEach over https',
    bound: 1.3,
    unit: '× reqwest over https',
    of: cpu.ratio(secure, 'manyfetch-each', 'reqwest'),
  },
  {
    title: 'requests per second, the best peer that is there, bodies dropped',
    bound: 1,
    unit: '× downloadEach',
    of: rate.ahead(main, 'manyfetch-each', isPeer(false)),
  },
  {
    title: 'requests per second, the best peer that is there, bodies kept',
    bound: 1,
    unit: '× downloadAll',
    of: rate.ahead(main, 'manyfetch-all', isPeer(true)),
  },
  {
    title: 'requests per second over https, the best peer that is there, bodies dropped',
    bound: 1,
    unit: '× downloadEach',
    of: rate.ahead(secure, 'manyfetch-each', isPeer(false)),
  },
  {
    title: 'main thread per request, results read, the higher of downloadEach and downloadAll',
    bound: 2,
    unit: 'µs',
    of: mainThread.highest(main, ['manyfetch-each', 'manyfetch-all']),
  },
  {
    title: 'peak memory of downloadAll less 50 MB, bodies kept',
    bound: 1.25,
    unit: '× body bytes',
    of: memory.of(main, 'manyfetch-all'),
  },
];

export const throughput = loadSuite({
  name: 'throughput',
  title: 'many small requests to one host: what a request costs',
  rounds: 5,
  requests: 100_000,
  origin: { threads: 1 },
  cases: cases.map((each) => ({ ...usual, ...each })),
  contenders: [...serious, ...others.map(only), ...keepers.map(clients.kept).map(only)],
  columns: costColumns(perUnit('request'), columns.requests),
  bars,
});
