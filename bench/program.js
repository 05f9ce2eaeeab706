// Starting other programs: the first line they print, the end they come to, and the end they are put to.

import { spawn } from 'node:child_process';

/** @returns {Promise<string | null>} null when the stream ends before a whole line is there */
export function firstLine(stream) {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    stream.on('close', () => resolve(null));
  });
}

/** Resolves with how the program ended, also when it could not even be started. One that is stopped has to end first. */
export function ending(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (error.code !== 'ABORT_ERR') resolve({ error });
    });
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
}

/** A bound on a program's life: `passed` says whether it was used. */
export function killAfter(child, ms) {
  const bound = { passed: false, lift: () => clearTimeout(timer) };
  const timer = setTimeout(() => {
    bound.passed = true;
    child.kill('SIGKILL');
  }, ms);
  return bound;
}

/** What another program was asked to do and did not. */
export class ProgramError extends Error {}

export class NotFoundError extends ProgramError {}

/** Runs a program to its end. Rejects with what it said when it cannot be started or ends badly. */
export async function run(command, args, { signal, cwd, stderr = 'pipe' } = {}) {
  const child = spawn(command, args, { signal, cwd, stdio: ['ignore', 'pipe', stderr] });
  const output = collect(child.stdout);
  const complaints = collect(child.stderr);
  const { error, code } = await ending(child);
  signal?.throwIfAborted();
  if (error?.code === 'ENOENT') throw new NotFoundError(`${command} was not found`);
  if (error) throw error;
  if (code !== 0) {
    // What went to the screen has been read already.
    const said = stderr === 'pipe' ? tellingLine(complaints.text || output.text) : '';
    throw new ProgramError(said || `${command} ended with exit ${code}`);
  }
  return output.text;
}

/** The text a stream has brought so far. */
export function collect(stream) {
  const collected = { text: '' };
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk) => {
    collected.text += chunk;
  });
  return collected;
}

/** The line of a stack trace or log that a person would look for. */
export function tellingLine(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const line = lines.findLast((each) => /^[\w.]*(error|exception)\b/i.test(each)) ?? lines.at(-1);
  return (line ?? '').trim().slice(0, 100);
}
