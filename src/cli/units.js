// Numbers as people read them.

'use strict';

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1234567` as 1.2 MB: a kB has 1,000 bytes. */
function bytes(count) {
  let [value, unit] = [count, 0];
  // What would be rounded to 1000 is one of the next unit.
  while (value >= 999.95 && unit < BYTES.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTES[unit]}`;
}

/** Milliseconds as 45 ms, 1.2 s, 3 min 20 s or 2 h 5 min. */
function duration(milliseconds) {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const [minutes, rest] = divided(Math.round(seconds));
  if (minutes < 60) return `${minutes} min ${rest} s`;
  const [hours, left] = divided(minutes);
  return `${hours} h ${left} min`;
}

function divided(value) {
  return [Math.floor(value / 60), value % 60];
}

/** With commas between thousands. */
function count(value) {
  return value.toLocaleString('en-US');
}

function perSecond(value) {
  return `${value < 10 ? value.toFixed(1) : count(Math.round(value))}/s`;
}

/** `{ 200: 3, 404: 1 }` as 200: 3, 404: 1, the most frequent ones first. */
function frequencies(counts) {
  return Object.entries(counts)
    .sort(([, left], [, right]) => right - left)
    .map(([name, times]) => `${name}: ${count(times)}`)
    .join(', ');
}

module.exports = { bytes, count, duration, frequencies, perSecond };
