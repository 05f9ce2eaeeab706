// Disks that are full, or not to be written to, and devices: in a mount of the test's own (Linux, `unshare`).

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inNamespace, runApart } = require('./apart.js');

/** A disk of so much room at /mnt. */
const disk = (options) => `mount -t tmpfs -o ${options} none /mnt`;

test(
  'a disk that is full fails what finds no room, leaves nothing of it, and the others go on',
  inNamespace,
  async () => {
    const { codes, names, whole } = await runApart(disk('size=512k'), async () => {
      const fs = require('node:fs');
      const { downloadAll } = require('manyfetch');
      const server = require('node:http').createServer((request, response) => {
        response.end(Buffer.alloc(Number(request.url.split('/')[1]), 'x'));
      });
      server.listen(0, '127.0.0.1', async () => {
        const url = `http://127.0.0.1:${server.address().port}`;
        // At the first write that goes to the disk, in the middle, at the last one.
        const sizes = [1_000, 100_000, 600_000, 2_000, 520_000, 5_000_000, 3_000, 425_000, 4_000];
        const list = sizes.map((size, i) => `${url}/${size}/${i}`);
        const results = await downloadAll(list, { saveTo: '/mnt', concurrency: 1 });
        const codes = results.map(({ error, status }) => error?.code ?? status);
        const names = fs.readdirSync('/mnt').sort();
        const whole = names.every((name) => fs.statSync(`/mnt/${name}`).size === sizes[name]);
        console.log(JSON.stringify({ codes, names, whole }));
        server.close();
      });
    });
    const full = 'ENOSPC';
    assert.deepEqual(codes, [200, 200, full, 200, full, full, 200, full, 200]);
    assert.deepEqual([names, whole], [['0', '1', '3', '6', '8'], true]);
  },
);

test(
  'a disk that is full while many are written has no file that is not whole',
  inNamespace,
  async () => {
    const { codes, wrong, left } = await runApart(disk('size=1m'), async () => {
      const fs = require('node:fs');
      const { downloadAll } = require('manyfetch');
      const server = require('node:http').createServer((request, response) => {
        response.end(Buffer.alloc(100_000, request.url));
      });
      server.listen(0, '127.0.0.1', async () => {
        const url = `http://127.0.0.1:${server.address().port}`;
        const list = Array.from({ length: 40 }, (_, i) => `${url}/${i}`);
        const results = await downloadAll(list, { saveTo: '/mnt' });
        const codes = results.map(({ error, status }) => error?.code ?? status);
        const isWhole = ({ file, index }) =>
          fs.readFileSync(file).equals(Buffer.alloc(100_000, `/${index}`));
        const wrong = results.filter((result) => result.ok && !isWhole(result)).length;
        const left = fs.readdirSync('/mnt').length - results.stats.ok;
        console.log(JSON.stringify({ codes, wrong, left }));
        server.close();
      });
    });
    assert.deepEqual([wrong, left], [0, 0]);
    assert.deepEqual(new Set(codes), new Set([200, 'ENOSPC']));
  },
);

test(
  'a disk without room for names is ENOSPC, too, and so is a folder that cannot be made',
  inNamespace,
  async () => {
    const outcome = await runApart(disk('nr_inodes=2'), async () => {
      const { downloadAll } = require('manyfetch');
      const server = require('node:http').createServer((_request, response) => response.end('x'));
      server.listen(0, '127.0.0.1', async () => {
        const url = `http://127.0.0.1:${server.address().port}`;
        const save = (saveTo) => downloadAll([`${url}/a`, `${url}/b`], { saveTo, concurrency: 1 });
        const results = await save('/mnt');
        const codes = results.map(({ error, status }) => error?.code ?? status);
        const refused = await save('/mnt/sub').catch(({ code }) => code);
        console.log(
          JSON.stringify({ codes, refused, names: require('node:fs').readdirSync('/mnt') }),
        );
        server.close();
      });
    });
    assert.deepEqual(outcome, { codes: [200, 'ENOSPC'], refused: 'ENOSPC', names: ['a'] });
  },
);

