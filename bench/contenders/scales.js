// How much memory is in use, without what is garbage.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function residentBytes() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage.rss();
}
