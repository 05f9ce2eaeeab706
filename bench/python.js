// The virtual environment of the Python contenders: made at the first run, and again when a requirements file changes.
// What only some contenders import is installed on top for them alone: it need not be there for every platform.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './program.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = join(here, '.venv');
const windows = process.platform === 'win32';
const systemPython = windows ? 'python' : 'python3';
const python = windows ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python3');
const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];

/**
 * Not for several at a time: all share one environment.
 * @param {{signal?: AbortSignal, say: (line: string) => void}} context
 * @param {string} [packages] NAME of the `requirements-NAME.txt` that is to be installed as well
 * @returns {Promise<{python: string} | {missing: string}>}
 */
export async function preparePython({ signal, say }, packages) {
  try {
    // An environment is bound to the Python that made it: after an upgrade it is another one too.
    const version = await run(systemPython, ['--version'], { signal });
    await unlessMade('requirements.txt', version, (file) => makeBase(file, { signal, say }));
    if (packages) {
      const name = `requirements-${packages}.txt`;
      await unlessMade(name, version, (file) => add(file, { signal, say }));
    }
    return { python };
  } catch (error) {
    signal?.throwIfAborted();
    return { missing: error.message };
  }
}

/** What was made leaves a stamp in the environment, and goes with it. */
async function unlessMade(name, version, make) {
  const file = join(here, name);
  const stampFile = join(folder, `${name}.sha256`);
  const stamp = createHash('sha256')
    .update(await readFile(file))
    .update(version)
    .digest('hex');
  const found = await readFile(stampFile, 'utf8').catch(() => '');
  if (found === stamp) return;
  await make(file);
  await writeFile(stampFile, stamp);
}

async function makeBase(file, { signal, say }) {
  say('Python: making bench/.venv from bench/requirements.txt (once) …');
  await run(systemPython, ['-m', 'venv', '--clear', folder], { signal });
  await run(python, [...pip, '--requirement', file], { signal });
}

/** Only what is there ready made: nobody shall need a compiler for a benchmark. And nothing that is not pinned. */
async function add(file, { signal, say }) {
  say(`Python: adding bench/${basename(file)} to bench/.venv (once) …`);
  const ready = ['--only-binary', ':all:', '--no-deps'];
  await run(python, [...pip, ...ready, '--requirement', file], { signal });
}
