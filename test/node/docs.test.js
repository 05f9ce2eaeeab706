// The documentation is held to the code: defaults, codes, versions and links. The scripts of the README are run in recipes.test.js.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const native = require('../../src/js/native.js');

const ROOT = path.join(__dirname, '..', '..');
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const types = read('index.d.ts');
const readme = read('README.md');

/** Where the options of an interface stand in those of a call. */
const PATHS = {
  Timeouts: 'timeout.',
  Retry: 'retry.',
  Backoff: 'retry.backoff.',
  SaveTo: 'saveTo.',
};
/** What opens or closes an object of options within an interface, or is an option with its `@default`. */
const MEMBERS = /^ {2}(\};)|(?:@default ([^@]*?)\s+\*\/\s+)?^ +(\w+)\?:( \{$)?/gm;

/** The defaults of the engine by the path of their option: 'retry.backoff.base'. */
function defaults(values = JSON.parse(native.defaults()), path = '') {
  return Object.entries(values).flatMap(([name, value]) =>
    value?.constructor === Object ? defaults(value, `${path}${name}.`) : [[path + name, value]],
  );
}

/** What `@default` says in each interface of `index.d.ts`, by the path of its option. */
function* documentedDefaults() {
  for (const [, name, body] of types.matchAll(/^export interface (\w+).*?\{\n(.*?)^\}/gms)) {
    let outer = '';
    for (const [, closes, value, option, opens] of body.matchAll(MEMBERS)) {
      if (closes !== undefined) outer = '';
      if (opens !== undefined) outer = `${option}.`;
      if (value === undefined) continue;
      const plain = value.replace(/\n\s+\*/g, '').replaceAll("'", '"');
      const path = (PATHS[name] ?? '') + outer + option;
      yield [path, plain === 'Infinity' ? null : JSON.parse(plain)];
    }
  }
}

test('every default in index.d.ts is the one of the engine', () => {
  const documented = [...documentedDefaults()];
  assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(defaults()));
  assert.equal(documented.length, defaults().length);
});

test('index.d.ts and the README list exactly the codes that the engine has', () => {
  const union = types.slice(types.indexOf('export type ErrorCode'));
  assert.deepEqual(
    [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code),
    native.CODES,
  );
  const errors = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## Coming'));
  const rows = errors.split('\n').filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) =>
    [...row.split('|')[1].matchAll(/`(\w+)`/g)].map(([, code]) => code),
  );
  assert.deepEqual(listed.sort(), [...native.CODES].sort());
});

test('index.d.ts lists exactly the phases that the engine has', () => {
  const [, union] = types.match(/export type Phase = (.*);/);
  assert.deepEqual(
    [...union.matchAll(/'(\w+)'/g)].map(([, phase]) => phase),
    native.PHASES,
  );
});

test('every option of index.d.ts stands in the table of the README', () => {
  const table = readme.slice(readme.indexOf('## Options'), readme.indexOf('## Results'));
  const options = types.slice(
    types.indexOf('interface RequestOptions'),
    types.indexOf('interface Result<'),
  );
  const names = [...options.matchAll(/^ +(\w+)\?:/gm)].map(([, name]) => name);
  const missing = names.filter((name) => !new RegExp(`[\`.]${name}\``).test(table));
  assert.deepEqual(
    missing,
    ['timeout', 'retry', 'backoff', 'tls', 'dns', 'saveTo'],
    'which the table has in parts',
  );
});

test('the table of the README has the defaults of the engine', () => {
  const table = readme.slice(readme.indexOf('## Options'), readme.indexOf('## Results'));
  const plain = { none: 'null', '256 MiB': 256 * 2 ** 20, '1 GiB': 2 ** 30 };
  // The commas of a list and of thousands, the quotes of a string: neither is in the value.
  const bare = (value) => String(value).replace(/[`', ]/g, '');
  const documented = {};
  for (const [, name, value] of table.matchAll(/^\| `([\w.]+)` \| [\w, ]+ \| (.+?) \|/gm)) {
    documented[name] = plain[value] ?? value;
  }
  for (const [name, value] of defaults()) assert.equal(bare(documented[name]), bare(value), name);
});

test('every test and file that SECURITY.md names is there', () => {
  const rows = read('SECURITY.md')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const named = rows.flatMap((row) =>
    [
      ...row
        .split('|')
        .at(-2)
        .matchAll(/`([\w./-]+)`/g),
    ].map(([, name]) => name),
  );
  assert.ok(named.length > 30);
  const isFile = (name) => name.includes('/') || name.includes('.');
  for (const name of named) {
    const file = isFile(name) ? name : `test/node/${name}.test.js`;
    assert.ok(fs.existsSync(path.join(ROOT, file)), name);
  }
});

test('the packages of both languages have one version', () => {
  const [, cargo] = read('Cargo.toml').match(/version = "(.*)"/);
  assert.equal(cargo, JSON.parse(read('package.json')).version);
});

/** The anchor that a heading has on the usual sites. */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

test('every link of the README leads to a heading or to a file', () => {
  const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => `#${anchorOf(heading)}`);
  const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  assert.ok(targets.length > 20);
  for (const target of targets.filter((one) => !one.includes('://'))) {
    const isThere = anchors.includes(target) || fs.existsSync(path.join(ROOT, target));
    assert.ok(isThere, target);
  }
});
