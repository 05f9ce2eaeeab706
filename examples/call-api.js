// Calls an API once for each number, parses the JSON of every answer, and writes the answers as NDJSON in the order of the numbers.
//
//   node call-api.js 'https://api.example.com/people/{}' 1 10000 > people.ndjson
//
// `{}` stands for the number. With a TOKEN in the environment, that goes along as a bearer token. What failed is told on stderr, and
// the exit code is 1 then.

'use strict';

const { downloadAll } = require('manyfetch');

const [pattern, first, last = first] = process.argv.slice(2);
const { TOKEN } = process.env;

function* calls() {
  for (let id = Number(first); id <= Number(last); id++) {
    yield { url: pattern.replace('{}', id), tag: id };
  }
}

/** What is in the answer; undefined if it cannot be had. */
function read(result) {
  try {
    if (result.ok) return result.json();
    complain(result, result.error?.message ?? `status ${result.status}`);
  } catch (error) {
    complain(result, error.message);
  }
  return undefined;
}

function complain({ tag }, why) {
  console.error(`${tag}: ${why}`);
  process.exitCode = 1;
}

async function main() {
  const results = await downloadAll(calls(), {
    headers: { accept: 'application/json' },
    auth: TOKEN === undefined ? undefined : { bearer: TOKEN },
    rate: '100/s',
  });
  const answers = results.map(read).filter((answer) => answer !== undefined);
  for (const answer of answers) console.log(JSON.stringify(answer));
  for (const sentence of results.stats.advice) console.error(sentence);
}

main();
