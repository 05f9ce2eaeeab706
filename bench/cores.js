// A core for the origin and another for the contender, where a suite wants that and the system has a way to it (`taskset`, Linux).

import { readFileSync } from 'node:fs';
import { ProgramError, run } from './program.js';

/** @returns {Promise<{origin: number, contender: number} | {missing: string}>} */
export async function chooseCores(signal) {
  if (process.platform !== 'linux') return { missing: `${process.platform} has no taskset` };
  try {
    await run('taskset', ['--version'], { signal });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return { missing: error.message };
  }
  return coresAmong(allowedCores(readFileSync('/proc/self/status', 'utf8')));
}

/** The first and the last: siblings of one physical core are seldom so far apart. Pure. */
export function coresAmong(cores) {
  if (cores.length < 2) return { missing: 'there is one core only' };
  return { origin: cores[0], contender: cores.at(-1) };
}

/** What the kernel lets this process use, which may be less than the machine has. Pure. */
export function allowedCores(status) {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)/m.exec(status);
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

export function describeCores({ missing, origin, contender }) {
  if (missing) return `shared, nothing is pinned: ${missing}`;
  return `the origin runs on core ${origin}, each contender on core ${contender}`;
}

/** The same command, bound to a core if one is given. `taskset` becomes the program: no process stands between. */
export function onCore(core, command) {
  return core === undefined ? command : ['taskset', '--cpu-list', String(core), ...command];
}
