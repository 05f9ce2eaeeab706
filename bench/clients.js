// The clients of the suites that make many requests, as rows: how each is started, what it can, what it needs. A suite picks
// its own, and says more of a row with a spread.
//
// - `program`: a file in contenders/, or `{ cargo }`, a program of this workspace; `runtime`, if it is not Node or Python
// - `http`, `schemes`: what it can be held to, HTTP/1.1 over both unless said; `most`: how many at a time, if not any number
// - `keep`: whether bodies are held until the clock stops, or dropped once their length is known
// - `share`: of the requests; figures are per request, and the slow would only cost time
// - `role`: `limit` for what no client in Node can be expected to beat, `ours`, else `peer`
// - `whole`: a program that is measured from its start to its end, and so without a warm-up
// - `check: 'count'`: it runs for a time, and says how many answers it had
// - `needs`, `packages`, `heavy`: a program of the machine's, `requirements-NAME.txt`, what heavy/package.json brings

const both = ['1.1', '2'];

const row = (id, program, more) => ({
  id,
  program,
  role: 'peer',
  options: {},
  keep: false,
  ...more,
});

/** Its client is called as the row is, unless its options say otherwise. */
const limit = (id, more) =>
  row(
    id,
    { cargo: 'manyfetch-limits' },
    { role: 'limit', http: both, options: { client: id }, ...more },
  );

export const reqwest = limit('reqwest', {
  note: 'plain reqwest, a task for each request in flight, on Tokio as it comes',
});
export const reqwestInOrder = limit('reqwest-in-order', {
  note: 'the same, its tasks in the order in which they became ready, as in manyfetch',
  options: { client: 'reqwest', inOrder: true },
});
export const reqwestTimeout = limit('reqwest-timeout', {
  note: 'reqwest with a timeout for each request',
});
export const hyperUtil = limit('hyper-util', { note: "hyper-util's client" });
export const wrk = row('wrk', 'wrk.py', {
  role: 'limit',
  needs: 'wrk',
  schemes: ['http'],
  whole: true,
  check: 'count',
  note: 'wrk -t1 for a second: one address, and nobody sees what came',
});

const ours = (id, program, more) => row(id, program, { role: 'ours', http: both, ...more });

export const each = ours('manyfetch-each', 'manyfetch-each.js', {
  note: 'for await over downloadEach',
});
export const all = ours('manyfetch-all', 'manyfetch-all.js', {
  keep: true,
  note: 'one call of downloadAll',
});
export const allNone = ours('manyfetch-all-none', 'manyfetch-all.js', {
  note: "one call of downloadAll with responseType 'none'",
});

const undici = (way, more) =>
  row(`undici-${way}`, 'undici-many.js', { http: both, options: { way }, ...more });

export const undiciDispatch = undici('dispatch', {
  note: 'a handler for each request, without a stream',
});
export const undiciRequest = undici('request', { share: 0.5 });
export const undiciFetch = undici('fetch', { share: 0.1 });
export const nodeFetch = row('fetch', 'fetch-many.js', { share: 0.1, note: "Node's own fetch" });
export const nodeHttp = row('node-http', 'node-http-many.js', {
  share: 0.4,
  note: 'node:http and node:https over a keep-alive agent',
});
export const got = row('got', 'got-many.js', { share: 0.05 });
export const axios = row('axios', 'axios-many.js', { share: 0.05 });
export const ky = row('ky', 'ky-many.js', { share: 0.05 });
export const nodeFetchPackage = row('node-fetch', 'node-fetch-many.js', { share: 0.1 });
export const needle = row('needle', 'needle-many.js', { share: 0.1 });
export const request = row('request', 'request-many.js', { share: 0.1 });
export const impit = row('impit', 'impit-many.js', {
  heavy: true,
  share: 0.1,
  // It takes no certificates but the public ones.
  schemes: ['http'],
});
export const wreqJs = row('wreq-js', 'wreq-js-many.js', { heavy: true, share: 0.1 });
export const bun = row('bun', 'fetch-many.js', {
  runtime: 'bun',
  note: "Bun's own fetch, run by Bun",
});

const aiohttpWay = { way: 'workers' };

export const aiohttp = row('aiohttp', 'aiohttp-many.py', { options: aiohttpWay, share: 0.2 });
export const aiohttpUvloop = row('aiohttp-uvloop', 'aiohttp-many.py', {
  packages: 'uvloop',
  options: { ...aiohttpWay, loop: 'uvloop' },
  share: 0.4,
});
export const httpx = row('httpx', 'httpx-many.py', { packages: 'httpx', http: both, share: 0.03 });
export const pycurl = row('pycurl', 'pycurl-many.py', {
  packages: 'pycurl',
  http: both,
  note: 'CurlMulti, its handles used again',
});
export const pyreqwest = row('pyreqwest', 'pyreqwest-many.py', {
  packages: 'pyreqwest',
  http: both,
  share: 0.4,
});
export const curl = row('curl', 'curl-many.py', {
  needs: 'curl',
  http: both,
  // Above this, versions before 8.16 quietly take their default.
  most: 300,
  whole: true,
  share: 0.5,
  note: 'curl --parallel to /dev/null, start and list included',
});

/** Those that run in Node. */
export const inNode = [
  undiciDispatch,
  undiciRequest,
  undiciFetch,
  nodeFetch,
  nodeHttp,
  got,
  axios,
  ky,
  nodeFetchPackage,
  needle,
  request,
  impit,
  wreqJs,
];

/** Those that run in Python. */
export const inPython = [aiohttp, aiohttpUvloop, httpx, pycurl, pyreqwest];

/** The same client, all its bodies held. What is to be noted of it stands with the other row. */
export function kept(client) {
  return { ...client, id: `${client.id}-kept`, keep: true, note: undefined };
}
