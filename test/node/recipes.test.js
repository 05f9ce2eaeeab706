// Every script of the README, run as it stands: names that a script takes as given are globals, and its hosts are played by a server here,
// behind a proxy that the environment names.

'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const { promisify } = require('node:util');
const { makeCertificate } = require('./certificate.js');
const { filesIn } = require('./disk.js');
const { serveProxy, tunnel } = require('./proxy-server.js');
const { closedPort, serveRequests } = require('./server.js');

const ROOT = path.join(__dirname, '..', '..');
const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const HOSTS = ['example.com', '*.example.com', 'example.org', '*.example.org'];
const NOBODY = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'request_method'];

/** The JavaScript of the README by the heading that it stands under. */
function scriptsByHeading() {
  const sections = README.split(/^#{2,3} /m).slice(1);
  const scripts = sections.map((section) => [
    section.slice(0, section.indexOf('\n')),
    [...section.matchAll(/^```js\n(.*?)^```/gms)].map(([, script]) => script),
  ]);
  return new Map(scripts.filter(([, own]) => own.length > 0));
}

const scripts = scriptsByHeading();
/** What the tests have taken of them. */
const taken = [];

/** The scripts under `heading`, which are so many. */
function take(heading, count) {
  const own = scripts.get(heading) ?? [];
  assert.equal(own.length, count, `scripts under '${heading}'`);
  taken.push(heading);
  return own;
}

/** What the servers answer. */
function answer({ url, body }, response) {
  if (url.startsWith('/missing')) return response.writeHead(404).end('{}');
  if (url === '/test') return response.end('test');
  if (`${body}` === '{"id":0}') return response.writeHead(404).end('{}');
  response.setHeader('content-type', 'application/json');
  if (body.length > 0) return response.end(body);
  response.end(JSON.stringify({ path: url }));
}

let identity;
before(() => {
  identity = makeCertificate({ name: 'example.com', hosts: HOSTS });
});

/** A folder to run scripts in, where they find this package and those of the workspace, and what they are run with. */
async function makePlace(t) {
  const dir = fs.mkdtempSync(path.join(ROOT, 'test', 'pasted-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const secure = await serveRequests(t, answer, identity);
  const plain = await serveRequests(t, answer);
  const toSecure = (socket, _request, head) => tunnel(socket, { url: `:${secure.port}` }, head);
  const proxy = await serveProxy(t, { onConnect: toSecure });
  const ca = path.join(dir, 'ca.pem');
  fs.writeFileSync(ca, identity.cert);
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca, NODE_NO_WARNINGS: '1' };
  for (const name of NOBODY) {
    delete env[name];
    delete env[name.toUpperCase()];
  }
  Object.assign(env, { https_proxy: proxy.url, no_proxy: '.invalid' });
  const asked = () => secure.requests.map(({ headers, url }) => `https://${headers.host}${url}`);
  return { dir, env, plain, secure, asked };
}

/** Runs `script` with `given`, a function that returns globals for it in its own process, and `last` behind it; gives what it prints. */
async function runScript(place, script, { given = () => ({}), input, last = '' } = {}) {
  const { dir, env } = place;
  const globals = `Object.assign(globalThis, require('manyfetch'), (${given})(${JSON.stringify(input)}));`;
  fs.writeFileSync(path.join(dir, 'given.cjs'), globals);
  const file = path.join(dir, script.includes('require(') ? 'script.cjs' : 'script.mjs');
  fs.writeFileSync(file, script + last);
  const args = ['--require', './given.cjs', file];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: dir, env });
  assert.equal(stderr, '');
  return stdout;
}

test('the first scripts', async (t) => {
  const place = await makePlace(t);
  for (const script of take('A first script', 2)) {
    const stdout = await runScript(place, script);
    const lines = [
      'https://example\\.com/ 200 application/json 12',
      'https://example\\.org/ 200 application/json 12',
      'https://nowhere\\.invalid/ (ENOTFOUND|EAI_AGAIN)',
      '2 of 3 in [\\d.e-]+ seconds',
    ];
    assert.match(stdout, new RegExp(`^${lines.join('\n')}\n$`));
  }
  assert.equal(place.asked().length, 4);
});

