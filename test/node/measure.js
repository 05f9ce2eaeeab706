// Measurements in a Node process of their own, which can collect its garbage.

'use strict';

const assert = require('node:assert/strict');
const { startNode } = require('./child.js');

/** Runs `main(input)` there, and reads the line of JSON that it prints. */
async function measure(main, input, flags = ['--expose-gc']) {
  const source = `(${main})(${JSON.stringify(input)})`;
  const { code, stdout, stderr } = await startNode([...flags, '-e', source]).ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/**
 * By how many bytes the process and its JavaScript heap grow in a round of `round(input, package)`. A leak grows in every round, and
 * what else moves memory does not: of several rounds, this is the least.
 */
function growthOf(round, input) {
  const main = `async ({ input, rounds }) => {
    const round = ${round};
    const library = require('manyfetch');
    const used = async () => {
      for (let i = 0; i < 2; i++) {
        gc();
        await new Promise(setImmediate);
      }
      return { rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed };
    };
    await round(input, library);
    const after = [await used()];
    for (let i = 0; i < rounds; i++) {
      await round(input, library);
      after.push(await used());
    }
    const least = (name) => Math.min(...after.slice(1).map((now, i) => now[name] - after[i][name]));
    console.log(JSON.stringify({ rss: least('rss'), heap: least('heap') }));
  }`;
  return measure(main, { input, rounds: 3 });
}

module.exports = { growthOf, measure };
