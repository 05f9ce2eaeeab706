// The help of the command: a screen, examples that do what they say, and the same flags as in the README.

'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const native = require('../../src/js/native.js');
const { serve } = require('../node/server.js');
const { CLI, makeFiles, runCommand } = require('./command.js');

const README = fs.readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');
const SECTION = README.slice(
  README.indexOf('## The command'),
  README.indexOf('## What it promises'),
);
const onPosix = { skip: process.platform === 'win32' && 'the examples are for a Unix shell' };

async function readHelp() {
  const { code, stdout, stderr } = await runCommand(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

/** The flags at the beginning of lines like `  -c, --concurrency <n>  …`. */
function flagsOf(help) {
  const lines = help.match(/^ {2}(-\w, | {4})--[\w-]+/gm);
  return lines.flatMap((line) => line.match(/-[\w-]+/g)).sort();
}

/** What is to be typed, in a text that has examples. */
function commandsOf(text) {
  return text.match(/^ *(?:\S.* \| )?manyfetch .*$/gm).map((line) => line.trim());
}

test('it fits a screen', async () => {
  const lines = (await readHelp()).trimEnd().split('\n');
  assert.ok(lines.length <= 45, `${lines.length} lines`);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.equal((await runCommand(['-h'])).stdout, await readHelp());
});

test('it has the flags of the README, and the README has its flags', async () => {
  const rows = SECTION.match(/^\| `-.*?\|/gm);
  const documented = rows.flatMap((row) => row.match(/(?<=`)--?[\w-]+/g)).sort();
  assert.deepEqual(documented, flagsOf(await readHelp()));
});

test('it and the README have the defaults of the engine', async () => {
  const { concurrency, concurrencyPerHost, retry } = JSON.parse(native.defaults());
  const help = await readHelp();
  for (const [flag, value] of [
    ['--concurrency', concurrency],
    ['--per-host', concurrencyPerHost],
    ['--retry', retry.limit],
  ]) {
    assert.match(help, new RegExp(`${flag} .*\\(${value}\\)$`, 'm'));
    assert.match(SECTION, new RegExp(`${flag} .*\\b${value} \\|$`, 'm'));
  }
});

test('its examples are those of the README', async () => {
  const help = commandsOf((await readHelp()).split('Examples:')[1]);
  assert.equal(help.length, 3);
  assert.deepEqual(commandsOf(SECTION.split('```')[1]), help);
});

test('each of its examples does what it says', onPosix, async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.method === 'HEAD') response.writeHead(405).end();
    else response.end(request.url);
  });
  const lists = { 'urls.txt': `${url}/1\n${url}/2\n`, 'links.txt': `${url}/3\n${url}/4\n` };
  const at = makeFiles(t, lists);
  fs.mkdirSync(at('bin'));
  fs.writeFileSync(at('bin/manyfetch'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  fs.chmodSync(at('bin/manyfetch'), 0o755);
  const env = { ...process.env, PATH: `${at('bin')}:${process.env.PATH}` };
  const outputs = [];
  for (const line of commandsOf((await readHelp()).split('Examples:')[1])) {
    // Nothing here leaves the machine.
    const local = line.replaceAll(/https:\/\/example\.\w+/g, url);
    const { stdout } = await promisify(execFile)('sh', ['-c', local], { cwd: at('.'), env });
    outputs.push(stdout);
  }
  const [both, saved, report] = outputs;
  assert.equal(both.match(/^200 .*\/$/gm).length, 2);
  assert.equal(saved.match(/^200 .* in .*pages\/[12]$/gm).length, 2);
  assert.deepEqual(fs.readdirSync(at('pages')).sort(), ['1', '2']);
  assert.equal(report, '');
  const rows = fs.readFileSync(at('report.csv'), 'utf8').trimEnd().split('\n').sort();
  assert.match(rows[0], /^0,,.*\/3,200,true,/);
  assert.match(rows[1], /^1,,.*\/4,200,true,/);
  assert.match(rows[2], /^index,tag,/);
});

test('the package has the command, and it can be run', onPosix, () => {
  const { bin, files } = require('../../package.json');
  assert.deepEqual(bin, { manyfetch: './cli.js' });
  assert.ok(['cli.js', 'src/cli'].every((name) => files.includes(name)));
  assert.equal(fs.statSync(CLI).mode & 0o111, 0o111);
});
