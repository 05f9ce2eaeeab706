// What one line of a list means: an item of the API, or what is wrong with it. What is wrong with one is its own failure.

'use strict';

const { isJournal } = require('./journal.js');

/** A URL that the API can judge: whatever has a scheme and is no host with its port. */
const HAS_SCHEME = /^(https?:|[a-z][a-z0-9+.-]*:\/\/)/i;

/**
 * @typedef {object} Meant
 * @property {object} item for the API
 * @property {{ code: string, message: string }} [fault] why it cannot be sent
 * @property {string} [text] the line, where no item could be made of it
 */

/** The item of a line by this `format`, or by how the line begins. */
function itemOf(text, format) {
  if (text === undefined) return faulty('', 'the line is too long');
  const isJson = format === 'ndjson' || (format === undefined && text.startsWith('{'));
  return isJson ? itemOfJson(text) : itemOfUrl(text);
}

/** @returns {Meant} */
function itemOfUrl(url) {
  const item = { url };
  if (url === '') return { item, fault: invalidUrl('there is no URL') };
  if (HAS_SCHEME.test(url)) return { item };
  return { item, fault: invalidUrl(`'${url}' has no scheme: write https://${url}`) };
}

function itemOfJson(text) {
  let item;
  try {
    item = JSON.parse(text);
  } catch {
    return faulty(text, 'the line is not JSON');
  }
  if (typeof item === 'string') return itemOfUrl(item);
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return faulty(text, 'the line is neither an object nor a string');
  }
  return { item };
}

function faulty(text, message) {
  return { item: { url: '' }, fault: invalidItem(message), text };
}

function invalidUrl(message) {
  return { code: 'ERR_INVALID_URL', message };
}

function invalidItem(message) {
  return { code: 'ERR_INVALID_ARG_VALUE', message };
}

/** Why this item must not be saved where it says, if it must not: whoever wrote the list may not be whoever runs the command. */
function faultOfFile({ file }, { hasFolder }) {
  if (typeof file !== 'string') return undefined;
  if (!hasFolder) return invalidItem('item.file goes with -o: it is a file in that folder');
  return isJournal(file) ? invalidItem('item.file is the name of the journal') : undefined;
}

/** An item that the API finds at fault for this reason, and no other. */
function refused({ url }, { code, message }) {
  const item = { url: typeof url === 'string' ? url : '' };
  const get = () => {
    throw Object.assign(new TypeError(message), { code });
  };
  return Object.defineProperty(item, 'method', { get, enumerable: true });
}

module.exports = { faultOfFile, faulty, itemOf, itemOfUrl, refused };
