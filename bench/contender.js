// One sample of one contender: a process of its own, the scenario in on stdin, one JSON line out on stdout.
// A contender that hangs, crashes or lingers becomes a record that says so; nothing here throws but an interrupt.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { watchMemory } from './memory.js';
import { collect, ending, firstLine, killAfter, tellingLine } from './program.js';

const LIMIT_MS = 60_000;
const GRACE_MS = 1_000;

/**
 * The program of a contender as a command: by its ending, or started as it is.
 * @param {{program: string | {cargo: string}, runtime?: string}} contender
 * @param {{python?: string, bun?: string, built?: Record<string, string>}} tools where the programs are that it may need
 */
export function commandFor({ program, runtime }, { python, bun, built } = {}) {
  if (program.cargo) return [built[program.cargo]];
  const path = fileURLToPath(new URL(`contenders/${program}`, import.meta.url));
  if (runtime === 'bun') return [bun, path];
  if (program.endsWith('.js')) return [process.execPath, path];
  // -E: a PYTHONPATH of the user must not replace the pinned libraries.
  if (program.endsWith('.py')) return [python, '-E', path];
  return [path];
}

/**
 * @param {{env: object, signal?: AbortSignal, limitMs?: number, graceMs?: number, memoryEveryMs?: number}} settings
 * @returns {Promise<{answer?: object, failure?: string, notes: string[], processSeconds: number, memory?: number[][]}>}
 */
export async function runContender(command, scenario, settings) {
  const { env, signal, limitMs = LIMIT_MS, graceMs = GRACE_MS, memoryEveryMs } = settings;
  const started = performance.now();
  const child = spawn(command[0], command.slice(1), { env, signal, killSignal: 'SIGKILL' });
  const ended = ending(child);
  const stderr = collect(child.stderr);
  const memory = watchMemory(child.pid, memoryEveryMs);
  send(child, scenario);

  const limit = killAfter(child, limitMs);
  const line = await firstLine(child.stdout);
  limit.lift();
  const points = memory.stop();
  const grace = killAfter(child, graceMs);
  const end = await ended;
  grace.lift();
  signal?.throwIfAborted();

  const outcome = { line, end, stderr: stderr.text, hung: limit.passed, lingered: grace.passed };
  const processSeconds = (performance.now() - started) / 1000;
  return { ...judge(outcome, limitMs), processSeconds, ...(points && { memory: points }) };
}

function send(child, scenario) {
  // A contender may die before it has read its scenario; how it ended tells more than EPIPE does.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(scenario));
}

function judge({ line, end, stderr, hung, lingered }, limitMs) {
  const notes = lingered ? ['did not end by itself after its answer and was stopped'] : [];
  if (hung) return { failure: withWords(`no answer within ${limitMs / 1000} s`, stderr), notes };
  if (line === null)
    return { failure: withWords(`${describe(end)} without an answer`, stderr), notes };
  if (!lingered && end.code !== 0) {
    return { failure: withWords(`${describe(end)} after its answer`, stderr), notes };
  }
  return { ...parse(line), notes };
}

function describe({ error, code, signal }) {
  if (error) return `could not be started (${error.code})`;
  return signal ? `killed by ${signal}` : `exit ${code}`;
}

function withWords(what, stderr) {
  const said = tellingLine(stderr);
  return said ? `${what}: ${said}` : what;
}

function parse(line) {
  try {
    const answer = JSON.parse(line);
    if (answer.seconds > 0) return { answer };
  } catch {}
  return { failure: `its answer is not one: ${line.slice(0, 60)}` };
}
