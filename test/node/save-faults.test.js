// What can be wrong with a folder or a name: the code of the system, and nothing touched that is somebody else's.

'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { runInChild, startProgram } = require('./child.js');
const { bytesOf, filesIn, folder, namesIn, outcomes } = require('./disk.js');
const { serve } = require('./server.js');

const onUnix = { skip: process.platform === 'win32' && 'Windows has other codes' };

/** The outcome of one item that is saved to `file` in `dir`. */
async function outcomeOf(url, dir, file, options = {}) {
  const [result] = await downloadAll([{ url, file }], { saveTo: { dir, ...options } });
  assert.equal(result.file === undefined, result.error !== undefined);
  return result.error?.code ?? result.status;
}

async function assertFolderRefused(url, dir, code) {
  const refused = (error) => {
    // It is not misuse, and not one item's.
    assert.equal(Object.getPrototypeOf(error), Error.prototype);
    assert.equal(error.code, code);
    assert.ok(error.message.includes(dir), error.message);
    return true;
  };
  await assert.rejects(downloadAll([url], { saveTo: dir }), refused);
  const run = downloadEach([url], { saveTo: dir });
  await assert.rejects(run.next(), refused);
  assert.deepEqual(await run.next(), { value: undefined, done: true });
}

test('a folder that cannot be made ends the call before anything is sent', onUnix, async (t) => {
  const server = await serve(t);
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, 'file'), 'old');
  fs.symlinkSync('loop', path.join(dir, 'loop'));
  await assertFolderRefused(server.url, path.join(dir, 'file'), 'ENOTDIR');
  await assertFolderRefused(server.url, path.join(dir, 'file', 'sub'), 'ENOTDIR');
  await assertFolderRefused(server.url, path.join(dir, 'loop'), 'ELOOP');
  await assertFolderRefused(server.url, path.join(dir, 'n'.repeat(256)), 'ENAMETOOLONG');
  assert.equal(server.accepted, 0);
  assert.deepEqual(filesIn(dir), { file: 'old', loop: undefined });
});

test('a folder that is not to be written to is EACCES', onUnix, async (t) => {
  const server = await serve(t);
  const dir = folder(t);
  fs.chmodSync(dir, 0o555);
  const main = async ({ url, dir }) => {
    const { downloadAll } = require('manyfetch');
    // Root may write everywhere.
    if (process.getuid() === 0) process.setuid(65_534);
    const code = ({ code }) => code;
    const missing = await downloadAll([url], { saveTo: `${dir}/sub` }).catch(code);
    const [there] = await downloadAll([url], { saveTo: dir });
    const [single] = await downloadAll([{ url, file: `${dir}/sub/file` }]);
    console.log(JSON.stringify([missing, there.error?.code, single.error?.code]));
  };
  const { stdout, stderr } = await runInChild(main, { url: server.url, dir });
  assert.deepEqual([stdout, stderr], ['["EACCES","EACCES","EACCES"]\n', '']);
  assert.deepEqual(namesIn(dir), []);
});

test(
  'what stands at a name and is no file is not followed, replaced or waited for',
  onUnix,
  async (t) => {
    const { url } = await serve(t);
    const dir = folder(t);
    const outside = folder(t);
    const target = path.join(outside, 'target');
    fs.writeFileSync(target, 'old');
    fs.symlinkSync(target, path.join(dir, 'link'));
    fs.symlinkSync(path.join(outside, 'missing'), path.join(dir, 'dangling'));
    fs.mkdirSync(path.join(dir, 'folder'));
    execFileSync('mkfifo', [path.join(dir, 'fifo')]);
    const before = filesIn(dir);
    for (const ifExists of ['error', 'skip', 'replace', 'resume']) {
      for (const name of ['link', 'dangling', 'folder', 'fifo']) {
        assert.equal(
          await outcomeOf(url, dir, name, { ifExists }),
          'EEXIST',
          `${ifExists} ${name}`,
        );
      }
    }
    assert.deepEqual(filesIn(dir), before);
    assert.deepEqual(filesIn(outside), { target: 'old' });
  },
);

