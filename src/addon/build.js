// Builds the native part in a checkout: npm runs this after `npm install`. It takes seconds when nothing changed.

'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const ROOT = path.join(__dirname, '..', '..');
const MINIMUM_RUST = [1, 89];

async function main() {
  if (process.env.MANYFETCH_SKIP_BUILD === '1') return;
  const cargo = findCargo();
  checkCompiler();
  console.error(
    'manyfetch: building the native part with cargo (minutes the first time, seconds after that)',
  );
  const library = await build(cargo);
  install(library);
}

function findCargo() {
  const name = process.platform === 'win32' ? 'cargo.exe' : 'cargo';
  const homes = [process.env.CARGO_HOME, path.join(os.homedir(), '.cargo')].filter(Boolean);
  const candidates = [name, ...homes.map((home) => path.join(home, 'bin', name))];
  const cargo = candidates.find((candidate) => version(candidate) !== undefined);
  if (cargo === undefined)
    fail('Rust was not found (looked for cargo in PATH and in ~/.cargo/bin).');
  const [major, minor] = version(cargo).match(/\d+/g).map(Number);
  if (major < MINIMUM_RUST[0] || (major === MINIMUM_RUST[0] && minor < MINIMUM_RUST[1])) {
    fail(`Rust ${major}.${minor} is too old: ${MINIMUM_RUST.join('.')} or later is needed.`);
  }
  return cargo;
}

/** The cryptography and zstd are partly C. On Windows, Rust itself brings the question of a compiler up. */
function checkCompiler() {
  if (process.platform === 'win32') return;
  const compilers = [process.env.CC, 'cc', 'gcc', 'clang'].filter(Boolean);
  if (!compilers.some((compiler) => version(compiler) !== undefined)) {
    fail(`A C compiler was not found (looked for ${compilers.join(', ')}).`);
  }
}

function version(command) {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

/** Runs cargo, whose progress goes to the terminal, and returns the file that it made. */
async function build(cargo) {
  const args = ['build', '--release', '--locked', '--package', 'manyfetch-addon'];
  const child = spawn(cargo, [...args, '--message-format=json-render-diagnostics'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let library;
  const ended = new Promise((resolve) => child.on('close', resolve));
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const message = JSON.parse(line);
    if (message.reason === 'compiler-artifact' && message.target.kind.includes('cdylib')) {
      library = message.filenames.find((file) => /\.(so|dylib|dll)$/.test(file));
    }
  }
  if ((await ended) !== 0 || library === undefined)
    fail('cargo could not build it; its own words are above.');
  return library;
}

/** By renaming, since a process may have the old file loaded. */
function install(library) {
  const folder = path.join(ROOT, 'binding');
  const target = path.join(folder, 'manyfetch.node');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(library, `${target}.new`);
  fs.renameSync(`${target}.new`, target);
}

function fail(why) {
  console.error(`
manyfetch: the native part cannot be built.
  ${why}
  It needs Rust ${MINIMUM_RUST.join('.')} or later (https://rustup.rs) and a C compiler
  (Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install).
  Then run: npm install
  To install without it: MANYFETCH_SKIP_BUILD=1 npm install
`);
  process.exit(1);
}

main();
