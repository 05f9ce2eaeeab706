// Faults of the network that only a system can make: routes, ports and names, in a network of the test's own (Linux, `unshare`).

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inNamespace, runApart } = require('./apart.js');

test(
  'no way to an address, and one that is forbidden, have the codes of the system',
  inNamespace,
  async () => {
    const setup = 'ip route add prohibit 192.0.2.1 && ip route add unreachable 192.0.2.2';
    const codes = await runApart(setup, async () => {
      const { downloadAll } = require('manyfetch');
      const urls = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '[2001:db8::1]'].map(
        (host) => `http://${host}/`,
      );
      const results = await downloadAll(urls, { retry: false });
      console.log(JSON.stringify(results.map(({ error }) => error.code)));
    });
    assert.deepEqual(codes, ['EACCES', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETUNREACH']);
  },
);

test('where there are too few ports to connect from, items wait for one', inNamespace, async () => {
  const setup = 'echo 40000 40031 > /proc/sys/net/ipv4/ip_local_port_range';
  const { codes, later } = await runApart(setup, async () => {
    const { downloadAll } = require('manyfetch');
    const server = require('node:http').createServer((request, response) => {
      if (request.url === '/now') return response.end('now');
      setTimeout(() => response.end(), 50);
    });
    server.listen(30_000, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:30000';
      const options = { concurrency: 50, concurrencyPerHost: 50, retry: false };
      const results = await downloadAll(new Array(40).fill(url), options);
      const codes = new Set(results.map(({ error }) => error?.code ?? 'fine'));
      const [later] = await downloadAll([`${url}/now`]);
      console.log(JSON.stringify({ codes: [...codes].sort(), later: later.text() }));
      server.closeAllConnections();
      server.close();
    });
  });
  assert.equal(later, 'now');
  // What found no port waited for one, and used up no try of the caller's.
  assert.deepEqual(codes, ['fine']);
});

test(
  'a network that goes down in the middle settles every item within its limits',
  inNamespace,
  async () => {
    const outcomes = await runApart('true', async () => {
      const { downloadAll } = require('manyfetch');
      const { spawnSync } = require('node:child_process');
      let requests = 0;
      const server = require('node:http').createServer((_request, response) => {
        requests += 1;
        if (requests <= 20) return response.end('before');
        if (requests === 21) spawnSync('ip', ['link', 'set', 'lo', 'down']);
      });
      server.listen(0, '127.0.0.1', async () => {
        const url = `http://127.0.0.1:${server.address().port}`;
        const timeout = { connect: 500, response: 500 };
        const results = await downloadAll(new Array(100).fill(url), { timeout, retry: false });
        const outcomes = results.map(({ error }) => error?.code ?? 'fine');
        console.log(JSON.stringify([outcomes.length, [...new Set(outcomes)].sort()]));
        process.exit();
      });
    });
    const [length, codes] = outcomes;
    assert.equal(length, 100);
    assert.ok(codes.includes('fine') && codes.length > 1, String(codes));
    for (const code of codes) {
      assert.match(
        code,
        /^(fine|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENETDOWN|ERR_HOST_UNAVAILABLE)$/,
      );
    }
  },
);

test(
  'a name server that is silent holds nobody up for longer than the limit, and starts few threads',
  inNamespace,
  async () => {
    // Its address is where nobody answers: the program itself listens there, and says nothing.
    const file = '/etc/resolv.conf';
    const setup = `mount -t tmpfs none /mnt && echo nameserver 127.0.0.1 > /mnt/conf && mount --bind /mnt/conf ${file}`;
    const { codes, threads, fine, cut } = await runApart(setup, async () => {
      const fs = require('node:fs');
      const socket = require('node:dgram').createSocket('udp4');
      socket.bind(53, '127.0.0.1');
      const { downloadAll } = require('manyfetch');
      const server = require('node:http').createServer((_request, response) =>
        response.end('fine'),
      );
      server.listen(0, '127.0.0.1', async () => {
        const count = () => fs.readdirSync('/proc/self/task').length;
        const before = count();
        const names = Array.from({ length: 500 }, (_, i) => `http://name-${i}.test/`);
        const urls = [...names, `http://127.0.0.1:${server.address().port}/`];
        const options = { concurrency: 600, retry: false, timeout: { total: 700 } };
        const results = await downloadAll(urls, options);
        const threads = count() - before;
        const codes = new Set(results.slice(0, -1).map(({ error }) => error.code));
        const run = downloadAll(['http://other.test/'], { signal: AbortSignal.timeout(50) });
        const cut = await run.catch((reason) => reason.name);
        console.log(
          JSON.stringify({ codes: [...codes], threads, fine: results.at(-1).text(), cut }),
        );
        // The look-ups are still under way, and cannot be cancelled.
        process.exit();
      });
    });
    assert.deepEqual([codes, fine, cut], [['ETIMEDOUT'], 'fine', 'TimeoutError']);
    assert.ok(threads <= require('node:os').availableParallelism() + 24 + 6, `${threads} threads`);
  },
);
