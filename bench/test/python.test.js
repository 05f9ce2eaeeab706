// What the contenders in Python have in common, and the programs of the machine's that these start.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { urlOf } from '../contenders/many.js';
import { expectedTally, probes } from '../tally.js';

const folder = fileURLToPath(new URL('../contenders/', import.meta.url));
const python = process.platform === 'win32' ? 'python' : 'python3';
const without = (program) => {
  const { error } = spawnSync(program, ['--version']);
  return error ? `${program} is not here` : false;
};
const skip = without(python);

const urls = { base: 'http://a.test:1', shortest: 10, lengths: 7 };
const scenario = { urls, requests: 20, concurrency: 2, options: {} };

/** Runs Python to its end. `code` gets the modules of the contenders. */
function runCode(code, input) {
  return run(
    ['-c', `import json, sys; sys.path.insert(0, ${JSON.stringify(folder)})\n${code}`],
    input,
  );
}

async function run(args, input, env = process.env) {
  const child = spawn(python, ['-E', ...args], { env });
  child.stdin.end(JSON.stringify(input ?? null));
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { lines: stdout.split('\n').filter(Boolean).map(JSON.parse), stderr, code };
}

/** A contender that gets from each address the bytes that this names, and says in a second line which it asked. */
const stub = `
from many import contend_many
asked = []
def download(scenario, passes):
    for requests, tally in passes:
        for index, url in requests:
            asked.append(url)
            tally.add(index, 200, bytes(int(url.split('/')[-1].split('?')[0])))
contend_many(None, download)
print(json.dumps(asked))
`;

/** What the harness expects of an origin that serves the bytes that an address names. */
function tallyOf({ urls, requests }) {
  const size = (url) => ({ bytes: Number(/bytes\/(\d+)/.exec(url)[1]) });
  const served = new Map(probes(urls).map((url) => [url, size(url)]));
  return { ...expectedTally(urls, requests, served), statuses: { 200: requests } };
}

test('addresses are those of the contenders in JavaScript', { skip }, async () => {
  for (const each of [urls, { hosts: 8443, shortest: 10, lengths: 7 }]) {
    const { lines } = await runCode(stub, { ...scenario, urls: each, requests: 300 });
    const expected = Array.from({ length: 300 }, (_, index) => urlOf(each, index));
    assert.deepEqual(lines[1], expected);
  }
});

test('the tally is what the harness expects', { skip }, async () => {
  const { lines } = await runCode(stub, scenario);
  assert.deepEqual(lines[0].tally, tallyOf(scenario));
});

test('requests to warm up go first, have a mark, and are not in the tally', { skip }, async () => {
  const { lines } = await runCode(stub, { ...scenario, warm: 3 });
  assert.deepEqual(
    lines[1].slice(0, 4),
    [0, 1, 2].map((index) => urlOf(urls, index, 'w')).concat(urlOf(urls, 0)),
  );
  assert.equal(lines[1].length, 23);
  assert.deepEqual(lines[0].tally, tallyOf(scenario));
});

test('the clock starts anew after the warm-up, and stops with the last request', {
  skip,
}, async () => {
  const { lines } = await runCode(
    `
from many import Tally, passes
seen = []
class Clock:
    def start(self): seen.append('start')
    def stop(self): seen.append('stop')
scenario = json.load(sys.stdin)
for requests, tally in passes(scenario, Tally(False), Clock()):
    seen.append(len(list(requests)))
print(json.dumps(seen))
`,
    { ...scenario, warm: 3 },
  );
  assert.deepEqual(lines[0], [3, 'start', 20, 'stop']);
});

test('bodies are held only when they are to be kept', { skip }, async () => {
  const { lines } = await runCode(`
from many import Tally
kept, dropped = Tally(True), Tally(False)
for tally in (kept, dropped): tally.add(0, 200, b'body')
print(json.dumps([len(kept.kept), dropped.kept, kept.told() == dropped.told()]))
`);
  assert.deepEqual(lines[0], [1, null, true]);
});

test('what a contender cannot be held to ends it without an answer', { skip }, async () => {
  const { lines, stderr, code } = await runCode(stub, { ...scenario, http: '2' });
  assert.deepEqual(lines, []);
  assert.match(stderr, /cannot be held to HTTP\/2/);
  assert.notEqual(code, 0);
});

/** An origin that serves the bytes that an address names. */
async function startServer(t) {
  const server = createServer(({ url }, response) => {
    response.end(Buffer.alloc(Number(/bytes\/(\d+)/.exec(url)[1])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test('the tally of curl is read from what it writes out', {
  skip: skip || without('curl'),
}, async (t) => {
  const asked = { ...scenario, urls: { ...urls, base: await startServer(t) } };
  const { lines, stderr } = await run([join(folder, 'curl-many.py')], asked);
  assert.equal(stderr, '');
  assert.deepEqual(lines[0].tally, tallyOf(asked));
  assert.match(lines[0].versions.runtime, /^curl \d/);
});

test('curl is not asked for what it cannot do', { skip }, async () => {
  for (const wish of [{ warm: 1 }, { keep: true }, { concurrency: 301 }]) {
    const { lines, code } = await run([join(folder, 'curl-many.py')], { ...scenario, ...wish });
    assert.deepEqual(lines, []);
    assert.notEqual(code, 0);
  }
});

/** Runs the contender with a program in place of wrk that prints the line. */
async function runWrk(t, line) {
  const bin = mkdtempSync(join(tmpdir(), 'manyfetch-test-'));
  t.after(() => rmSync(bin, { recursive: true }));
  const script = `#!/bin/sh\necho "wrk 4.1.0 [epoll] $*"\necho '${line}'\n`;
  writeFileSync(join(bin, 'wrk'), script, { mode: 0o755 });
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  return run([join(folder, 'wrk.py')], scenario, env);
}

const posix = skip || (process.platform === 'win32' && 'there is no wrk for Windows');
const counted = { microseconds: 1_500_000, responses: 30, bad: 0, lost: 0 };

test('wrk counts its answers in its own time', { skip: posix }, async (t) => {
  const { lines } = await runWrk(t, JSON.stringify(counted));
  assert.deepEqual(lines[0].tally, { responses: 30, statuses: { 200: 30 } });
  assert.equal(lines[0].seconds, 1.5);
  assert.equal(lines[0].versions.runtime, 'wrk 4.1.0');
});

test('what wrk saw go wrong is told', { skip: posix }, async (t) => {
  const { lines } = await runWrk(t, JSON.stringify({ ...counted, bad: 2 }));
  assert.deepEqual(lines[0].tally.statuses, { 200: 28, '400 or more': 2 });
  const lost = await runWrk(t, JSON.stringify({ ...counted, lost: 1 }));
  assert.match(lost.stderr, /lost 1/);
  assert.deepEqual(lost.lines, []);
});
