// The local origin as the harness sees it: built, started, asked for its counters, stopped. The server is origin/.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from './cargo.js';
import { onCore } from './cores.js';
import { ending, firstLine, killAfter, ProgramError } from './program.js';

/**
 * @param {Record<string, number>} settings flags of the origin, in camel case
 * @param {{signal?: AbortSignal, say: (line: string) => void, core?: number}} context
 */
export async function startOrigin(settings, { signal, say, core }) {
  const program = await buildProgram('manyfetch-origin', { signal, say });
  const folder = await mkdtemp(join(tmpdir(), 'manyfetch-bench-'));
  const [command, ...args] = onCore(core, [program, ...flagsOf(settings)]);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = ending(child);
  const line = await firstLine(child.stdout);
  if (line === null) throw new ProgramError('the origin ended before it said where it listens');
  const { hosts, control, ca, addresses, roundTripMs, serverTimesMs } = JSON.parse(line);
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, ca);
  return {
    live: false,
    settings,
    roundTripMs,
    serverTimesMs,
    ca,
    caFile,
    envFor: (scenario) => environmentFor(scenario, caFile),
    urlOf: (host, page) => `${hosts[host].https}/page/${page}`,
    plainUrlOf: (host, path) => hosts[host].http + path,
    secureUrlOf: (host, path) => hosts[host].https + path,
    addressesPort: addresses?.port,
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

function flagsOf(settings) {
  return Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
}

/**
 * Nobody is to ask a proxy for localhost. Node contenders trust the origin as any Node user would have them do, over https alone:
 * Node reads all its certificates at its start then, which takes as long again as the rest of its start.
 */
export function environmentFor({ ca }, caFile, given = process.env) {
  const direct = Object.entries(given).filter(
    ([name]) => !/^((https?|all)_proxy|node_extra_ca_certs)$/i.test(name),
  );
  return { ...Object.fromEntries(direct), ...(ca && { NODE_EXTRA_CA_CERTS: caFile }) };
}

async function ask(url, method) {
  const response = await fetch(url, { method });
  if (!response.ok) throw new Error(`the origin answered ${response.status} to ${method} ${url}`);
  return response;
}

function summed({ total, hosts }) {
  return { ...total, hosts };
}
