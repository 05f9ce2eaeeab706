// Programs of this workspace: built for release, and where Cargo put them.

import { fileURLToPath } from 'node:url';
import { run } from './program.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Promise<string>} the path: Cargo says it, since its target folder may be set from outside */
export async function buildProgram(name, { signal, say }) {
  say(`${name}: cargo build --release …`);
  const args = ['build', '--release', '--locked', '--package', name];
  const format = ['--message-format', 'json-render-diagnostics'];
  const output = await run('cargo', [...args, ...format], { signal, cwd: root, stderr: 'inherit' });
  const messages = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const isProgram = ({ executable, target }) => executable && target.name === name;
  return messages.findLast(isProgram).executable;
}