test('what found no room goes on where it ended, once there is some', inNamespace, async () => {
  const outcome = await runApart(disk('size=512k'), async () => {
    const fs = require('node:fs');
    const { downloadAll } = require('manyfetch');
    const body = require('node:crypto').randomBytes(400_000);
    const ranges = [];
    const server = require('node:http').createServer((request, response) => {
      const { range } = request.headers;
      ranges.push(range === undefined);
      const start = Number(/\d+/.exec(range ?? '0')[0]);
      response.setHeader('etag', '"one"');
      if (range) response.setHeader('content-range', `bytes ${start}-399999/400000`);
      response.writeHead(range ? 206 : 200).end(body.subarray(start));
    });
    server.listen(0, '127.0.0.1', async () => {
      const list = [`http://127.0.0.1:${server.address().port}/a`];
      const saveTo = { dir: '/mnt', ifExists: 'resume' };
      fs.writeFileSync('/mnt/room', Buffer.alloc(200_000));
      const [failed] = await downloadAll(list, { saveTo });
      const left = fs.readdirSync('/mnt').sort();
      fs.rmSync('/mnt/room');
      const [result] = await downloadAll(list, { saveTo });
      const isWhole = fs.readFileSync(result.file).equals(body);
      const names = fs.readdirSync('/mnt');
      console.log(JSON.stringify({ code: failed.error.code, left, isWhole, ranges, names }));
      server.close();
    });
  });
  const { left, ...rest } = outcome;
  // Without room for its notes it would begin anew.
  assert.deepEqual(left, ['.a.part', '.a.part.json', 'room']);
  assert.deepEqual(rest, { code: 'ENOSPC', isWhole: true, ranges: [true, false], names: ['a'] });
});

test('a disk that is not to be written to is EROFS', inNamespace, async () => {
  const setup = `${disk('size=1m')} && mkdir /mnt/there && mount -o remount,ro /mnt`;
  const codes = await runApart(setup, async () => {
    const { downloadAll } = require('manyfetch');
    const server = require('node:http').createServer((_request, response) => response.end('x'));
    server.listen(0, '127.0.0.1', async () => {
      const url = `http://127.0.0.1:${server.address().port}`;
      const missing = await downloadAll([url], { saveTo: '/mnt/new' }).catch(({ code }) => code);
      const [there] = await downloadAll([url], { saveTo: '/mnt/there' });
      const [single] = await downloadAll([{ url, file: '/mnt/there/a' }]);
      const [sub] = await downloadAll([{ url, file: 'sub/a' }], { saveTo: '/mnt' });
      console.log(JSON.stringify([missing, there.error.code, single.error.code, sub.error.code]));
      server.close();
    });
  });
  assert.deepEqual(codes, ['EROFS', 'EROFS', 'EROFS', 'EROFS']);
});

test('a device is neither written to nor replaced', inNamespace, async () => {
  // Those of the system, at names of the test's own.
  const at = (name) => `touch /mnt/${name} && mount --bind /dev/${name} /mnt/${name}`;
  const setup = `${disk('size=1m')} && ${at('full')} && ${at('null')}`;
  const outcome = await runApart(setup, async () => {
    const { downloadAll } = require('manyfetch');
    const server = require('node:http').createServer((_request, response) => response.end('x'));
    server.listen(0, '127.0.0.1', async () => {
      const url = `http://127.0.0.1:${server.address().port}`;
      const codes = [];
      for (const ifExists of ['error', 'skip', 'replace', 'resume']) {
        const list = [`${url}/full`, `${url}/null`];
        const results = await downloadAll(list, { saveTo: { dir: '/mnt', ifExists } });
        codes.push(...results.map(({ error }) => error?.code));
      }
      const names = require('node:fs').readdirSync('/mnt').sort();
      console.log(JSON.stringify({ codes: [...new Set(codes)], names }));
      server.close();
    });
  });
  assert.deepEqual(outcome, { codes: ['EEXIST'], names: ['full', 'null'] });
});
