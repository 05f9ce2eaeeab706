// Which command starts each contender, or why it cannot run here.

import os from 'node:os';
import { commandFor } from './contender.js';
import { run } from './program.js';
import { preparePython } from './python.js';

/** Gives each entry its `command`, or the reason in `missing`. */
export async function withCommands(entries, { signal, say }) {
  const usesPython = entries.some((entry) => isPython(entry));
  const { python, missing } = usesPython ? await preparePython({ signal, say }) : {};
  return Promise.all(
    entries.map(async (entry) => {
      const reason = (isPython(entry) ? missing : undefined) ?? (await lackOf(entry, signal));
      if (reason) return { ...entry, missing: reason };
      return { ...entry, command: commandFor(entry.contender.program, python) };
    }),
  );
}

function isPython({ contender }) {
  return contender.program.endsWith('.py');
}

async function lackOf({ contender, requestCount }, signal) {
  return (await lackOfProgram(contender, signal)) ?? lackOfMemory(contender, requestCount);
}

/** A contender may need a program of the machine's, which is not ours to install. */
async function lackOfProgram({ needs }, signal) {
  if (needs === undefined) return undefined;
  try {
    await run(needs, ['--version'], { signal });
  } catch (error) {
    signal?.throwIfAborted();
    return error.message;
  }
}

/** Half of what is free is left to everybody else. */
function lackOfMemory({ memoryPerRequest = 0 }, requestCount) {
  const needed = memoryPerRequest * requestCount;
  if (needed <= os.freemem() / 2) return undefined;
  return `it takes ${(needed / 1e9).toFixed(1)} GB of memory, half of what is free is less`;
}
