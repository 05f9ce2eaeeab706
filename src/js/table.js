// Reads an object against a table of the names that it may have, each with what reads its value. Fills in no default: what is
// not given stays away.

'use strict';

const { invalidType, show, wrongOption } = require('./errors.js');

/** Reads each own property once. What is inherited, or named by a symbol, is no option. */
function readTable(known, given, name) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidType(name, 'an object', given);
  }
  const read = { __proto__: null };
  for (const key of Object.keys(given)) {
    const path = /^[\w$]+$/.test(key) ? `${name}.${key}` : `${name}[${show(key)}]`;
    if (!Object.hasOwn(known, key)) throw unknown(path, key, Object.keys(known));
    const value = given[key];
    if (value !== undefined) read[key] = known[key](value, path);
  }
  return read;
}

/** What reads a table within a table. */
function table(known) {
  return (value, name) => readTable(known, value, name);
}

function unknown(path, key, names) {
  const { name, changes } = nearest(key, names);
  const isNear = changes <= (key.length > 3 ? 2 : 1);
  const hint = isNear ? `Did you mean '${name}'?` : `Known are: ${names.join(', ')}`;
  return wrongOption(`'${path}' is not an option. ${hint}`);
}

/** The one of `names` that is most like `key`, and how many letters tell them apart. */
function nearest(key, names) {
  const lower = key.toLowerCase();
  const [first] = names
    .map((name) => ({ name, changes: distance(name.toLowerCase(), lower) }))
    .sort((left, right) => left.changes - right.changes);
  return first;
}

/** How many letters were left out, put in or changed (Levenshtein). */
function distance(left, right) {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const changed = row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1);
      next[j] = Math.min(changed, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[right.length];
}

module.exports = { nearest, readTable, table };
