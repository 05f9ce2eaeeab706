// Runs in a process that is killed at instants that nobody chose, and begun again until one comes to its end.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { startInChild } = require('./child.js');
const { serve } = require('./server.js');

/** More often than this none is killed, if it comes forward at all. */
const MOST_KILLS = 300;

/** In the process: the same run as always. Each result that is delivered is written down before anything else happens. */
async function main({ urls, options, log }) {
  const fs = require('node:fs');
  const { downloadEach } = require('manyfetch');
  const file = fs.openSync(log, 'a');
  const results = [];
  for await (const result of downloadEach(urls, options)) {
    fs.writeSync(file, `${result.index}\n`);
    const { ok, status, size, file: saved, error } = result;
    results[result.index] = { ok, status, size, file: saved, code: error?.code };
  }
  console.log(JSON.stringify(results));
}

/** A server whose `answer` is counted: `asked` are the URLs asked for in the life that goes on, and `onAnswer` is called after each. */
async function serveLives(t, answer) {
  const server = await serve(t, (request, response) => {
    lives.asked.push(request.url);
    response.on('close', () => lives.onAnswer());
    answer(request, response);
  });
  const lives = { url: server.url, asked: [], onAnswer: () => {}, gone: server.gone };
  return lives;
}

/** Lets `count` turns of the event loop pass. */
async function turns(count) {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** One life of the run `input`, killed some turns after `answers` answers. */
async function live(lives, input, { answers, late }) {
  fs.writeFileSync(input.log, '');
  lives.asked = [];
  const { child, ended } = startInChild(main, input);
  let left = answers;
  lives.onAnswer = async () => {
    left -= 1;
    if (left !== 0) return;
    await turns(late);
    child.kill('SIGKILL');
  };
  const end = await ended;
  lives.onAnswer = () => {};
  await lives.gone();
  const delivered = fs.readFileSync(input.log, 'utf8').split('\n').slice(0, -1).map(Number);
  return { ...end, delivered, asked: lives.asked };
}

/**
 * Kills the run `input` after some answers, of which `next()` says how many, and begins it again, until it ends by itself.
 * `check(life)` is called after each kill. Gives the results, and how many kills there were.
 */
async function killUntilItEnds(lives, input, { next, check }) {
  for (let kills = 0; kills < MOST_KILLS; kills++) {
    const life = await live(lives, input, next());
    check(life);
    if (life.signal === null) {
      assert.deepEqual([life.code, life.stderr], [0, '']);
      return { results: JSON.parse(life.stdout), kills };
    }
  }
  throw new Error('it comes to no end');
}

module.exports = { killUntilItEnds, serveLives };
