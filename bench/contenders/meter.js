// What a piece of work took: time, and CPU of the process and of its main thread.

import { readFileSync } from 'node:fs';

/** Runs from now on. `clock()` gives the milliseconds so far, `stop()` the figures. */
export function startMeter() {
  const cpu = process.cpuUsage();
  const main = mainThreadSeconds();
  const start = performance.now();
  const clock = () => performance.now() - start;
  const stop = () => {
    const seconds = clock() / 1000;
    return {
      seconds,
      cpuSeconds: secondsOf(process.cpuUsage()),
      workCpuSeconds: secondsOf(process.cpuUsage(cpu)),
      mainThreadCpuSeconds: main === undefined ? undefined : mainThreadSeconds() - main,
      peakRssBytes: peakRssBytes(),
    };
  };
  return { clock, stop };
}

function secondsOf({ user, system }) {
  return (user + system) / 1e6;
}

/** CPU time of the main thread, whose id is that of the process; undefined where the system keeps no account of it. */
function mainThreadSeconds() {
  try {
    const account = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
    return Number(account.split(' ')[0]) / 1e9;
  } catch {
    return undefined;
  }
}

/** On Linux getrusage counts from before exec and so reports the harness's own peak; /proc does not. */
function peakRssBytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}
