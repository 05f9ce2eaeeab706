// The guard of private networks where the way begins in public: redirects, names that change, and connections that are kept.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inNamespace, runApart } = require('./apart.js');

/** This machine has two public addresses, and one that is not. */
const ADDRESSES = [
  'ip addr add 8.8.8.8/32 dev lo',
  'ip addr add 9.9.9.9/32 dev lo',
  'ip addr add 10.0.0.1/32 dev lo',
].join(' && ');

const NAME_SERVER = [
  'mount -t tmpfs none /mnt',
  'echo nameserver 127.0.0.1 > /mnt/conf',
  'mount --bind /mnt/conf /etc/resolv.conf',
].join(' && ');

test('a public address passes, and no redirect from there to another', inNamespace, async () => {
  const { open, guarded, heard, targets } = await runApart(ADDRESSES, async () => {
    const http = require('node:http');
    const { downloadAll } = require('manyfetch');
    const heard = [];
    const answer = (request, response) => {
      const to = new URL(request.url, 'http://x').searchParams.get('to');
      if (to === null) heard.push(request.headers.host.replace(/:\d+$/, ''));
      if (to === null) return response.end('secret');
      response.writeHead(302, { location: to }).end();
    };
    const server = http.createServer(answer).listen(0, '::', async () => {
      const { port } = server.address();
      const hosts = ['127.0.0.1', '10.0.0.1', '0.0.0.0', 'localhost', 'mixed.test'];
      const targets = [...hosts, '[::1]', '[::ffff:127.0.0.1]', '0x7f.1', '9.9.9.9', 'public.test'];
      const urls = targets.map((host) => {
        const to = encodeURIComponent(`http://${host}:${port}/`);
        return `http://8.8.8.8:${port}/?to=${to}`;
      });
      const overrides = { 'public.test': '9.9.9.9', 'mixed.test': ['9.9.9.9', '127.0.0.1'] };
      const options = { dns: { overrides }, proxy: false };
      const outcome = ({ error, redirects }) => [error?.code ?? 'fine', redirects.length];
      const open = (await downloadAll(urls, options)).map(outcome);
      heard.length = 0;
      const results = await downloadAll(urls, { ...options, denyPrivateNetworks: true });
      const guarded = results.map(outcome);
      console.log(JSON.stringify({ open, guarded, heard: heard.sort(), targets }));
      process.exit();
    });
  });
  assert.deepEqual(open, Array(targets.length).fill(['fine', 1]));
  const isPublic = (host) => ['9.9.9.9', 'public.test'].includes(host);
  assert.deepEqual(
    guarded.map(([code]) => code),
    targets.map((host) => (isPublic(host) ? 'fine' : 'ERR_ADDRESS_DENIED')),
  );
  assert.deepEqual(heard, targets.filter(isPublic));
});

test(
  'a name that is public at first and private then is looked at each time',
  inNamespace,
  async () => {
    const setup = `${ADDRESSES} && ${NAME_SERVER}`;
    const { outcomes, accepted } = await runApart(setup, async () => {
      const http = require('node:http');
      const { Client } = require('manyfetch');
      const answers = { now: [8, 8, 8, 8] };
      // Just enough of DNS: the question comes back, with one address of IPv4 where one is asked for.
      const names = require('node:dgram').createSocket('udp4');
      names.on('message', (question, { port, address }) => {
        const end = question.indexOf(0, 12) + 5;
        const isIpv4 = question.readUInt16BE(end - 4) === 1;
        const head = Buffer.from(question.subarray(0, end));
        head.writeUInt16BE(0x8180, 2);
        head.set([0, isIpv4 ? 1 : 0, 0, 0, 0, 0], 6);
        const answer = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...answers.now];
        names.send(Buffer.concat([head, Buffer.from(isIpv4 ? answer : [])]), port, address);
      });
      await new Promise((resolve) => names.bind(53, '127.0.0.1', resolve));
      const accepted = [];
      const server = http.createServer((_request, response) => response.end('fine'));
      server.on('connection', ({ localAddress }) => accepted.push(localAddress));
      server.listen(0, '0.0.0.0', async () => {
        const options = { denyPrivateNetworks: true, proxy: false, dns: { ttl: 0 }, retry: false };
        const [fresh, kept] = [new Client({ ...options, keepAlive: 0 }), new Client(options)];
        const outcomes = [];
        const ask = async (client) => {
          const [result] = await client.downloadAll([`http://a.test:${server.address().port}/`]);
          outcomes.push([result.error?.code ?? result.text(), result.remoteAddress ?? 'none']);
        };
        for (const client of [fresh, kept]) await ask(client);
        answers.now = [127, 0, 0, 1];
        for (const client of [fresh, kept]) await ask(client);
        answers.now = [9, 9, 9, 9];
        await ask(fresh);
        console.log(JSON.stringify({ outcomes, accepted }));
        process.exit();
      });
    });
    assert.deepEqual(outcomes, [
      ['fine', '8.8.8.8'],
      ['fine', '8.8.8.8'],
      ['ERR_ADDRESS_DENIED', 'none'],
      // The connection to the public address, which is kept.
      ['fine', '8.8.8.8'],
      ['fine', '9.9.9.9'],
    ]);
    assert.deepEqual(accepted, ['8.8.8.8', '8.8.8.8', '9.9.9.9']);
  },
);
