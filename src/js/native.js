// Loads the native part, or says in plain words why it cannot be loaded.

'use strict';

const path = require('node:path');

/** Where `src/addon/build.js` puts it. */
const FILE = path.join(__dirname, '..', '..', 'binding', 'manyfetch.node');

function load() {
  try {
    return require(FILE);
  } catch (cause) {
    throw new Error(
      `manyfetch: the native part for ${process.platform}-${process.arch} cannot be loaded. ` +
        `In a checkout, 'npm install' builds it. The reason given: ${cause.message}`,
      { cause },
    );
  }
}

const native = load();

module.exports = {
  ...native,
  CODES: native.codes(),
  PHASES: native.phases(),
  PROXY_VARIABLES: native.proxyVariables(),
};
