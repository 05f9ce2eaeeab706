// Everything that must hold before a change lands, the quick checks first. `npm run check` runs it, and so does CI.

'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');

const CHECKS = [
  ['the format of Rust', () => run('cargo', 'fmt', '--all', '--check')],
  ['the format of everything else, and lints', () => run('npx', 'biome', 'check', '.')],
  ['the layers', checkLayers],
  ['dependencies', checkDependencies],
  [
    'lints of Rust',
    () => run('cargo', ...'clippy --workspace --all-targets --locked -- -D warnings'.split(' ')),
  ],
  ['documentation of Rust', checkDocs],
  ['the addon builds', () => run('npm', 'run', 'prepare')],
  ['tests', () => run('npm', 'test')],
  ['fuzzing', checkFuzzing],
];

/** For each target of `fuzz`, where cargo-fuzz is installed. */
const SECONDS_OF_FUZZING = 5;

/** The rules of ARCHITECTURE.md that a compiler does not know. */
function checkLayers() {
  const tree = execFileSync(
    'cargo',
    ['tree', '--locked', '-p', 'manyfetch-engine', '-e', 'normal'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  if (/\bnapi\b/.test(tree)) throw new Error('the engine depends on napi');
  for (const file of sources('src/engine', '.rs')) {
    const names = /\breqwest::/.test(fs.readFileSync(path.join(ROOT, file), 'utf8'));
    if (names !== (file === 'src/engine/transport/http.rs')) {
      throw new Error(`${file} ${names ? 'names' : 'does not name'} reqwest`);
    }
  }
}

/** What is known against what we depend on. The lists are on the network: where nobody answers, nothing is held against anybody. */
function checkDependencies() {
  auditPackages();
  runIfInstalled('cargo-deny', 'cargo', 'deny', 'check', 'licenses', 'bans', 'sources');
  runIfInstalled('cargo-audit', 'cargo', 'audit');
}

function auditPackages() {
  const command = ['audit', '--omit=dev', '--workspaces=false', '--json'];
  const options = { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' };
  const { vulnerabilities } = JSON.parse(spawnSync('npm', command, options).stdout || '{}');
  if (vulnerabilities === undefined) {
    console.log('passed over: the registry has no answer to `npm audit`');
    return;
  }
  const names = Object.keys(vulnerabilities);
  if (names.length > 0) throw new Error(`npm audit knows something against ${names.join(', ')}`);
}

function runIfInstalled(tool, ...command) {
  if (spawnSync(tool, ['--version']).status === 0) run(...command);
  else console.log(`passed over: it needs 'cargo install ${tool}'`);
}

function sources(folder, extension) {
  const all = fs.readdirSync(path.join(ROOT, folder), { recursive: true });
  return all
    .filter((file) => file.endsWith(extension))
    .map((file) => path.posix.join(folder, file));
}

function checkDocs() {
  run('cargo', 'doc', '--workspace', '--no-deps', '--locked', { RUSTDOCFLAGS: '-D warnings' });
}

/** What the corpus has is run by the tests already; this looks a little further. */
function checkFuzzing() {
  const installed = spawnSync('cargo', ['+nightly', 'fuzz', '--version'], { cwd: ROOT });
  if (installed.status !== 0) {
    console.log('passed over: it needs a nightly compiler, and `cargo install cargo-fuzz`');
    return;
  }
  for (const file of sources('fuzz/fuzz_targets', '.rs')) {
    const target = path.basename(file, '.rs');
    // What is found goes to the first folder, and what is kept stays as it is.
    const found = path.join('fuzz', 'target', 'found', target);
    fs.mkdirSync(path.join(ROOT, found), { recursive: true });
    const options = [`-max_total_time=${SECONDS_OF_FUZZING}`, '-verbosity=0'];
    const corpus = path.join('fuzz', 'corpus', target);
    run('cargo', '+nightly', 'fuzz', 'run', target, found, corpus, '--', ...options);
  }
}

function run(command, ...args) {
  const env = typeof args.at(-1) === 'object' ? args.pop() : {};
  execFileSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
    stdio: 'inherit',
  });
}

for (const [name, check] of CHECKS) {
  console.log(`\n== ${name}`);
  try {
    check();
  } catch (error) {
    console.error(`\ncheck failed: ${name}: ${error.message}`);
    process.exit(1);
  }
}
console.log('\neverything holds');
