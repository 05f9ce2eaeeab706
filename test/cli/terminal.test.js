// The command in a terminal: the bar, colours, and Ctrl-C.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { closedPort, serve } = require('../node/server.js');
const { until } = require('../node/until.js');
const { CLI, makeFiles, runCommand, startInTerminal, withoutTerminal } = require('./command.js');
const { screenOf } = require('./screen.js');

const skip = { skip: withoutTerminal() };
const CTRL_C = '\x03';
const ESCAPE = '\x1b';
const COLOUR = new RegExp(`${ESCAPE}\\[\\d*m`);
/** A hidden cursor, lines that do not wrap, a title, and their like. */
const MODE = new RegExp(`${ESCAPE}([^[]|\\[\\?)`);

/** A server that answers at once, but holds what has `held` in its path until `release()`. */
async function serveHeld(t) {
  const held = [];
  const asked = [];
  let isReleased = false;
  const { url } = await serve(t, (request, response) => {
    asked.push(request.url);
    if (request.url.includes('held') && !isReleased) held.push(response);
    else response.writeHead(request.url.includes('bad') ? 404 : 200).end(request.url);
  });
  // In flight is also what is not here yet.
  const release = () => {
    isReleased = true;
    for (const response of held.splice(0)) response.end();
  };
  return { url, asked, held, release };
}

/** Starts it in a terminal; `shows(pattern)` waits until that is on the screen. */
function start(t, args, options) {
  const { child, ended } = startInTerminal(args, options);
  t.after(() => child.kill('SIGKILL'));
  const terminal = { written: '' };
  child.stdout.on('data', (text) => {
    terminal.written += text;
  });
  const screen = () => screenOf(terminal.written).join('\n');
  return Object.assign(terminal, {
    type: (text) => child.stdin.write(text),
    screen,
    shows: (pattern) => until(() => pattern.test(screen())),
    ended: ended.then((end) => ({ ...end, screen: screen() })),
  });
}

