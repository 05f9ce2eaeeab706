// Programs in a network of their own, with addresses, routes and name servers that this machine has not (Linux, `unshare`).

'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { startProgram } = require('./child.js');

const UNSHARE = ['--map-root-user', '--net', '--mount'];
const isThere = spawnSync('unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up']).status === 0;

/** The options of a test that needs one. */
const inNamespace = { skip: !isThere && 'it takes Linux, unshare, ip, and the right to use them' };

/** Runs `main` in a network of its own, after `setup` has set that up; gives the JSON that `main` prints. */
async function runApart(setup, main) {
  const script = `ip link set lo up && ${setup} && exec "$0" -e "$1"`;
  const args = [...UNSHARE, 'sh', '-c', script, process.execPath, `(${main})()`];
  const { stdout, ...rest } = await startProgram('unshare', args).ended;
  assert.deepEqual(rest, { code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

module.exports = { inNamespace, runApart };
