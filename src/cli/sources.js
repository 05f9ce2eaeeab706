// What the arguments name: URLs, files, and stdin. Found out before anything is sent.

'use strict';

const fs = require('node:fs');
const { Misuse } = require('./misuse.js');

/**
 * @typedef {object} Source
 * @property {string} name how it is called in messages
 * @property {string} [url] it is this URL, and no list
 * @property {() => import('node:stream').Readable} [open]
 * @property {boolean} isBounded it has an end of its own, whoever else ends
 * @property {number} [size] in bytes
 * @property {string} [file] its path
 */

/** @returns {Source} */
function sourceOf(argument) {
  if (argument === '-') return stdin();
  if (/^https?:/i.test(argument)) return { name: argument, url: argument, isBounded: true };
  return file(argument);
}

function stdin() {
  const stats = fs.fstatSync(0, { throwIfNoEntry: false });
  if (stats?.isDirectory()) throw new Misuse('stdin is a folder');
  return { name: 'stdin', open: () => process.stdin, ...extentOf(stats) };
}

function file(argument) {
  let stats;
  try {
    stats = fs.statSync(argument);
    if (!stats.isDirectory()) fs.accessSync(argument, fs.constants.R_OK);
  } catch (error) {
    throw new Misuse(unreadable(argument, error));
  }
  if (stats.isDirectory()) throw new Misuse(`'${argument}' is a folder, not a list`);
  const open = () => fs.createReadStream(argument);
  return { name: argument, open, file: argument, ...extentOf(stats) };
}

function unreadable(argument, { code }) {
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return `'${argument}' cannot be read (${code})`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(argument)) {
    return `'${argument}': only http: and https: are fetched`;
  }
  const hint = argument === '' ? '' : `. If it is a URL, write https://${argument}`;
  return `'${argument}' is neither a URL nor a file${hint}`;
}

function extentOf(stats) {
  const isBounded = stats?.isFile() ?? false;
  return { isBounded, size: isBounded ? stats.size : undefined };
}

/** Those of all arguments. Throws Misuse. */
function sourcesOf(lists) {
  if (lists.filter((list) => list === '-').length > 1) throw new Misuse('stdin is given twice');
  return lists.map(sourceOf);
}

module.exports = { sourcesOf };