test('a bar says how far it is below the results, and is gone at the end', skip, async (t) => {
  const { url, release } = await serveHeld(t);
  const urls = ['a', 'bad', 'b', 'held1', 'held2'].map((name) => `${url}/${name}`);
  const terminal = start(t, urls);
  await terminal.shows(/^\[#+-+\] 60% {2}3\/5 done {2}1 failed .* 2 in flight {2}\d+ B$/m);
  const above = terminal.screen().split('\n').slice(0, 3);
  assert.ok(
    above.every((row) => /^(200|404) .* http:/.test(row)),
    terminal.screen(),
  );
  release();
  const { code, screen } = await terminal.ended;
  assert.equal(code, 1);
  assert.doesNotMatch(screen, /in flight/);
  assert.equal(screen.match(/^(200|404) .* http:\S+$/gm).length, 5);
  assert.match(screen, /^5 done, 4 ok, 1 failed in /m);
});

test('the time left is told, and the hosts that are slowest', skip, async (t) => {
  const { url, release } = await serveHeld(t);
  const terminal = start(t, [`${url}/a`, `${url}/held`], { columns: 120 });
  await terminal.shows(/1\/2 done {2}0 failed {2}\d.* left {2}\S+\/s {2}1 in flight/);
  await terminal.shows(/^slowest: 127\.0\.0\.1:\d+ p99 \d+ ms/m);
  release();
  assert.equal((await terminal.ended).code, 0);
});

test(
  'a list of unknown length has no percentage, and one that is being read an estimate',
  skip,
  async (t) => {
    const { url, release, held } = await serveHeld(t);
    const at = makeFiles(t, {
      'urls.txt': `${url}/held-and-a-name-of-some-length\n`.repeat(5_000),
    });
    const script = '(echo "$URL/a"; echo "$URL/held"; sleep 60) | "$0" "$1" -';
    const piped = start(t, [], {
      command: ['sh', '-c', script, process.execPath, CLI],
      env: { URL: url },
    });
    await piped.shows(/^1 done {2}0 failed .*1 in flight/m);
    const estimated = start(t, [at('urls.txt')]);
    await estimated.shows(/0\/~(4,9\d\d|5,0\d\d) done/);
    await until(() => held.length === 11);
    release();
  },
);

test('results that go elsewhere leave the bar alone', skip, async (t) => {
  const { url, release } = await serveHeld(t);
  const at = makeFiles(t);
  const command = ['sh', '-c', '"$0" "$@" > "$OUT"', process.execPath, CLI];
  const urls = [`${url}/a`, `${url}/held`];
  const terminal = start(t, urls, { command, env: { OUT: at('out') } });
  await terminal.shows(/50% {2}1\/2 done/);
  assert.doesNotMatch(terminal.written, /\/held/);
  release();
  const { code, screen } = await terminal.ended;
  assert.equal(code, 0);
  assert.match(screen, /^2 done, 2 ok/);
  assert.equal(fs.readFileSync(at('out'), 'utf8').split('\n').length, 3);
});

for (const columns of [20, 40, 79, 200]) {
  test(`in a window of ${columns} columns the bar is a line`, skip, async (t) => {
    const { url, release } = await serveHeld(t);
    const command = ['sh', '-c', '"$0" "$@" > /dev/null', process.execPath, CLI];
    const terminal = start(t, [`${url}/a`, `${url}/held`], { columns, command });
    await terminal.shows(/slowest: /);
    const rows = terminal.screen().split('\n');
    assert.equal(rows.length, 2, terminal.screen());
    assert.match(rows[0], columns < 40 ? /^1\/2 done/ : /^\[?.*1\/2 done {2}0 failed/);
    for (const row of rows) assert.ok(row.length < columns, row);
    release();
    await terminal.ended;
  });
}

const UNWANTED = {
  '--no-progress': { args: ['--no-progress'] },
  '-q': { args: ['-q'] },
  'TERM=dumb': { env: { TERM: 'dumb' } },
};
for (const [what, { args = [], env }] of Object.entries(UNWANTED)) {
  test(`with ${what} there is no bar`, skip, async (t) => {
    const { url } = await serveHeld(t);
    const terminal = start(t, [...args, `${url}/a`, `${url}/b`], { env });
    const { code, stdout } = await terminal.ended;
    assert.equal(code, 0);
    assert.ok(!stdout.includes(ESCAPE), JSON.stringify(stdout));
    assert.equal(stdout.includes('2 done'), what !== '-q');
  });
}

test('where there is no terminal there is no bar, and no colour', async (t) => {
  const { url } = await serveHeld(t);
  const { stdout, stderr } = await runCommand([`${url}/bad`], { env: { TERM: 'xterm' } });
  assert.match(stdout, /^404 /);
  assert.match(stderr, /^1 done, 0 ok, 1 failed/);
  assert.ok(!(stdout + stderr).includes(ESCAPE));
});

test('what failed is coloured, but not with NO_COLOR', skip, async (t) => {
  const { url } = await serveHeld(t);
  const refused = `http://127.0.0.1:${await closedPort(t)}/`;
  const args = ['--retry', '0', `${url}/a`, `${url}/bad`, refused];
  const { stdout: coloured } = await start(t, args).ended;
  assert.ok(coloured.includes('\x1b[31m404\x1b[39m'));
  assert.ok(coloured.includes('\x1b[31mECONNREFUSED\x1b[39m'));
  assert.ok(!coloured.includes('\x1b[31m200'));
  const { stdout: plain } = await start(t, args, { env: { NO_COLOR: '1' } }).ended;
  assert.match(plain, /404 .*\/bad/);
  assert.ok(!COLOUR.test(plain), JSON.stringify(plain));
});

test('nothing of the terminal is changed for good', skip, async (t) => {
  const { url } = await serveHeld(t);
  const { stdout } = await start(t, [`${url}/a`]).ended;
  assert.ok(!MODE.test(stdout), JSON.stringify(stdout));
});

test(
  'Ctrl-C finishes what is in flight, and -C then fetches only what is missing',
  skip,
  async (t) => {
    const { url, asked, held, release } = await serveHeld(t);
    const names = ['a', 'b', 'held', 'c', 'd'];
    const at = makeFiles(t, { 'urls.txt': names.map((name) => `${url}/${name}`).join('\n') });
    const args = ['-c', '1', '-o', at('out'), at('urls.txt')];
    const terminal = start(t, args);
    await until(() => held.length === 1);
    await terminal.shows(/2\/5 done/);
    terminal.type(CTRL_C);
    await terminal.shows(/^stopping after the 1 in flight; once more stops at once$/m);
    release();
    const { code, screen } = await terminal.ended;
    assert.equal(code, 130);
    assert.match(screen, /^3 done, 3 ok, 0 failed/m);
    assert.match(screen, /^not done {2}2$/m);
    assert.doesNotMatch(screen, /\[#/, 'the bar is gone');
    assert.deepEqual(fs.readdirSync(at('out')).sort(), ['.manyfetch.ndjson', 'a', 'b', 'held']);
    asked.length = 0;
    const second = await start(t, [...args, '-C']).ended;
    assert.equal(second.code, 0);
    assert.deepEqual(asked, ['/c', '/d']);
    assert.deepEqual(fs.readdirSync(at('out')).sort(), ['a', 'b', 'c', 'd', 'held']);
  },
);

test('a second Ctrl-C ends it at once', skip, async (t) => {
  const { url, held } = await serveHeld(t);
  const terminal = start(t, [`${url}/a`, `${url}/held`]);
  await until(() => held.length === 1);
  await terminal.shows(/1\/2 done/);
  terminal.type(CTRL_C);
  await terminal.shows(/stopping/);
  terminal.type(CTRL_C);
  const { code, screen } = await terminal.ended;
  assert.equal(code, 130);
  assert.doesNotMatch(screen, /\[#| done,/, 'neither bar nor summary');
});
