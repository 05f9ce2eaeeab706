// Resident memory of a contender over time, seen from outside: the process and all that it started. Linux only, where /proc
// tells; elsewhere there is none.

import { readdirSync, readFileSync } from 'node:fs';

const MOST_POINTS = 500;

/**
 * Looks every `everyMs` milliseconds from now on; without that, never.
 * @returns {{stop: () => [number, number][] | undefined}} the points: milliseconds from the start, bytes
 */
export function watchMemory(pid, everyMs) {
  if (process.platform !== 'linux' || !pid || !everyMs) return { stop: () => undefined };
  const points = [];
  const started = performance.now();
  const look = () => {
    const bytes = residentBytes(pid);
    if (bytes > 0) points.push([Math.round(performance.now() - started), bytes]);
  };
  const timer = setInterval(look, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return thinned(points, MOST_POINTS);
    },
  };
}

/** Of each group of neighbours the highest stays: thinning must not hide a peak. Pure. */
export function thinned(points, most) {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return points;
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  );
  return groups.map((group) => group.reduce((top, point) => (point[1] > top[1] ? point : top)));
}

/** Of a process and of its children; 0 when it is gone. */
function residentBytes(pid) {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const children = childrenOf(pid).map(residentBytes);
    return children.reduce((sum, bytes) => sum + bytes, Number(kilobytes ?? 0) * 1024);
  } catch {
    return 0;
  }
}

/** Each thread has a list of the processes that it started. */
function childrenOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) => childrenOfThread(`/proc/${pid}/task/${thread}/children`));
}

function childrenOfThread(file) {
  try {
    return readFileSync(file, 'utf8').split(' ').filter(Boolean);
  } catch {
    return []; // a thread that ended in between
  }
}
