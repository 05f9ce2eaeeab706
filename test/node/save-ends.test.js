// What ends a download before its file is whole: it leaves nothing unfinished, and its neighbours as they were.

'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Client, downloadAll, downloadEach } = require('../../index.js');
const { bytesOf, filesIn, folder, namesIn, outcomes } = require('./disk.js');
const { serve } = require('./server.js');
const { until } = require('./until.js');

/** A server of bodies that fail in all ways, once half of them is there. */
function serveBroken(t) {
  return serve(t, (request, response) => {
    if (request.url === '/gzip') response.setHeader('content-encoding', 'gzip');
    else response.setHeader('content-length', 800_000);
    response.write(bytesOf(400_000));
    if (request.url === '/whole' || request.url === '/gzip') response.end(bytesOf(400_000));
    if (request.url === '/cut') setImmediate(() => response.destroy());
  });
}

test('a body that fails leaves nothing, and its neighbours as they were', async (t) => {
  const { url } = await serveBroken(t);
  const dir = folder(t);
  const mine = ['a-1', 'a.part', '.a.part.old', '.a', 'a~', 'a.tmp', '.a.part.json.old'];
  for (const name of mine) fs.writeFileSync(path.join(dir, name), `my ${name}`);
  const before = filesIn(dir);
  const checksum = `sha256-${crypto.createHash('sha256').update('other').digest('hex')}`;
  const faults = [
    ['/cut', {}, 'ERR_BODY_TRUNCATED'],
    ['/gzip', {}, 'ERR_DECODE'],
    ['/whole', { checksum }, 'ERR_CHECKSUM_MISMATCH'],
    ['/whole', { maxBodySize: 500_000 }, 'ERR_BODY_TOO_LARGE'],
    ['/silent', { timeout: { idle: 20 } }, 'ETIMEDOUT'],
    ['/silent', { timeout: { total: 100 } }, 'ETIMEDOUT'],
  ];
  for (const ifExists of ['error', 'skip', 'replace', 'resume']) {
    for (const [from, options, code] of faults) {
      const item = { url: url + from, file: 'a', ...options };
      const saveTo = { dir, ifExists };
      const results = await downloadAll([item], { saveTo, retry: false });
      assert.deepEqual(outcomes(results), [code]);
      assert.equal(results[0].file, undefined);
      assert.deepEqual(filesIn(dir), before, `${ifExists} ${code}`);
    }
  }
});

const ENDS = {
  'an abort': async (list, options, begun) => {
    const controller = new AbortController();
    const run = downloadAll(list, { ...options, signal: controller.signal });
    await begun();
    controller.abort();
    await assert.rejects(run, { name: 'AbortError' });
  },
  'a deadline': async (list, options) => {
    const results = await downloadAll(list, { ...options, deadline: 300 });
    assert.deepEqual(new Set(outcomes(results)), new Set(['ETIMEDOUT']));
  },
  'the first error': async (list, options, begun) => {
    const item = { url: list[0], file: 'fails', timeout: { total: 300 } };
    const run = downloadAll([item, ...list.slice(1)], { ...options, stopOnError: true });
    await Promise.all([begun(), assert.rejects(run, { code: 'ETIMEDOUT' })]);
  },
  'leaving the loop': async (list, options, begun) => {
    const run = downloadEach(list, options);
    run.next();
    await begun();
    await run.return();
  },
  'closing the client by force': async (list, options, begun) => {
    const client = new Client();
    const run = client.downloadAll(list, options);
    await Promise.all([
      assert.rejects(run, { code: 'ERR_CLIENT_CLOSED' }),
      begun().then(() => client.close({ force: true })),
    ]);
  },
};

for (const [what, end] of Object.entries(ENDS)) {
  test(`${what} leaves no unfinished files`, async (t) => {
    const { url } = await serveBroken(t);
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, 'mine'), 'mine');
    const list = Array.from({ length: 8 }, (_, i) => `${url}/silent/${i}`);
    const begun = () => until(() => namesIn(dir).length > 4);
    await end(list, { saveTo: { dir, ifExists: 'replace' }, retry: false }, begun);
    await until(() => namesIn(dir).length === 1);
    assert.deepEqual(filesIn(dir), { mine: 'mine' });
  });
}
