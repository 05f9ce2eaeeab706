// Waits for what no event tells of.

'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** Asks until `condition()` holds. What never does ends with the time of the test. */
async function until(condition) {
  while (!(await condition())) await pause(2);
}

module.exports = { until };
