// The contenders that bring a runtime or native code of their own (heavy/package.json): installed at the first run that needs
// them, and again when their lock changes.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './program.js';

const folder = fileURLToPath(new URL('heavy', import.meta.url));
const stampFile = join(folder, 'node_modules', 'made-from.sha256');

/** One name on all systems. */
const bun = join(folder, 'node_modules', 'bun', 'bin', 'bun.exe');

/** @returns {Promise<{folder: string, bun: string} | {missing: string}>} */
export async function prepareHeavy({ signal, say }) {
  try {
    const stamp = await wantedStamp();
    const found = await readFile(stampFile, 'utf8').catch(() => '');
    if (found !== stamp) await install(stamp, signal, say);
    return { folder, bun };
  } catch (error) {
    signal?.throwIfAborted();
    return { missing: error.message };
  }
}

/** Native packages are picked by the system and the processor. */
async function wantedStamp() {
  return createHash('sha256')
    .update(await readFile(join(folder, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
}

async function install(stamp, signal, say) {
  say('bench/heavy: npm ci (once) …');
  const [command, ...args] = npm();
  // Else npm would take the folder for a part of the workspace around it.
  await run(command, [...args, 'ci', '--no-workspaces', '--no-audit'], { signal, cwd: folder });
  await writeFile(stampFile, stamp);
}

/** The npm that runs the benchmark, since on Windows the one of the path is no program. */
function npm() {
  const script = process.env.npm_execpath;
  return script ? [process.execPath, script] : ['npm'];
}
