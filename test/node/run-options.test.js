// Options that belong to a run: where its bodies go, its journal, its limit of memory and its reports. Wrong ones are refused before
// anything is opened, made or sent.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { serve } = require('./server.js');

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';

/** No option of these takes one of them. */
const NOTHING = [null, 5, Number.NaN, true, 1n, Symbol('o'), []];
const NO_PATHS = ['', '\0', 'a\0b', 'a/b\0'];
const MODES = ['error', 'skip', 'replace', 'resume', 'update'];

/** A folder of this test alone. */
function makeFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyfetch-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Options that are wrong: which, the path that is named, and the code. */
function wrongOptions(dir) {
  const row = (name, make) => (code) => (value) => [make(value), `options.${name}`, code];
  const saveTo = row('saveTo', (value) => ({ saveTo: value }));
  const journal = row('journal', (value) => ({ journal: value }));
  const onProgress = row('onProgress', (value) => ({ onProgress: value }));
  const buffered = row('maxBufferedBytes', (value) => ({ maxBufferedBytes: value }));
  const field = (name) => row(`saveTo.${name}`, (value) => ({ saveTo: { dir, [name]: value } }));
  return [
    ...[...NOTHING, () => {}].map(saveTo(TYPE)),
    ...NO_PATHS.map(saveTo(VALUE)),
    ...[...NOTHING, {}, () => {}, new URL('file:///a')].map(journal(TYPE)),
    ...NO_PATHS.map(journal(VALUE)),
    ...[...NOTHING, {}, 'log'].map(onProgress(TYPE)),
    ...[null, '1', true, 1n, {}, []].map(buffered(TYPE)),
    ...[0, -1, 1.5, Number.NaN, 2 ** 53, Number.NEGATIVE_INFINITY].map(buffered(RANGE)),
    ...[...NOTHING, {}, () => {}, new URL('file:///a'), Buffer.from('a'), undefined].map(
      field('dir')(TYPE),
    ),
    ...NO_PATHS.map(field('dir')(VALUE)),
    ...[...NOTHING, {}].map(field('name')(TYPE)),
    ...['', 'URL', 'header', 'url ', '__proto__'].map(field('name')(VALUE)),
    ...[...NOTHING, {}, () => {}].map(field('ifExists')(TYPE)),
    ...['', 'Skip', 'overwrite', 'toString'].map(field('ifExists')(VALUE)),
    ...[null, 0, 1, 'yes', {}, []].map(field('durable')(TYPE)),
  ];
}

/** Of saveTo as a whole: neither a path nor an object with one. */
function wrongFolders() {
  return [{}, { dir: undefined }, { name: 'url' }, new URL('file:///a'), new Map([['dir', 'a']])];
}

test('a wrong option of a run rejects downloadAll, and makes downloadEach throw', async (t) => {
  const server = await serve(t);
  const dir = path.join(makeFolder(t), 'not-made');
  const client = new Client();
  for (const [options, name, code] of wrongOptions(dir)) {
    const isRefused = (error) => {
      assert.deepEqual([error.code, inspect(options)], [code, inspect(options)]);
      assert.ok(error instanceof (code === RANGE ? RangeError : TypeError));
      assert.ok(error.message.startsWith(`${name} must be`), error.message);
      return true;
    };
    for (const caller of [{ downloadAll, downloadEach }, client]) {
      await assert.rejects(caller.downloadAll([server.url], options), isRefused);
      assert.throws(() => caller.downloadEach([server.url], options), isRefused);
    }
  }
  assert.equal(server.accepted, 0);
  assert.equal(fs.existsSync(dir), false);
});

test('saveTo as an object needs a dir', async () => {
  for (const saveTo of wrongFolders()) {
    await assert.rejects(downloadAll([], { saveTo }), (error) => {
      assert.ok(error instanceof TypeError && error.code === TYPE, inspect(saveTo));
      assert.match(error.message, /^options\.saveTo\.dir must be the path of a folder/);
      return true;
    });
  }
});

