// The kinds of numbers that options are: what each may be, in words. `Infinity` becomes null, which is JSON's word for "no
// limit" here; where there is no limit to take away, it is refused.

'use strict';

const { invalidType, outOfRange } = require('./errors.js');

/** What reads a number for which `isFine`; `range` says so. */
function number({ range, isFine, type = 'a number', hasNone = true }) {
  const expected = hasNone ? `${range}, or Infinity` : range;
  return (value, name) => {
    if (typeof value !== 'number') throw invalidType(name, type, value);
    if (hasNone && value === Number.POSITIVE_INFINITY) return null;
    if (!isFine(value)) throw outOfRange(name, expected, value);
    return value;
  };
}

const MILLISECONDS = 'a number of milliseconds';

const count = number({
  range: 'a whole number from 1 to 2^53 - 1',
  isFine: (value) => Number.isSafeInteger(value) && value >= 1,
});

const countFromZero = number({
  range: 'a whole number from 0 to 2^53 - 1',
  isFine: (value) => Number.isSafeInteger(value) && value >= 0,
});

const duration = number({
  range: 'more than 0 milliseconds',
  type: MILLISECONDS,
  isFine: (value) => value > 0,
});

const durationFromZero = number({
  range: '0 milliseconds or more',
  type: MILLISECONDS,
  isFine: (value) => value >= 0,
});

const finiteDuration = number({
  range: '0 milliseconds or more, and finite',
  type: MILLISECONDS,
  isFine: (value) => value >= 0 && Number.isFinite(value),
  hasNone: false,
});

const factor = number({
  range: 'a finite number from 1',
  isFine: (value) => value >= 1 && Number.isFinite(value),
  hasNone: false,
});

const share = number({ range: 'a number from 0', isFine: (value) => value >= 0 });

const perSecond = number({ range: 'more than 0 requests a second', isFine: (value) => value > 0 });

const status = number({
  range: 'a whole number from 100 to 999',
  isFine: (value) => Number.isInteger(value) && value >= 100 && value <= 999,
  hasNone: false,
});

const speed = number({
  range: 'a finite number of bytes a second from 0',
  isFine: (value) => value >= 0 && Number.isFinite(value),
  hasNone: false,
});

/** The least of something: 0 is none here, and an infinite one could not be met. */
function leastSpeed(value, name) {
  return speed(value, name) === 0 ? null : value;
}

module.exports = {
  count,
  countFromZero,
  duration,
  durationFromZero,
  factor,
  finiteDuration,
  leastSpeed,
  perSecond,
  share,
  status,
};
