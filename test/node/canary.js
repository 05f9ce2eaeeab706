// A secret to be planted, and how to look for it in all that a caller may log.

'use strict';

const assert = require('node:assert/strict');
const { inspect } = require('node:util');

const CANARY = 'c4n4ry';
const DEEP = { depth: 20, showHidden: true, maxStringLength: Number.POSITIVE_INFINITY };

/** All that can be seen of `value`. */
function shown(value) {
  const text = [inspect(value, DEEP), String(value), JSON.stringify(value)];
  if (value instanceof Error) text.push(value.message, value.stack, inspect(value.cause, DEEP));
  return text.join('\n');
}

function assertSilent(value, what) {
  const text = shown(value);
  assert.ok(!text.toLowerCase().includes(CANARY), `${what}: ${text}`);
  // Neither as it is sent.
  for (const pair of [`user:${CANARY}`, CANARY]) {
    assert.ok(!text.includes(Buffer.from(pair).toString('base64').replace(/=+$/, '')), text);
  }
}

module.exports = { assertSilent, CANARY };
