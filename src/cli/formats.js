// Records as lines of the output. Whatever comes from others in them can be seen, and does nothing: in text and CSV as `\x1b`, in
// JSON by JSON's own escapes.

'use strict';

const { visible, visibleJson } = require('./escape.js');
const { bytes, duration } = require('./units.js');

const RED = ['\x1b[31m', '\x1b[39m'];
const PLAIN = ['', ''];

/** Columns of CSV: those of a record, of its timings and of its error. */
const OWN = ['index', 'tag', 'requestUrl', 'url', 'status', 'ok', 'size', 'wireSize', 'file'];
const MORE = ['fromJournal', 'httpVersion', 'attempts'];
const TIMINGS = ['queue', 'dns', 'connect', 'firstByte', 'download', 'total', 'reused'];
const ERROR = ['code', 'phase', 'message'];

/** Each format: the line before all others, if there is one, and how a record is one. */
const FORMATS = {
  text: { line: textOf },
  ndjson: { line: (record) => visibleJson(record) },
  csv: {
    head: [...OWN, ...MORE, ...TIMINGS, ...ERROR].join(','),
    line: (record) =>
      [
        ...[...OWN, ...MORE].map((name) => record[name]),
        ...TIMINGS.map((name) => record.timings[name]),
        ...ERROR.map((name) => record.error?.[name]),
      ]
        .map(cell)
        .join(','),
  },
};

function textOf(record, { isColoured = false } = {}) {
  const { status, ok, size, timings, attempts, url, requestUrl, file, fromJournal, error } = record;
  const [on, off] = ok || !isColoured ? PLAIN : RED;
  const word = status === 0 ? (ok ? '---' : 'ERR') : String(status);
  const took = attempts === 0 ? '-' : duration(timings.total - timings.queue);
  const notes = [
    url !== requestUrl && `-> ${visible(url)}`,
    file !== undefined && `in ${visible(file)}`,
    fromJournal && 'done before',
    error && `${on}${visible(causeOf(error, attempts))}${off}`,
  ];
  const told = [
    `${on}${word}${off}`,
    bytes(size).padStart(8),
    took.padStart(8),
    visible(requestUrl) || '-',
  ];
  return [...told, ...notes.filter(Boolean)].join('  ');
}

/** The code says it all of what was sent. */
function causeOf({ code, phase, message }, attempts) {
  const name = phase === undefined ? code : `${code} (${phase})`;
  return attempts === 0 ? `${name}: ${message}` : name;
}

/** A value by RFC 4180. A spreadsheet would take text that begins like a formula for one. */
function cell(value) {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = visible(typeof value === 'string' ? value : JSON.stringify(value));
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

module.exports = { FORMATS };
