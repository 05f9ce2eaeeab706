import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecure, Tally, urlOf } from '../contenders/many.js';
import { runContender } from '../contender.js';

const many = new URL('../contenders/many.js', import.meta.url);
const urls = { base: 'http://a.test', shortest: 10, lengths: 3 };

/** Downloads nothing: its bodies are as long as their addresses say. */
const made = `
  let [clients, most, inFlight] = [0, 0, 0];
  const seen = [];
  const connect = () => {
    clients += 1;
    return async ({ index, url }, tally) => {
      seen.push(url);
      most = Math.max(most, ++inFlight);
      await new Promise(setImmediate);
      inFlight -= 1;
      const body = Buffer.alloc(Number(/\\/bytes\\/(\\d+)/.exec(url)[1]));
      tally.add(index, 200, body.length, body);
    };
  };`;

function contender(more = '{ tell: () => ({ clients, most, seen }) }') {
  const code = `import { byWorkers, contendMany } from '${many}';
    ${made}
    await contendMany('made 1.0.0', byWorkers(connect), ${more});`;
  return [process.execPath, '--input-type=module', '-e', code];
}

function answered(scenario, command = contender()) {
  const whole = { suite: 'test', urls, requests: 7, concurrency: 2, options: {}, ...scenario };
  return runContender(command, whole, { env: process.env });
}

test('requests go to one origin, or each to a host of its own', () => {
  assert.equal(urlOf(urls, 4), 'http://a.test/bytes/11?4');
  const hosts = { hosts: 8443, shortest: 10, lengths: 3 };
  assert.equal(urlOf(hosts, 0), 'https://127.1.0.0:8443/bytes/10?0');
  assert.equal(urlOf(hosts, 257), 'https://127.1.1.1:8443/bytes/12?257');
  assert.equal(urlOf(hosts, 65_535), 'https://127.1.255.255:8443/bytes/10?65535');
});

test('hosts of their own are reached over TLS, one origin as its address says', () => {
  assert.equal(isSecure({ urls: { hosts: 8443 } }), true);
  assert.equal(isSecure({ urls: { base: 'https://a.test' } }), true);
  assert.equal(isSecure({ urls }), false);
});

test('warm requests go first, over the same client, and are not in the tally', async () => {
  const { answer } = await answered({ warm: 3 });
  assert.deepEqual(answer.seen.slice(0, 3), [
    'http://a.test/bytes/10?w0',
    'http://a.test/bytes/11?w1',
    'http://a.test/bytes/12?w2',
  ]);
  assert.equal(answer.seen.length, 10);
  assert.equal(answer.clients, 1);
  const { responses, statuses, bytes } = answer.tally;
  assert.deepEqual(
    { responses, statuses, bytes },
    { responses: 7, statuses: { 200: 7 }, bytes: 76 },
  );
});

test('nothing is warmed up unless the scenario asks for it', async () => {
  const { answer } = await answered({});
  assert.equal(answer.seen.length, 7);
  assert.equal(answer.clients, 1);
});

test('as many workers run at once as may be in flight', async () => {
  assert.equal((await answered({ concurrency: 3 })).answer.most, 3);
});

test('a report has the time and the CPU of the measured requests, and says what ran', async () => {
  const { answer } = await answered({ warm: 3 });
  assert.ok(answer.seconds > 0);
  assert.ok(answer.workCpuSeconds > 0 && answer.workCpuSeconds < answer.cpuSeconds);
  assert.deepEqual(answer.versions, {
    runtime: `node ${process.versions.node}`,
    library: 'made 1.0.0',
  });
});

test('the main thread has its CPU told apart', { skip: process.platform !== 'linux' }, async () => {
  const { answer } = await answered({});
  assert.ok(answer.mainThreadCpuSeconds >= 0);
});

test('the timer is watched where the scenario asks for it, and costs nothing elsewhere', async () => {
  assert.equal((await answered({})).answer.timerLateMs, undefined);
  assert.notEqual((await answered({ lateness: true })).answer.timerLateMs, undefined);
});

test('bodies are held if they are to be kept, and are no part of the tally', () => {
  const [held, dropped] = [new Tally(true), new Tally(false)];
  const body = Buffer.alloc(10);
  for (const tally of [held, dropped]) tally.add(0, 200, body.length, body);
  assert.deepEqual(held.kept, [body]);
  assert.equal(dropped.kept, undefined);
  assert.equal(JSON.stringify(held), JSON.stringify(dropped));
});

test('a contender that cannot speak what is asked for prints nothing and says so', async () => {
  const { failure } = await answered({ http: '2' });
  assert.match(failure, /^exit 1 without an answer: Error: made 1\.0\.0 cannot be held to HTTP\/2/);
  const { answer } = await answered({ http: '2' }, contender(`{ speaks: ['1.1', '2'] }`));
  assert.equal(answer.tally.responses, 7);
});
