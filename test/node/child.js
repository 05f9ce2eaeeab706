// Programs in a Node process of their own, written as a function beside the assertion.

'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/** A process that has not ended by itself until then counts as hanging. */
const LIMIT = 60_000;

/**
 * Runs `main(input)` in a process of its own, which ends when it has nothing left to do. `main` sees `require('manyfetch')`, and
 * nothing of the file it stands in.
 */
function runInChild(main, input, options) {
  return startInChild(main, input, options).ended;
}

/** The same for a process to talk to while it runs. */
function startInChild(main, input, options) {
  return startNode(['-e', `(${main})(${JSON.stringify(input)})`], options);
}

/** Any Node process at the root of the project. */
function startNode(args, options) {
  return startProgram(process.execPath, args, options);
}

/** Any process there. */
function startProgram(file, args, { env = {} } = {}) {
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  // One that has ended reads no more.
  child.stdin.on('error', () => {});
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child, ended };
}

module.exports = { runInChild, startInChild, startNode, startProgram };
