// Reads the values of flags. Throws what the flag's value should have been.

'use strict';

const { InvalidArgumentError } = require('commander');

/** The units of curl's --max-filesize. */
const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** What reads a whole number from `least`. */
function count(least) {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
  };
}

function concurrency(text) {
  if (text === 'auto') return text;
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It takes a whole number from 1, or 'auto'.");
}

/** A number is one of requests in a second; what else a rate may be, the API knows. */
function rate(text) {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : text;
}

/** Seconds, as milliseconds. */
function seconds(text) {
  const value = Number(text) * 1000;
  if (/^\d*\.?\d+$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It takes seconds above 0, such as 10 or 2.5.');
}

function size(text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kmgt]?)$/i.exec(text) ?? [];
  const value = Math.floor(Number(number) * UNITS[unit?.toLowerCase()]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It takes bytes, such as 500, 64k, 10M or 1.5G.');
}

/** What gathers the values of a flag that may be given several times. */
function list(value, values = []) {
  return [...values, value];
}

module.exports = { concurrency, count, list, rate, seconds, size };
