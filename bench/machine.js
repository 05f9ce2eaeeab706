// Where and with what it ran: the machine, the versions, the commit. A number without these says nothing.

import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { run } from './program.js';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function describeMachine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    rustc: await sayOf('rustc', ['--version']),
    commit: await commit(),
  };
}

/** A short name for folders, from what matters to a benchmark and not from the host's name. */
export function slugOf({ cpu, cores }) {
  const words = cpu
    .toLowerCase()
    .replace(/\((r|tm)\)|@.*|\b(cpu|processor|\d+-core)\b/g, ' ')
    .match(/[a-z0-9]+/g);
  return [...(words ?? ['unknown']), `${cores}c`].join('-');
}

async function commit() {
  const head = await sayOf('git', ['rev-parse', '--short=12', 'HEAD']);
  const changes = await sayOf('git', ['status', '--porcelain', '--', '.', ':!bench/results']);
  return changes === '' || head === 'unknown' ? head : `${head}, with uncommitted changes`;
}

async function sayOf(command, args) {
  try {
    return (await run(command, args, { cwd: root })).trim();
  } catch {
    return 'unknown';
  }
}
