// What tests of loops over results have in common.

'use strict';

/** All results that are left in `run`. */
async function resultsOf(run) {
  const results = [];
  for await (const result of run) results.push(result);
  return results;
}

/** A promise, and what keeps it. */
function gate() {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** The list of `items`, a generator that counts: how many were `pulled`, and how often it was `closed`. */
function watched(items) {
  const seen = { pulled: 0, closed: 0 };
  seen.list = (function* () {
    try {
      for (const item of items) {
        seen.pulled += 1;
        yield item;
      }
    } finally {
      seen.closed += 1;
    }
  })();
  return seen;
}

/** The same as an async generator. */
function watchedAsync(items) {
  const seen = { pulled: 0, closed: 0 };
  seen.list = (async function* () {
    try {
      for await (const item of items) {
        seen.pulled += 1;
        yield item;
      }
    } finally {
      seen.closed += 1;
    }
  })();
  return seen;
}

/** `url` without end, with a path each. */
function* endless(url) {
  for (let i = 0; ; i++) yield `${url}/${i}`;
}

module.exports = { endless, gate, resultsOf, watched, watchedAsync };
