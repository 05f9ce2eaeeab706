// The journal and the disk: where it can be, what it may hold, and what happens when the disk does not take it.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll, downloadEach } = require('../../index.js');
const { inNamespace, runApart } = require('./apart.js');
const { runInChild } = require('./child.js');
const { WAYS, makeFolder } = require('./journals.js');
const { measure } = require('./measure.js');
const { serve, serveRequests } = require('./server.js');

const onUnix = { skip: process.platform === 'win32' && 'Windows has other rights' };
const MIB = 1 << 20;

test('a journal that cannot be has the code of the system, on the call', async (t) => {
  const { dir, journal } = makeFolder(t);
  const server = await serveRequests(t);
  fs.writeFileSync(journal, '');
  const cases = {
    ENOENT: path.join(dir, 'missing', 'run.jsonl'),
    EISDIR: dir,
    ENOTDIR: path.join(journal, 'run.jsonl'),
    ENAMETOOLONG: path.join(dir, 'a'.repeat(300)),
  };
  for (const [code, journal] of Object.entries(cases)) {
    for (const [name, fetchAll] of Object.entries(WAYS)) {
      await assert.rejects(fetchAll([server.url], { journal }), { code }, `${code}, ${name}`);
    }
    await assert.rejects(downloadEach([server.url], { journal }).next(), { code });
  }
  assert.equal(server.accepted, 0);
});

test('a journal that may not be written is EACCES', onUnix, async (t) => {
  const { dir, journal } = makeFolder(t);
  const { url } = await serve(t);
  await downloadAll([url], { journal });
  const locked = path.join(dir, 'locked');
  fs.mkdirSync(locked);
  fs.chmodSync(locked, 0o500);
  fs.chmodSync(dir, 0o755);
  fs.chmodSync(journal, 0o400);
  const main = async ({ url, journals }) => {
    const { downloadAll } = require('manyfetch');
    // Whoever may do all is nobody from here on.
    if (process.getuid() === 0) {
      process.setgid(65_534);
      process.setuid(65_534);
    }
    const codes = [];
    for (const journal of journals) {
      codes.push(await downloadAll([url], { journal }).then(String, ({ code }) => code));
    }
    console.log(codes.join());
  };
  const { stdout } = await runInChild(main, { url, journals: [journal, `${locked}/run.jsonl`] });
  assert.equal(stdout, 'EACCES,EACCES\n');
});

test('nobody else may read a journal', onUnix, async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serve(t);
  await downloadAll([url], { journal });
  assert.equal(fs.statSync(journal).mode & 0o777, 0o600);
});

test('no secret of a request is in a journal', async (t) => {
  const { dir, journal } = makeFolder(t);
  const { url } = await serve(t, (request, response) => {
    if (request.url !== '/from') return response.end('body of canary-response');
    response
      .writeHead(302, { location: `http://u:canary-location@${request.headers.host}/to` })
      .end();
  });
  const list = [
    url.replace('://', '://canary-user:canary-password@'),
    {
      url,
      headers: {
        authorization: 'canary-header',
        cookie: 'a=canary-cookie',
        'x-api-key': 'canary-key',
      },
    },
    { url, auth: { username: 'canary-user', password: 'canary-password' } },
    { url, auth: { bearer: 'canary-token' } },
    { url, method: 'POST', body: 'canary-body', tag: 'canary-tag' },
    `${url}/from`,
    'http://canary-user:canary-password@127.0.0.1:1/',
  ];
  const saveTo = { dir: `${dir}/files`, name: ({ index }) => `file-${index}` };
  await downloadAll(list, { journal, saveTo, retry: false });
  const text = fs.readFileSync(journal, 'utf8');
  assert.equal(text.match(/canary/g), null);
  assert.ok(!text.includes(Buffer.from('canary-user:canary-password').toString('base64')));
  assert.equal(text.match(/"finished"/g).length, list.length);
});

test(
  'a full disk under the journal fails the call, and what it took is known later',
  inNamespace,
  async () => {
    const setup = 'mount -t tmpfs -o size=64k none /mnt';
    const { code, delivered, known, mended, again } = await runApart(setup, async () => {
      const { downloadAll, downloadEach } = require('manyfetch');
      const { spawnSync } = require('node:child_process');
      const journal = '/mnt/run.jsonl';
      const asked = [];
      const server = require('node:http').createServer((request, response) => {
        asked.push(Number(request.url.slice(1)));
        response.writeHead(200, { 'x-long': 'a'.repeat(1_000) }).end();
      });
      server.listen(0, '127.0.0.1', async () => {
        const list = Array.from(
          { length: 400 },
          (_, i) => `http://127.0.0.1:${server.address().port}/${i}`,
        );
        const delivered = [];
        let code;
        try {
          for await (const { index } of downloadEach(list, { journal })) delivered.push(index);
        } catch (error) {
          code = error.code;
        }
        const text = require('node:fs').readFileSync(journal, 'utf8').split('\n').slice(1, -1);
        const known = text.map((line) => JSON.parse(line).index);
        spawnSync('mount', ['-o', 'remount,size=8m', '/mnt']);
        asked.length = 0;
        const results = await downloadAll(list, { journal });
        const mended = results.filter(({ status }) => status === 200).length;
        console.log(JSON.stringify({ code, delivered, known, mended, again: asked }));
        server.closeAllConnections();
        server.close();
      });
    });
    assert.equal(code, 'ENOSPC');
    // 64 KiB of lines with more than 1,000 bytes each.
    assert.ok(known.length > 30 && known.length < 64, `${known.length} are known`);
    const lost = delivered.filter((index) => !known.includes(index)).length;
    // Those that waited for the disk, and those that were in flight when it said so.
    assert.ok(lost <= 64 + 10, `${lost} of ${delivered.length} were lost`);
    assert.equal(mended, 400);
    assert.deepEqual(
      again.filter((index) => known.includes(index)),
      [],
    );
    assert.equal(new Set(again).size, 400 - known.length);
  },
);

test('a journal of 50,000 items is skipped in little memory', async (t) => {
  const { journal } = makeFolder(t);
  const { url } = await serve(t);
  await downloadAll([url], { journal });
  const [header, line] = fs.readFileSync(journal, 'utf8').split('\n');
  const lines = Array.from({ length: 50_000 }, (_, index) =>
    line.replace('"index":0', `"index":${index}`),
  );
  fs.writeFileSync(journal, `${[header, ...lines].join('\n')}\n`);
  const main = async ({ url, journal, isLoop }) => {
    const { downloadAll, downloadEach } = require('manyfetch');
    const urls = new Array(50_000).fill(url);
    await downloadAll([url]);
    gc();
    const before = process.memoryUsage.rss();
    let known = 0;
    if (isLoop)
      for await (const result of downloadEach(urls, { journal })) known += result.fromJournal;
    else for (const result of await downloadAll(urls, { journal })) known += result.fromJournal;
    console.log(JSON.stringify({ known, grown: process.resourceUsage().maxRSS * 1024 - before }));
  };
  for (const [isLoop, limit] of [
    [true, 64],
    [false, 128],
  ]) {
    const { known, grown } = await measure(main, { url, journal, isLoop });
    assert.equal(known, 50_000);
    assert.ok(
      grown < limit * MIB,
      `${Math.round(grown / MIB)} MiB, of ${fs.statSync(journal).size / MIB}`,
    );
  }
});
