// What came of the links, counted: those that refused HEAD once, by what they answered in the end.

'use strict';

class Tally {
  done = 0;
  failed = 0;
  /** Those that an earlier run had done. */
  before = 0;
  statuses = {};
  errors = {};

  add({ ok, status, error, fromJournal }) {
    this.done += 1;
    if (!ok) this.failed += 1;
    if (fromJournal) this.before += 1;
    if (status !== 0) this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (error !== undefined) this.errors[error.code] = (this.errors[error.code] ?? 0) + 1;
  }
}

module.exports = { Tally };
