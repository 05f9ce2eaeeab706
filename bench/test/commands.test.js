import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withCommands } from '../commands.js';
import { commandFor } from '../contender.js';

const prepared = async (contender, requestCount = 1, core = undefined) => {
  const entries = [{ contender: { program: 'undici.js', ...contender }, requestCount }];
  return (await withCommands(entries, { say: () => {}, core }))[0];
};

test('a contender that can run has its command', async () => {
  const { command, missing } = await prepared({});
  assert.equal(command[0], process.execPath);
  assert.equal(missing, undefined);
});

test('a program that is not there is a reason and no failure', async () => {
  assert.equal(
    (await prepared({ needs: 'no-such-program' })).missing,
    'no-such-program was not found',
  );
  assert.equal((await prepared({ needs: process.execPath })).missing, undefined);
});

test('what would take more memory than there is does not start', async () => {
  assert.match((await prepared({ memoryPerRequest: 1e9 }, 1e6)).missing, /1000000\.0 GB/);
  assert.equal((await prepared({ memoryPerRequest: 1 })).missing, undefined);
});

test('a program is there also when it tells its version as if that were a mistake', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'manyfetch-program-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'grumpy');
  writeFileSync(program, `#!${process.execPath}\nprocess.exitCode = 1;`, { mode: 0o755 });
  assert.equal((await prepared({ needs: program })).missing, undefined);
});

test('a contender has the core that it is given', async () => {
  const { command } = await prepared({}, 1, 3);
  assert.deepEqual(command.slice(0, 4), ['taskset', '--cpu-list', '3', process.execPath]);
});

test('the command is that of the runtime or of the program that was built', () => {
  const tools = { python: '/py', bun: '/bun', built: { limits: '/target/limits' } };
  const commandOf = (contender) => commandFor(contender, tools)[0];
  assert.equal(commandOf({ program: 'x.js' }), process.execPath);
  assert.equal(commandOf({ program: 'x.js', runtime: 'bun' }), '/bun');
  assert.equal(commandOf({ program: 'x.py' }), '/py');
  assert.equal(commandOf({ program: { cargo: 'limits' } }), '/target/limits');
});

test('a program of this workspace that cannot be built is a reason and no failure', async () => {
  assert.match((await prepared({ program: { cargo: 'no-such-crate' } })).missing, /cargo/);
});
