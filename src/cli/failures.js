// The file of --failed: what is not done, as items that are a list again. Written as it happens, so that nothing of it is lost
// however the command ends.

'use strict';

const fs = require('node:fs');
const { visibleJson } = require('./escape.js');
const { Misuse } = require('./misuse.js');

class Failures {
  count = 0;
  #file;

  /** In `file`, which is made, or emptied. Throws Misuse if it cannot be, and where it is one of `sources`. */
  constructor(file, sources) {
    refuseSources(file, sources);
    try {
      // An item may have credentials.
      this.#file = fs.openSync(file, 'w', 0o600);
    } catch (error) {
      throw new Misuse(`--failed: ${file} cannot be written (${error.code})`);
    }
  }

  /** A line of which no item could be made stays as it was, to be mended. */
  add({ item, text }) {
    fs.writeSync(this.#file, `${text ?? visibleJson(item)}\n`);
    this.count += 1;
  }
}

function refuseSources(file, sources) {
  const there = identity(file);
  const isSource = sources.some(
    (source) => source.file !== undefined && identity(source.file) === there,
  );
  if (there !== undefined && isSource) {
    throw new Misuse(`--failed: ${file} is the list itself, and would be emptied`);
  }
}

/** What tells a file by whatever path. */
function identity(file) {
  const stats = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

module.exports = { Failures };
