// The numbers of a run. What costs most in them, the hosts, is made when it is read.

'use strict';

/** What the native `run` has counted so far. `readHosts` reads the numbers of its hosts. */
function readStats(run, readHosts) {
  let hosts;
  const get = () => {
    hosts ??= readHosts();
    return hosts;
  };
  const { advice, ...stats } = JSON.parse(run.stats());
  Object.defineProperty(stats, 'hosts', { get, enumerable: true, configurable: true });
  return Object.assign(stats, { advice });
}

module.exports = { readStats };
