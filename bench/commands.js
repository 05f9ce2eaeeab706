// Which command starts each contender, or why it cannot run here. What they need is made or installed at the first run that
// needs it.

import os from 'node:os';
import { buildProgram } from './cargo.js';
import { commandFor } from './contender.js';
import { onCore } from './cores.js';
import { prepareHeavy } from './heavy.js';
import { NotFoundError, ProgramError, run } from './program.js';
import { preparePython } from './python.js';

/** What may be needed and is ours to prepare. Each says what it found, or a reason in `missing`; `key` tells two alike. */
const preparations = [
  {
    needed: ({ program }) => program.endsWith?.('.py'),
    key: ({ packages = 'base' }) => `python ${packages}`,
    prepare: ({ packages }, context) => preparePython(context, packages),
  },
  {
    needed: ({ heavy, runtime }) => heavy || runtime === 'bun',
    key: () => 'heavy',
    prepare: (_contender, context) => prepareHeavy(context),
  },
  {
    needed: ({ program }) => program.cargo,
    key: ({ program }) => `cargo ${program.cargo}`,
    prepare: ({ program }, context) => prepareProgram(program.cargo, context),
  },
];

/**
 * Gives each entry its `command`, or the reason in `missing`.
 * @param {{signal?: AbortSignal, say: (line: string) => void, core?: number}} context with the core that they shall run on
 */
export async function withCommands(entries, context) {
  const prepared = new Map();
  const found = new Map();
  // One after another: several of them would install into the same place.
  for (const { contender } of entries) {
    if (found.has(contender)) continue;
    found.set(contender, await toolsFor(contender, prepared, context));
  }
  return entries.map((entry) => {
    const { missing = lackOfMemory(entry), ...tools } = found.get(entry.contender);
    if (missing) return { ...entry, missing };
    return { ...entry, command: onCore(context.core, commandFor(entry.contender, tools)) };
  });
}

async function toolsFor(contender, prepared, context) {
  const lack = await lackOfProgram(contender, context.signal);
  if (lack) return { missing: lack };
  let tools = {};
  for (const { needed, key, prepare } of preparations) {
    if (!needed(contender)) continue;
    const name = key(contender);
    if (!prepared.has(name)) prepared.set(name, await prepare(contender, context));
    tools = { ...tools, ...prepared.get(name) };
  }
  return tools;
}

async function prepareProgram(name, context) {
  try {
    return { built: { [name]: await buildProgram(name, context) } };
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return { missing: error.message };
  }
}

/** A contender may need a program of the machine's, which is not ours to install. */
async function lackOfProgram({ needs }, signal) {
  if (needs === undefined) return undefined;
  try {
    await run(needs, ['--version'], { signal });
  } catch (error) {
    signal?.throwIfAborted();
    // It is there all the same: `wrk` tells its version and ends as if that were a mistake.
    if (error instanceof ProgramError && !(error instanceof NotFoundError)) return undefined;
    return error.message;
  }
}

/** Half of what is free is left to everybody else. */
function lackOfMemory({ contender: { memoryPerRequest = 0 }, requestCount }) {
  const needed = memoryPerRequest * requestCount;
  if (!(needed > os.freemem() / 2)) return undefined;
  return `it takes ${(needed / 1e9).toFixed(1)} GB of memory, half of what is free is less`;
}
