// The local origin as the harness sees it: built, started, asked for its counters, stopped. The server is origin/.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ending, firstLine, killAfter, ProgramError, run } from './program.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = ['build', '--release', '--locked', '--package', 'manyfetch-origin'];

/** @param {Record<string, number>} settings flags of the origin, in camel case */
export async function startOrigin(settings, { signal, say }) {
  say('origin: cargo build --release …');
  const program = await buildOrigin(signal);
  const folder = await mkdtemp(join(tmpdir(), 'manyfetch-bench-'));
  const child = spawn(program, flagsOf(settings), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = ending(child);
  const line = await firstLine(child.stdout);
  if (line === null) throw new ProgramError('the origin ended before it said where it listens');
  const { hosts, control, ca, roundTripMs, serverTimesMs } = JSON.parse(line);
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, ca);
  return {
    live: false,
    settings,
    roundTripMs,
    serverTimesMs,
    ca,
    caFile,
    env: localEnvironment(caFile),
    urlOf: (host, page) => `${hosts[host].https}/page/${page}`,
    plainUrlOf: (host, path) => hosts[host].http + path,
    resetCounters: () => ask(`${control}/reset`, 'POST'),
    counters: async () => summed(await (await ask(`${control}/counters`, 'GET')).json()),
    stop: async () => {
      child.stdin.end();
      const bound = killAfter(child, 2_000);
      await ended;
      bound.lift();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Cargo says where the program lies, since its target folder may be set from outside. */
async function buildOrigin(signal) {
  const args = [...build, '--message-format', 'json-render-diagnostics'];
  const output = await run('cargo', args, { signal, cwd: root, stderr: 'inherit' });
  const messages = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const isOrigin = ({ executable, target }) => executable && target.name === 'manyfetch-origin';
  return messages.findLast(isOrigin).executable;
}

function flagsOf(settings) {
  return Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
}

/** Node contenders trust the origin as any Node user would have them do; nobody is to ask a proxy for localhost. */
function localEnvironment(caFile) {
  const direct = Object.entries(process.env).filter(
    ([name]) => !/^(https?|all)_proxy$/i.test(name),
  );
  return { ...Object.fromEntries(direct), NODE_EXTRA_CA_CERTS: caFile };
}

async function ask(url, method) {
  const response = await fetch(url, { method });
  if (!response.ok) throw new Error(`the origin answered ${response.status} to ${method} ${url}`);
  return response;
}

function summed({ total, hosts }) {
  return { ...total, hosts };
}