test('what cannot be had together is refused, whatever the list', async (t) => {
  const folder = makeFolder(t);
  const dir = path.join(folder, 'not-made');
  const journal = path.join(folder, 'journal');
  const late = (ifExists) => ({ saveTo: { dir, name: 'content-disposition', ifExists } });
  const wrong = [
    [{ ...late('skip') }, /ifExists 'skip'/],
    [{ ...late('resume'), journal }, /'resume'/],
    [{ saveTo: { dir, ifExists: 'update' } }, /journal/],
    [{ saveTo: dir, responseType: 'none' }, /^options\.responseType/],
    [{ saveTo: dir, responseType: 'head' }, /^options\.responseType/],
  ];
  for (const [options, message] of wrong) {
    const expected = { name: 'TypeError', code: VALUE, message };
    await assert.rejects(downloadAll([], options), expected);
    assert.throws(() => downloadEach([], options), expected, inspect(options));
  }
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('an unknown name in saveTo is refused with the nearest one', async () => {
  const misspelt = { Dir: 'dir', names: 'name', ifexist: 'ifExists', durabel: 'durable' };
  const hints = Object.entries(misspelt).map(([name, near]) => [name, `Did you mean '${near}'?`]);
  const all = 'Known are: dir, name, ifExists, durable';
  for (const [name, hint] of [...hints, ['directory', all], ['file', all]]) {
    await assert.rejects(downloadAll([], { saveTo: { dir: '.', [name]: 'x' } }), {
      name: 'TypeError',
      code: VALUE,
      message: `'options.saveTo.${name}' is not an option. ${hint}`,
    });
  }
});

test('what is right is taken, and undefined is the default', async (t) => {
  const { url } = await serve(t);
  const folder = makeFolder(t);
  const file = (name) => path.join(folder, name);
  const fine = [
    ...[{ saveTo: undefined }, { journal: undefined }, { onProgress: undefined }],
    ...[{ maxBufferedBytes: undefined }, { maxBufferedBytes: 2 ** 53 - 1 }],
    ...[{ maxBufferedBytes: Number.POSITIVE_INFINITY }, { maxBufferedBytes: 1 }],
    ...[{ saveTo: file('plain') }, { saveTo: { dir: file('object') } }],
    { saveTo: { dir: file('none'), name: undefined, ifExists: undefined, durable: undefined } },
    { saveTo: { dir: file('url'), name: 'url', durable: true } },
    { saveTo: { dir: file('late'), name: 'content-disposition', durable: false } },
    { saveTo: { dir: file('own'), name: ({ index }) => `${index}.txt` }, onProgress: () => {} },
    ...[{ journal: file('journal') }, { journal: file('spaces in a name.ndjson') }],
    ...MODES.map((ifExists) => ({
      saveTo: { dir: file(ifExists), ifExists },
      journal: file(`${ifExists}.ndjson`),
    })),
  ];
  for (const options of fine) {
    const [result] = await downloadAll([url], options);
    assert.equal(result.error, undefined, inspect(options));
    assert.equal(typeof result.file, options.saveTo ? 'string' : 'undefined');
  }
});

test('a client takes no option of a run, and its runs do', async (t) => {
  const folder = makeFolder(t);
  const options = {
    ...{ signal: AbortSignal.abort(), deadline: 5, stopOnError: true, dedupe: true },
    ...{ saveTo: folder, journal: path.join(folder, 'a'), maxBufferedBytes: 5 },
    onProgress: () => {},
  };
  for (const [name, value] of Object.entries(options)) {
    const message = new RegExp(
      `^options\\.${name} belongs to a run: .*downloadAll or downloadEach`,
    );
    assert.throws(() => new Client({ [name]: value }), { name: 'TypeError', code: VALUE, message });
    assert.ok(new Client({ [name]: undefined }));
  }
  const { signal, ...fine } = options;
  assert.deepEqual([...(await new Client().downloadAll([], fine))], []);
  assert.throws(() => new Client({ file: 'a' }), { code: VALUE, message: /is not an option/ });
});

test('an item takes a file, and none of the others', async (t) => {
  const server = await serve(t);
  const { url } = server;
  const folder = makeFolder(t);
  const wrong = [
    ...[...NOTHING, {}, () => {}, new URL('file:///a')].map((file) => [{ file }, TYPE]),
    ...NO_PATHS.map((file) => [{ file }, VALUE]),
    ...[{ saveTo: folder }, { journal: 'a' }, { maxBufferedBytes: 1 }].map((one) => [one, VALUE]),
    ...[{ onProgress: () => {} }, { files: 'a' }].map((one) => [one, VALUE]),
    [{ file: path.join(folder, 'a'), responseType: 'none' }, VALUE],
  ];
  const items = wrong.map(([one]) => ({ url, ...one }));
  const results = await downloadAll([
    ...items,
    { url: `${url}/fine`, file: path.join(folder, 'b') },
  ]);
  for (const [i, [one, code]] of wrong.entries()) {
    assert.deepEqual([results[i].error?.code, i], [code, i], inspect(one));
    assert.equal(results[i].file, undefined);
  }
  const fine = results.at(-1);
  assert.equal(fine.error, undefined);
  assert.equal(fs.readFileSync(fine.file, 'latin1'), '/fine');
  assert.deepEqual([fs.readdirSync(folder), server.accepted], [['b'], 1]);
});

test('file belongs to an item, not to a call', async () => {
  await assert.rejects(downloadAll([], { file: 'a' }), { code: VALUE, message: /options\.file/ });
});

/** What `make` returns, called in the working directory `folder`. */
function callIn(folder, make) {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return make();
  } finally {
    process.chdir(before);
  }
}

test('paths are taken from where the process is at the call', async (t) => {
  const { url } = await serve(t);
  const here = fs.realpathSync(makeFolder(t));
  const options = { saveTo: 'files', journal: 'journal' };
  const run = callIn(here, () => downloadEach([`${url}/a`], options));
  const { value } = await run.next();
  assert.equal(value.file, path.join(here, 'files', 'a'));
  await run.next();
  assert.deepEqual(fs.readdirSync(here).sort(), ['files', 'journal']);
});

test('a file without saveTo is taken from there, too', async (t) => {
  const { url } = await serve(t);
  const here = fs.realpathSync(makeFolder(t));
  for (const file of ['plain.txt', path.join('folder', 'b.txt'), `.${path.sep}c.txt`]) {
    const [result] = await callIn(here, () => downloadAll([{ url, file }]));
    assert.equal(result.error, undefined, file);
    assert.equal(result.file, path.join(here, file));
    assert.equal(fs.readFileSync(path.join(here, file), 'latin1'), '/');
  }
});
