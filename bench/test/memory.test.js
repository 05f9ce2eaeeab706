import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { watchMemory } from '../memory.js';

const linux = process.platform === 'linux';

/** Looks until it has seen something, then ends the process. */
async function seen(child) {
  await once(child.stdout, 'data');
  const memory = watchMemory(child.pid, 5);
  const points = await new Promise((resolve) => {
    // Stopping is what tells: there is no time after which it must have looked.
    const timer = setInterval(() => {
      const soFar = memory.stop();
      if (soFar.length === 0) return;
      clearInterval(timer);
      resolve(soFar);
    }, 50);
  });
  child.kill();
  await once(child, 'close');
  return points;
}

test('nothing is watched unless it is asked for', () => {
  assert.equal(watchMemory(process.pid, undefined).stop(), undefined);
  assert.equal(watchMemory(undefined, 5).stop(), undefined);
});

test('what a process holds is seen from outside, and what its children hold too', {
  skip: !linux,
}, async () => {
  const hold =
    "const held = Buffer.alloc(200e6, 1); console.log('held'); setInterval(() => held, 1e3)";
  const parent = `const { spawn } = require('child_process');
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(hold)}], { stdio: 'inherit' });
    process.on('SIGTERM', () => { child.kill(); process.exit(); });`;
  const points = await seen(spawn(process.execPath, ['-e', parent]));
  assert.ok(points.every(([, bytes]) => bytes > 200e6));
});

test('a process that is gone has no memory', { skip: !linux }, async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  assert.deepEqual(watchMemory(child.pid, 5).stop(), []);
});
