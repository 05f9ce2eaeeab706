// The script that builds the native part says in plain words what is missing.

'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const SCRIPT = path.join(__dirname, '..', '..', 'src', 'addon', 'build.js');

/** Runs the script where nothing is installed but `programs`: shell scripts by name. */
function build(t, programs, variables = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyfetch-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const [name, script] of Object.entries(programs)) {
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return spawnSync(process.execPath, [SCRIPT], {
    encoding: 'utf8',
    env: { PATH: folder, HOME: folder, ...variables },
  });
}

const needsShell = { skip: process.platform === 'win32' && 'it pretends with shell scripts' };

test('without Rust it says so, and where to get it', needsShell, (t) => {
  const { status, stderr } = build(t, { cc: 'echo 12' });
  assert.equal(status, 1);
  assert.match(stderr, /Rust was not found.*\n.*rustup\.rs/s);
});

test('an old Rust is too old', needsShell, (t) => {
  const { status, stderr } = build(t, { cc: 'echo 12', cargo: 'echo cargo 1.70.0' });
  assert.equal(status, 1);
  assert.match(stderr, /Rust 1\.70 is too old/);
});

test('without a C compiler it says so, and how to get one', needsShell, (t) => {
  const { status, stderr } = build(t, { cargo: 'echo cargo 1.95.0' });
  assert.equal(status, 1);
  assert.match(stderr, /A C compiler was not found.*build-essential/s);
});

test('a cargo that fails is told from one that is not there', needsShell, (t) => {
  const cargo = '[ "$1" = --version ] && echo cargo 1.95.0';
  const { status, stderr } = build(t, { cc: 'echo 12', cargo });
  assert.equal(status, 1);
  assert.match(stderr, /cargo could not build it/);
});

test('it can be told to do nothing', needsShell, (t) => {
  const { status, stderr } = build(t, {}, { MANYFETCH_SKIP_BUILD: '1' });
  assert.deepEqual([status, stderr], [0, '']);
});
