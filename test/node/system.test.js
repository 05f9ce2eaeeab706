// The process's own limits and belongings: threads, files, signal handlers, other processes.

'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const { runInChild, startProgram } = require('./child.js');
const { serve } = require('./server.js');

const ROOT = path.join(__dirname, '..', '..');
const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };
const onLinux = { skip: process.platform !== 'linux' && 'reads /proc' };
const onPosix = { skip: process.platform === 'win32' && 'there is no ulimit' };

/** One a core, and as many as may wait for names. */
const MAX_THREADS = os.availableParallelism() + 24;

/** How many threads a process has. A few of Node's own come and go. */
const SPARE = 6;

test('20 clients and 10 workers have no more threads of ours than one call', onLinux, async (t) => {
  const { url } = await serve(t);
  const { stdout, stderr } = await runInChild(async (url) => {
    const fs = require('node:fs');
    const { Worker } = require('node:worker_threads');
    const ours = () =>
      fs.readdirSync('/proc/self/task').filter((id) => {
        const name = fs.readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim();
        return name === 'manyfetch';
      }).length;
    const { Client, downloadAll } = require('manyfetch');
    const counts = [ours()];
    await downloadAll([url]);
    counts.push(ours());
    const clients = Array.from({ length: 20 }, () => new Client());
    await Promise.all(clients.map((client) => client.downloadAll([url])));
    counts.push(ours());
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      require('manyfetch').downloadAll([workerData]).then(([result]) => parentPort.postMessage(result.text()));
      parentPort.on('message', () => process.exit());`;
    const workers = Array.from(
      { length: 10 },
      () => new Worker(source, { eval: true, workerData: url }),
    );
    await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
    counts.push(ours());
    await Promise.all(workers.map((worker) => worker.terminate()));
    console.log(JSON.stringify(counts));
  }, url);
  assert.equal(stderr, '');
  const cores = os.availableParallelism();
  assert.deepEqual(JSON.parse(stdout), [0, cores, cores, cores]);
});

test(
  'however many names are looked up, a bounded few threads wait for them, and none of Node’s',
  onLinux,
  async () => {
    const { stdout } = await runInChild(async () => {
      const fs = require('node:fs');
      const { downloadAll } = require('manyfetch');
      const count = () => fs.readdirSync('/proc/self/task').length;
      const before = count();
      const urls = Array.from({ length: 1_000 }, (_, i) => `http://name-${i}.invalid/`);
      let peak = before;
      const look = setInterval(() => {
        peak = Math.max(peak, count());
      }, 1);
      const controller = new AbortController();
      const options = { concurrency: 1_000, retry: false, signal: controller.signal };
      const run = downloadAll(urls, options).catch(() => {});
      // Where no name server answers, this would take minutes.
      setTimeout(() => controller.abort(), 1_000).unref();
      // Node reads files on its own threads, of which there are few.
      await Promise.all(Array.from({ length: 4 }, () => fs.promises.readFile(process.execPath)));
      await run;
      clearInterval(look);
      console.log(peak - before);
      process.exit();
    });
    assert.ok(stdout !== '' && Number(stdout) <= MAX_THREADS + SPARE, `${stdout} threads`);
  },
);

/** Fetches `urls` in a process that may have `files` files, which goes on opening one of its own meanwhile if `opens`. */
function fetchWithFiles(files, urls, { opens, ...options }) {
  const main = `(async () => {
    const fs = require('node:fs');
    const { downloadAll } = require('manyfetch');
    const { urls, opens, options } = JSON.parse(fs.readFileSync(0, 'utf8'));
    let opened = 0;
    let finished = false;
    const use = async () => {
      while (!finished) {
        const file = await fs.promises.open(process.execPath);
        await file.close();
        opened += 1;
      }
    };
    const using = opens ? use() : undefined;
    const results = await downloadAll(urls, options);
    finished = true;
    await using;
    const right = results.every((result) => result.error === undefined && result.text() === new URL(result.url).pathname);
    fs.closeSync(fs.openSync(process.execPath));
    console.log(right, opened > 0 === opens, JSON.stringify(results.stats.errors));
  })()`;
  const limited = `ulimit -n ${files} && exec "$0" -e "$1"`;
  const { child, ended } = startProgram('sh', ['-c', limited, process.execPath, main]);
  child.stdin.end(JSON.stringify({ urls, opens, options }));
  return ended;
}

test(
  'with 64 files, 5,000 items at 500 at a time succeed, and files of the program open',
  onPosix,
  async (t) => {
    const server = await serve(t);
    const urls = Array.from({ length: 5_000 }, (_, i) => `${server.url}/${i}`);
    const options = { concurrency: 500, concurrencyPerHost: 500, retry: false, opens: true };
    const ended = await fetchWithFiles(64, urls, options);
    assert.deepEqual(ended, { ...QUIET, stdout: 'true true {}\n' });
  },
);

test(
  'with 128 files, 3,000 hosts are fetched whose connections would all be kept',
  onLinux,
  async (t) => {
    const server = http.createServer((request, response) => response.end(request.url));
    t.after(() => server.close());
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address();
    const urls = Array.from(
      { length: 3_000 },
      (_, i) => `http://127.1.${i >> 8}.${i & 255}:${port}/${i}`,
    );
    const ended = await fetchWithFiles(128, urls, { retry: false, opens: false });
    assert.deepEqual(ended, { ...QUIET, stdout: 'true true {}\n' });
  },
);