test('an API is called ten thousand times', async (t) => {
  const place = await makePlace(t);
  const [script] = take('Call an API ten thousand times, and parse the JSON', 1);
  const last = 'console.log(people[9_999].path);';
  const stdout = await runScript(place, script, { last });
  assert.equal(
    stdout,
    "10000 people; the statuses: { '200': 10000 } the errors: {}\n/people/10000\n",
  );
  const expected = Array.from(
    { length: 10_000 },
    (_, i) => `https://api.example.com/people/${i + 1}`,
  );
  assert.deepEqual(new Set(place.asked()), new Set(expected));
  assert.equal(place.asked().length, 10_000);
});

/** Lists of the scripts that read one. */
function writeList(place, paths) {
  const urls = paths.map((name) => `https://example.com/${name}`);
  fs.writeFileSync(path.join(place.dir, 'urls.txt'), `${urls.join('\n')}\n`);
  return urls;
}

test('files are saved, and none is asked for again', async (t) => {
  const place = await makePlace(t);
  const [script] = take('Save a list of files, and carry on after a crash', 1);
  const urls = writeList(place, ['a', 'b', 'missing']);
  const dir = path.join(fs.realpathSync(place.dir), 'files');
  const lines = [`${urls[0]} ${dir}/a`, `${urls[1]} ${dir}/b`, `${urls[2]} 404`, '[]'];
  for (const _run of ['first', 'second']) {
    const stdout = await runScript(place, script);
    assert.equal(
      stdout.replaceAll(path.sep, '/').split('\n').slice(-5, -1).join('\n'),
      lines.join('\n'),
    );
    assert.match(stdout, /^3 of 3 [\d.]+$/m);
    assert.deepEqual(filesIn(dir), { a: '{"path":"/a"}', b: '{"path":"/b"}' });
    assert.deepEqual(place.asked().sort(), [...urls].sort());
  }
});

test('dead links are found', async (t) => {
  const place = await makePlace(t);
  const [script] = take('Check a list of links', 1);
  writeList(place, ['a', 'missing', 'b']);
  fs.appendFileSync(path.join(place.dir, 'urls.txt'), 'ftp://example.com/\n');
  const stdout = await runScript(place, script);
  assert.deepEqual(stdout.split('\n').sort(), [
    '',
    'ftp://example.com/ ERR_UNSUPPORTED_PROTOCOL',
    'https://example.com/missing 404',
  ]);
});

test('a list is streamed through a pipeline', async (t) => {
  const place = await makePlace(t);
  const [script] = take('Stream a million URLs through a pipeline, in bounded memory', 1);
  const urls = writeList(
    place,
    Array.from({ length: 3_000 }, (_, i) => `${i}`),
  );
  await runScript(place, script);
  const lines = fs.readFileSync(path.join(place.dir, 'pages.ndjson'), 'utf8').trim().split('\n');
  const pages = lines.map(JSON.parse);
  assert.deepEqual(pages.map(({ url }) => url).sort(), [...urls].sort());
  assert.ok(pages.every(({ status, size, error }) => status === 200 && size > 0 && !error));
});

test('what is said of politeness', async (t) => {
  const place = await makePlace(t);
  const [limits, shared] = take('Politeness', 2);
  await runScript(place, limits, {
    given: () => ({ urls: ['https://api.example.com/1', 'https://www.example.org/2'] }),
  });
  const isOfClient = await runScript(place, shared, {
    given: () => ({ these: ['https://example.com/3'], those: ['https://example.com/4'] }),
    last: 'console.log(client.stats().connections.opened > 0);',
  });
  assert.equal(isOfClient, 'true\n', 'it went over connections of the client');
  assert.deepEqual(place.asked().sort(), [
    'https://api.example.com/1',
    'https://example.com/3',
    'https://example.com/4',
    'https://www.example.org/2',
  ]);
});

