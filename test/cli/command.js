// The command, in a process of its own, and what it needs around it: files, and a terminal.

'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { startNode, startProgram } = require('../node/child.js');

const CLI = path.join(__dirname, '..', '..', 'cli.js');
const TERMINAL = path.join(__dirname, 'terminal.py');

/** Starts `manyfetch ARGS`, to be talked to while it runs. */
function startCommand(args, options) {
  return startNode([CLI, ...args], options);
}

/** Runs it to its end, with `input` on stdin. */
function runCommand(args, { input = '', ...options } = {}) {
  const { child, ended } = startCommand(args, options);
  child.stdin.end(input);
  return ended;
}

/** The results of `manyfetch --format ndjson ARGS`, in the order of the list. */
async function fetchRecords(args, options) {
  const { stdout, ...rest } = await runCommand(['--format', 'ndjson', ...args], options);
  const records = linesOf(stdout).map((line) => JSON.parse(line));
  return { ...rest, stdout, records: records.sort((left, right) => left.index - right.index) };
}

/** Starts it in a terminal: its process takes what is typed, and says what is shown. */
function startInTerminal(args, { columns = 100, command = [process.execPath, CLI], env } = {}) {
  const own = { TERM: 'xterm', NO_COLOR: '', ...env };
  return startProgram('python3', [TERMINAL, String(columns), ...command, ...args], { env: own });
}

/** Why there can be no terminal here, if there can be none. */
function withoutTerminal() {
  if (process.platform === 'win32') return 'Python has no terminals here';
  try {
    execFileSync('python3', ['--version']);
    return false;
  } catch {
    return 'there is no Python';
  }
}

/** A folder for one test, with these files in it. Gives what makes paths in it. */
function makeFiles(t, files = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'command-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const at = (name) => path.join(dir, name);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(at(name), text);
  return at;
}

function linesOf(text) {
  return text.split('\n').slice(0, -1);
}

module.exports = {
  CLI,
  fetchRecords,
  linesOf,
  makeFiles,
  runCommand,
  startCommand,
  startInTerminal,
  withoutTerminal,
};