test('without threads a call fails, and once there can be any it works', onLinux, async (t) => {
  // The limit does not hold for root, who may become nobody, for whom this checkout has to be readable.
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const load = `require(${JSON.stringify(ROOT)})`;
  const tried = spawnSync('setpriv', [...asNobody, process.execPath, '-e', load]);
  if (tried.status !== 0) return t.skip('it takes root, and setpriv');
  const { url } = await serve(t);
  const named = url.replace('127.0.0.1', 'localhost');
  const main = `(async () => {
    const { downloadAll } = ${load};
    const lines = require('node:readline').createInterface(process.stdin)[Symbol.asyncIterator]();
    const told = (word) => (console.log(word), lines.next());
    await told('start');
    const error = await downloadAll(['${url}']).catch((error) => error);
    await told(error.name + ' ' + error.code + ' ' + /thread/.test(error.message));
    const [fine] = await downloadAll(['${url}/fine']);
    await told(fine.text());
    const options = { retry: false, timeout: { connect: 300 } };
    const [unnamed] = await downloadAll(['${named}'], options);
    await told(unnamed.error.code);
    const [again] = await downloadAll(['${named}/again']);
    console.log(again.text());
    process.exit();
  })()`;
  const { child, ended } = startProgram('setpriv', [...asNobody, process.execPath, '-e', main]);
  const said = [];
  const setLimit = (limit) => {
    const args = ['--pid', String(child.pid), `--nproc=${limit}:`];
    assert.equal(spawnSync('setpriv', [...asNobody, 'prlimit', ...args]).status, 0);
  };
  const limits = ['1', '1000', '1', '1000'];
  for await (const line of readline.createInterface({ input: child.stdout })) {
    said.push(line);
    const limit = limits.shift();
    if (limit) setLimit(limit);
    child.stdin.write('go on\n');
  }
  const { code, stderr } = await ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.deepEqual(said, ['start', 'Error ERR_INTERNAL true', '/fine', 'ERR_INTERNAL', '/again']);
});

test('no signal handler is installed, by importing or by running', onLinux, async (t) => {
  const { url } = await serve(t);
  const outcome = await runInChild(async (url) => {
    const look = () =>
      require('node:fs')
        .readFileSync('/proc/self/status', 'latin1')
        .match(/^Sig(Blk|Ign|Cgt).*/gm)
        .join();
    const before = look();
    const { downloadAll } = require('manyfetch');
    const imported = look();
    await downloadAll([url, url.replace('http:', 'https:')], { retry: false });
    console.log(imported === before, look() === before);
  }, url);
  assert.deepEqual(outcome, { ...QUIET, stdout: 'true true\n' });
});

test(
  'importing makes no network call, reads nothing of the user’s and sets no handler',
  onLinux,
  (t) => {
    const calls = 'trace=network,openat,rt_sigaction,clone,clone3';
    const trace = (source) =>
      spawnSync('strace', ['-f', '-e', calls, process.execPath, '-e', source], {
        cwd: ROOT,
        encoding: 'utf8',
      });
    const { error, status, stderr } = trace("process._rawDebug('from here'); require('manyfetch')");
    if (error || status !== 0) return t.skip('there is no strace');
    const after = stderr.slice(stderr.indexOf('from here'));
    assert.doesNotMatch(after, /\b(socket|connect|bind)\(/);
    // Node itself puts the handlers back when it ends.
    const untilTheEnd = after.slice(0, after.lastIndexOf('openat('));
    assert.doesNotMatch(untilTheEnd, /rt_sigaction\((?!.*NULL,)/);
    const opened = [...after.matchAll(/openat\([^"]*"([^"]+)".*= \d/g)].map(([, file]) => file);
    const others = opened.filter(
      (file) => !file.startsWith(ROOT) && !/^\/(etc\/ld\.so|lib|usr\/lib|proc|sys|dev)/.test(file),
    );
    assert.deepEqual(others, []);
  },
);

test('processes that are forked after a run, and a cluster, run it too', async (t) => {
  const { url } = await serve(t);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fork-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'main.js');
  fs.writeFileSync(
    file,
    `const cluster = require('node:cluster');
    const { fork } = require('node:child_process');
    const { downloadAll } = require(${JSON.stringify(ROOT)});
    const run = () => downloadAll(['${url}/a', '${url}/b']).then((results) => results.map((r) => r.text()).join());
    if (process.send) run().then((text) => process.send(text, () => process.disconnect()));
    else run().then(async (text) => {
      const children = [fork(__filename), ...Array.from({ length: 4 }, () => cluster.fork())];
      const said = await Promise.all(children.map((child) => new Promise((done) => child.once('message', done))));
      console.log([text, ...said].join(' '));
    });`,
  );
  const { ended } = startProgram(process.execPath, [file]);
  assert.deepEqual(await ended, { ...QUIET, stdout: `${new Array(6).fill('/a,/b').join(' ')}\n` });
});

test('two copies of the package run side by side, each with what is its own', async (t) => {
  const server = await serve(t);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'copy-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const part of ['index.js', 'package.json', 'src/js', 'binding'])
    fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  const outcome = await runInChild(
    async ({ url, folder }) => {
      const both = [require('manyfetch'), require(folder)];
      for (let round = 0; round < 2; round++) {
        const runs = both.map(({ downloadAll }) => downloadAll([url, '']));
        for (const [i, [fine, bad]] of (await Promise.all(runs)).entries()) {
          const own = both.map(({ DownloadError }) => bad.error instanceof DownloadError);
          console.log(i, fine.text(), own.join());
        }
      }
    },
    { url: server.url, folder },
  );
  const lines = '0 / true,false\n1 / false,true\n';
  assert.deepEqual(outcome, { ...QUIET, stdout: lines + lines });
  // Connections are not shared: each copy has a client of its own.
  assert.equal(server.accepted, 2);
});
