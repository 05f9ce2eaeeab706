// URLs out of a column of CSV (RFC 4180), as the stream comes.

'use strict';

const { pipeline } = require('node:stream');
const { decoded, LONGEST } = require('./lines.js');
const { Misuse } = require('./misuse.js');

const OPTIONS = {
  bom: true,
  info: true,
  max_record_size: LONGEST,
  record_delimiter: ['\r\n', '\n'],
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_error: true,
};

/**
 * Opens CSV and reads its head. Throws Misuse if that has no such column; `name` is how the list is called.
 * @returns arrays of `{ text, number }` as lines are, with the `size` in bytes of what they were made of
 */
async function openCsv(stream, { column, name }) {
  const broken = [];
  const records = parse(stream, broken);
  const { value, done } = await records.next();
  const head = done ? [] : value.record.map((title) => title.trim());
  const at = head.indexOf(column);
  if (at === -1) {
    const known =
      head.length === 0 ? 'it is empty' : `it has ${head.map((title) => `'${title}'`).join(', ')}`;
    throw new Misuse(`${name} has no column '${column}': ${known}. --column says which`);
  }
  return cells(records, { at, broken, start: value.info });
}

function parse(stream, broken) {
  const { parse } = require('csv-parse');
  const parser = parse({ ...OPTIONS, on_skip: (error) => broken.push(error) });
  // What fails the stream fails the parser, which is read.
  pipeline(stream, texts, parser, () => {});
  return parser[Symbol.asyncIterator]();
}

async function* texts(stream) {
  for await (const { text } of decoded(stream)) yield text;
}

async function* cells(records, { at, broken, start }) {
  let before = start;
  for await (const { record, info } of records) {
    const line = { text: (record[at] ?? '').trim(), number: info.lines };
    yield { lines: [line], size: info.bytes - before.bytes };
    before = info;
  }
  // A quote that nobody closes takes in all that follows.
  if (broken.length > 0) yield { lines: [{ isBroken: true, number: before.lines + 1 }], size: 0 };
}

module.exports = { openCsv };
