// The journal of a folder: beside the files, under a name that no URL leads to. It stays as long as there is something to
// continue.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { downloadEach } = require('../../index.js');
const { Misuse } = require('./misuse.js');

const NAME = '.manyfetch.ndjson';

function journalIn(dir) {
  return path.join(dir, NAME);
}

/** Whether an item's `file` would be the journal; also where capitals and small letters are the same. */
function isJournal(file) {
  return path.normalize(file).toLowerCase() === NAME;
}

/**
 * Makes way for a run that does not continue what an earlier one with this `journal` began. Throws Misuse where nobody said what
 * is to become of that.
 */
async function beginAnew(journal, { ifExists }) {
  if (!fs.existsSync(journal)) return;
  if (ifExists === undefined) {
    const dir = path.dirname(journal);
    throw new Misuse(
      `an earlier run with '${dir}' has not done everything: -C continues it, --if-exists replace begins anew`,
    );
  }
  await refuseBusy(journal);
  fs.rmSync(journal, { force: true });
}

/** A run of nothing finds out whether another one is using the journal. */
async function refuseBusy(journal) {
  try {
    await downloadEach([], { journal }).next();
  } catch (error) {
    // It is of another list than an empty one, of course.
    if (error.code !== 'ERR_JOURNAL_MISMATCH') throw error;
  }
}

/** Everything is done: there is nothing to continue. */
function removeJournal(journal) {
  fs.rmSync(journal, { force: true });
}

module.exports = { beginAnew, isJournal, journalIn, removeJournal };