test('what stands where a file is written at first is not followed either', onUnix, async (t) => {
  const { url } = await serve(t, (_request, response) => {
    response.writeHead(200, { etag: '"one"' }).end(bytesOf(300_000));
  });
  const dir = folder(t);
  const outside = folder(t);
  const target = path.join(outside, 'target');
  fs.writeFileSync(target, 'old');
  fs.symlinkSync(target, path.join(dir, '.link.part'));
  fs.mkdirSync(path.join(dir, '.folder.part'));
  execFileSync('mkfifo', [path.join(dir, '.fifo.part')]);
  fs.symlinkSync(target, path.join(dir, '.notes.part.json'));
  for (const ifExists of ['error', 'resume']) {
    for (const name of ['link', 'folder', 'fifo']) {
      assert.equal(await outcomeOf(url, dir, name, { ifExists }), 'EEXIST', `${ifExists} ${name}`);
    }
  }
  assert.equal(await outcomeOf(url, dir, 'notes', { ifExists: 'resume' }), 200);
  assert.ok(fs.readFileSync(path.join(dir, 'notes')).equals(bytesOf(300_000)));
  assert.deepEqual(filesIn(outside), { target: 'old' });
});

test(
  'a link to a folder leads nowhere outside, also when it comes in the meantime',
  onUnix,
  async (t) => {
    const dir = folder(t);
    const outside = folder(t);
    const { url } = await serve(t, (request, response) => {
      if (request.url === '/swap') {
        fs.renameSync(path.join(dir, 'swapped'), path.join(dir, 'moved'));
        fs.symlinkSync(outside, path.join(dir, 'swapped'));
      }
      response.end(bytesOf(300_000));
    });
    fs.symlinkSync(outside, path.join(dir, 'out'));
    fs.symlinkSync('..', path.join(dir, 'up'));
    fs.mkdirSync(path.join(dir, 'in'));
    fs.symlinkSync('in', path.join(dir, 'inner'));
    fs.mkdirSync(path.join(dir, 'swapped'));
    for (const file of ['out/a', 'up/a', 'out/sub/a']) {
      assert.equal(await outcomeOf(url, dir, file), 'EACCES', file);
    }
    assert.equal(await outcomeOf(`${url}/swap`, dir, 'swapped/a'), 'EACCES');
    assert.equal(await outcomeOf(url, dir, 'inner/a'), 200);
    assert.deepEqual(namesIn(outside), []);
    assert.deepEqual(namesIn(path.join(dir, 'in')), ['a']);
  },
);

test('what the system says of a name is the code of its item', onUnix, async (t) => {
  const { url } = await serve(t);
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, 'file'), 'old');
  fs.symlinkSync('loop', path.join(dir, 'loop'));
  const long = 'n'.repeat(255);
  const codes = {
    'file/a': 'ENOTDIR',
    'loop/a': 'ELOOP',
    [`${long}n`]: 'ENAMETOOLONG',
    [`${long}n/a`]: 'ENAMETOOLONG',
    [long]: 200,
    [`sub/${'€'.repeat(85)}`]: 200,
  };
  const items = Object.keys(codes).map((file) => ({ url, file }));
  const results = await downloadAll([...items, `${url}/sibling`], { saveTo: dir });
  assert.deepEqual(outcomes(results), [...Object.values(codes), 200]);
  assert.deepEqual(namesIn(dir), ['file', 'loop', long, 'sibling', 'sub'].sort());
});

const FEW = ['--nofile=200', process.execPath];
const hasLimits = spawnSync('prlimit', [...FEW, '-e', '0']).status === 0;
const withLimits = { skip: !hasLimits && 'it takes prlimit' };

test(
  'more folders than may be open at once are fine, with a folder of the run and without',
  withLimits,
  async (t) => {
    const { url } = await serve(t);
    const dir = folder(t);
    const main = async ({ url, dir }) => {
      const { downloadAll } = require('manyfetch');
      const list = (root) =>
        Array.from({ length: 500 }, (_, i) => ({ url, file: `${root}${i}/a` }));
      const runs = [downloadAll(list(''), { saveTo: `${dir}/in` }), downloadAll(list(`${dir}/`))];
      const results = await Promise.all(runs);
      console.log(JSON.stringify(results.map(({ stats }) => [stats.ok, stats.errors])));
    };
    const source = `(${main})(${JSON.stringify({ url, dir })})`;
    const { stdout } = await startProgram('prlimit', [...FEW, '-e', source]).ended;
    const fine = [500, {}];
    assert.deepEqual(JSON.parse(stdout), [fine, fine]);
  },
);
