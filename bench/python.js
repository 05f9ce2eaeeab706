// The virtual environment of the Python contenders: made at the first run, and again when requirements.txt changes.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './program.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const requirements = join(here, 'requirements.txt');
const folder = join(here, '.venv');
const stampFile = join(folder, 'made-from.sha256');
const windows = process.platform === 'win32';
const systemPython = windows ? 'python' : 'python3';
const python = windows ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python3');

/** @returns {Promise<{python: string} | {missing: string}>} */
export async function preparePython({ signal, say }) {
  try {
    const stamp = await wantedStamp(signal);
    const found = await readFile(stampFile, 'utf8').catch(() => '');
    if (found !== stamp) await install(stamp, signal, say);
    return { python };
  } catch (error) {
    signal?.throwIfAborted();
    return { missing: error.message };
  }
}

/** An environment is bound to the Python that made it: after an upgrade it is another one too. */
async function wantedStamp(signal) {
  const version = await run(systemPython, ['--version'], { signal });
  return createHash('sha256')
    .update(await readFile(requirements))
    .update(version)
    .digest('hex');
}

async function install(stamp, signal, say) {
  say('Python: making bench/.venv from bench/requirements.txt (once) …');
  await run(systemPython, ['-m', 'venv', '--clear', folder], { signal });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await run(python, [...pip, '--requirement', requirements], { signal });
  await writeFile(stampFile, stamp);
}
