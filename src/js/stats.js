// The numbers of a run. What costs most in them, the hosts, is made when it is read.

'use strict';

/** The numbers of a run's hosts: those of now, or, once it is over, those that it ended with. */
class Hosts {
  #native;
  #text;

  constructor(native) {
    this.#native = native;
  }

  read() {
    return JSON.parse(this.#text ?? this.#native.hosts());
  }

  /** The run is over. */
  settle() {
    this.#text = this.#native.hosts();
    this.#native = undefined;
  }
}

/** What the native `run` has counted so far, and `hosts` will have when they are asked for. */
function readStats(run, hosts) {
  const { advice, ...stats } = JSON.parse(run.stats());
  let read;
  const get = () => {
    read ??= hosts.read();
    return read;
  };
  Object.defineProperty(stats, 'hosts', { get, enumerable: true, configurable: true });
  return Object.assign(stats, { advice });
}

module.exports = { Hosts, readStats };
