// Runs with a journal, in a folder of their own, and what is in a journal.

'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Client, downloadAll, downloadEach } = require('../../index.js');

/** A folder for one test, and the path of a journal in it. */
function makeFolder(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'journal-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return { dir, journal: path.join(dir, 'run.jsonl') };
}

/** All results of `run` in the order of the list. */
async function inOrder(run) {
  const results = [];
  for await (const result of run) results[result.index] = result;
  return results;
}

/** Each way of fetching a list, as a function that resolves with the results in the order of the list. */
const WAYS = {
  downloadAll,
  downloadEach: async (urls, options) => inOrder(downloadEach(urls, options)),
  'downloadAll of a client': (urls, options) => new Client().downloadAll(urls, options),
  'downloadEach of a client': async (urls, options) =>
    inOrder(new Client().downloadEach(urls, options)),
};

/** The lines of the journal, its header included. Throws if one is not JSON, or the last has no end. */
function linesOf(journal) {
  const lines = fs.readFileSync(journal, 'utf8').split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  return lines.map((line) => JSON.parse(line));
}

/** The indexes of the items that have come to an end by the whole lines of the journal. A kill may have torn the last one. */
function finishedIn(journal) {
  if (!fs.existsSync(journal)) return new Set();
  const lines = fs.readFileSync(journal, 'utf8').split('\n').slice(1, -1);
  const finished = lines
    .map((line) => JSON.parse(line))
    .filter(({ state }) => state !== 'intended');
  return new Set(finished.map(({ index }) => index));
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

module.exports = { WAYS, finishedIn, inOrder, linesOf, makeFolder, randomFrom };