test('what is said of items', async (t) => {
  const place = await makePlace(t);
  const [forms, bodies] = take('Items', 2);
  await runScript(place, forms);
  assert.deepEqual(
    place.secure.requests.map(({ method, headers }) => [method, headers['accept-language']]).sort(),
    [
      ['GET', undefined],
      ['GET', undefined],
      ['HEAD', 'en'],
    ],
  );
  place.secure.requests.length = 0;
  await runScript(place, bodies, {
    given: () => ({
      people: [{ id: 1 }],
      token: 'secret',
      links: ['https://example.com/a'],
      url: 'https://example.com/test',
    }),
  });
  assert.deepEqual(
    place.secure.requests.map(({ method, url, headers, body }) => [
      ...[method, url, headers.authorization, `${body}`],
    ]),
    [
      ['POST', '/people', 'Bearer secret', '{"id":1}'],
      ['GET', '/a', undefined, ''],
      ['GET', '/test', undefined, ''],
    ],
  );
});

/** What is printed after the pairs that print nothing themselves. */
const SHOW_ANSWERS = 'console.log(JSON.stringify(answers));';
const SHOW_FILES = `
import { readFileSync, unlinkSync } from 'node:fs';
for (const { file } of files) {
  console.log(readFileSync(file, 'utf8'));
  unlinkSync(file);
}`;

/** By library: what its script and ours take as given, what is printed behind them, and what both have to print, in any order. */
const PAIRS = {
  request: {
    given: ({ url, closed }) => ({ urls: [`${url}/a`, `${url}/missing`, closed] }),
    lines: ({ url, closed }) => [
      `${url}/a 200 13`,
      `${url}/missing 404 2`,
      `${closed} ECONNREFUSED`,
    ],
  },
  axios: {
    given: ({ url }) => ({ url: `${url}/people`, people: [{ id: 1 }, { id: 0 }], token: 'secret' }),
    lines: () => ['1', '404'],
  },
  got: {
    given: ({ url }) => ({ files: ['a', 'b'].map((file) => ({ url: `${url}/${file}`, file })) }),
    last: SHOW_FILES,
    lines: () => ['{"path":"/a"}', '{"path":"/b"}'],
  },
  fetch: {
    given: ({ url }) => ({ urls: [`${url}/a`, `${url}/missing`] }),
    last: SHOW_ANSWERS,
    lines: () => ['[{"path":"/a"},null]'],
  },
  // Its script is in Python, and ours alone is run.
  aiohttp: {
    given: ({ url }) => ({ urls: [`${url}/a`, `${url}/missing`] }),
    last: SHOW_ANSWERS,
    lines: () => ['[[200,"{\\"path\\":\\"/a\\"}"],[404,"{}"]]'],
  },
};

const COMING_FROM = 'Coming from `request`, axios, got, fetch or aiohttp';

/** The scripts by the library that they come from: the others' and ours. Each says in its first line whose it is. */
function takePairs() {
  const byLibrary = { request: [], axios: [], got: [], fetch: [], aiohttp: [] };
  const libraries = Object.keys(byLibrary);
  for (const script of take(COMING_FROM, 9)) {
    const [, name] = script.match(/^\/\/ (\w+)\n/);
    const ours = libraries.findIndex((library) => !byLibrary[library].some(isOurs));
    byLibrary[name === 'manyfetch' ? libraries[ours] : name].push(script);
  }
  return byLibrary;
}

function isOurs(script) {
  return script.startsWith('// manyfetch\n');
}

const scriptsByLibrary = takePairs();

for (const [library, { given, last, lines }] of Object.entries(PAIRS)) {
  test(`what is said of ${library} and of this comes to the same`, async (t) => {
    const place = await makePlace(t);
    const input = { url: place.plain.url, closed: `http://127.0.0.1:${await closedPort(t)}/` };
    const own = scriptsByLibrary[library];
    assert.equal(own.length, library === 'aiohttp' ? 1 : 2);
    for (const script of own) {
      const stdout = await runScript(place, script, { given, input, last });
      assert.deepEqual(stdout.trim().split('\n').sort(), lines(input).sort(), script);
    }
    const tokens = new Set(place.plain.requests.map(({ headers }) => headers.authorization));
    assert.deepEqual([...tokens], [library === 'axios' ? 'Bearer secret' : undefined]);
  });
}

test('no script of the README is left out', () => {
  assert.deepEqual(taken.sort(), [...scripts.keys()].sort());
});
