import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCommands } from '../commands.js';

const prepared = async (contender, requestCount = 1) => {
  const entries = [{ contender: { program: 'undici.js', ...contender }, requestCount }];
  return (await withCommands(entries, { say: () => {} }))[0];
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
