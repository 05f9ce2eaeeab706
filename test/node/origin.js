// The project's own origin server, built from this checkout: https and http, HTTP/1.1 and HTTP/2, in a process of its own.

'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const ROOT = path.join(__dirname, '..', '..');
const PACKAGE = 'manyfetch-origin';

/** Starts it. What it says of itself is returned: its hosts' URLs and, in PEM, its CA. It ends with the test. */
async function startOrigin(t, flags = []) {
  const child = spawn(build(), flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => {
    child.stdin.end();
    await once(child, 'exit');
  });
  const [line] = await once(readline.createInterface({ input: child.stdout }), 'line');
  return JSON.parse(line);
}

function build() {
  const args = ['build', '--locked', '-p', PACKAGE, '--message-format=json-render-diagnostics'];
  const { status, stdout, error } = spawnSync('cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: Number.POSITIVE_INFINITY,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`cargo could not build ${PACKAGE}`, { cause: error });
  const messages = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return messages.findLast(({ executable, target }) => executable && target.name === PACKAGE)
    .executable;
}

module.exports = { startOrigin };
