// The end of the process, wherever a run has come to: it ends as it would without one, at once.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { startInChild } = require('./child.js');
const { PATIENT, PHASES } = require('./phases.js');

/** Without these, something of the phases would have to pass first: a limit of time, a back-off, a pause. */
const AT_ONCE = 10_000;
const QUIET = { code: 0, signal: null, stdout: '', stderr: '' };
const onPosix = { skip: process.platform === 'win32' && 'there are no signals' };

/** Begins a run in a process of its own, which is told when the run is in `phase`. Gives how that process ended. */
async function interrupt(t, phase, main) {
  const { urls, options, reached } = await PHASES[phase](t);
  const { child, ended } = startInChild(main, { urls, options: { ...PATIENT, ...options } });
  await reached;
  const toldAt = performance.now();
  child.stdin.end('now');
  const end = await ended;
  assert.ok(performance.now() - toldAt < AT_ONCE);
  return end;
}

/** Ways to end: what a program does when it is told, and how its process ends then. */
const ENDS = {
  'process.exit() ends the process with its code': {
    main: ({ urls, options }) => {
      const { downloadAll } = require('manyfetch');
      downloadAll(urls, options);
      process.stdin.once('data', () => process.exit(7));
    },
    end: { ...QUIET, code: 7 },
  },
  'an uncaught exception ends the process': {
    main: ({ urls, options }) => {
      const { downloadAll } = require('manyfetch');
      downloadAll(urls, options);
      process.stdin.once('data', () => {
        throw new Error('mine');
      });
    },
    end: { ...QUIET, code: 1, stderr: /^Error: mine$/m },
  },
  'an abort leaves nothing that keeps the process alive': {
    main: ({ urls, options }) => {
      const { downloadAll } = require('manyfetch');
      const controller = new AbortController();
      downloadAll(urls, { ...options, signal: controller.signal }).catch((reason) => {
        const left = process.getActiveResourcesInfo();
        console.log(
          reason,
          left.filter((resource) => !/^(Pipe|File|TTY)/.test(resource)),
        );
      });
      process.stdin.once('data', () => controller.abort('enough'));
    },
    end: { ...QUIET, stdout: 'enough []\n' },
  },
};

if (process.platform !== 'win32') {
  ENDS['a signal ends the process'] = {
    main: ({ urls, options }) => {
      const { downloadAll } = require('manyfetch');
      downloadAll(urls, options);
      process.stdin.once('data', () => process.kill(process.pid, 'SIGTERM'));
    },
    end: { ...QUIET, code: null, signal: 'SIGTERM' },
  };
}

for (const phase of Object.keys(PHASES)) {
  test(`the process ends as ever ${phase}`, async (t) => {
    const ending = Object.entries(ENDS).map(async ([name, { main, end }]) => {
      const { stderr, ...rest } = await interrupt(t, phase, main);
      assert.deepEqual({ ...rest, stderr: '' }, { ...end, stderr: '' }, name);
      assert.match(stderr, end.stderr === '' ? /^$/ : end.stderr, name);
    });
    await Promise.all(ending);
  });
}

test('every signal that ends a process ends it as ever', onPosix, async (t) => {
  for (const name of ['SIGINT', 'SIGHUP', 'SIGTERM', 'SIGUSR2', 'SIGKILL']) {
    const { urls, options, reached } = await PHASES['in the body'](t);
    const { child, ended } = startInChild(
      ({ urls, options }) => require('manyfetch').downloadAll(urls, options),
      { urls, options: { ...PATIENT, ...options } },
    );
    await reached;
    child.kill(name);
    assert.deepEqual(await ended, { ...QUIET, code: null, signal: name });
  }
});

test(
  'a handler of the program for a signal is called in the middle of a run',
  onPosix,
  async (t) => {
    const end = await interrupt(t, 'in the body', ({ urls, options }) => {
      const { downloadAll } = require('manyfetch');
      const controller = new AbortController();
      process.once('SIGTERM', (name) => controller.abort(name));
      downloadAll(urls, { ...options, signal: controller.signal }).catch(console.log);
      process.stdin.once('data', () => process.kill(process.pid, 'SIGTERM'));
    });
    assert.deepEqual(end, { ...QUIET, stdout: 'SIGTERM\n' });
  },
);
