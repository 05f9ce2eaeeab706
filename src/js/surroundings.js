// What this process has to say of its surroundings: the certificates that its Node trusts, the proxies of its environment, and how
// much memory it may have.

'use strict';

const fs = require('node:fs');
const native = require('./native.js');

/** What a client is told that connects by these options. Node's certificates are left out where they bring their own. */
function surroundingsFor(connection) {
  const variables = { __proto__: null };
  for (const name of native.PROXY_VARIABLES) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value.toWellFormed();
  }
  const roots = connection?.tls?.ca === undefined ? trustedRoots() : undefined;
  return { roots, variables };
}

/** Node's own list with NODE_EXTRA_CA_CERTS and, where asked for by --use-system-ca, the system's. */
function trustedRoots() {
  const tls = require('node:tls');
  if (tls.getCACertificates !== undefined) return tls.getCACertificates('default').join('\n');
  return [...tls.rootCertificates, extraCertificates()].join('\n');
}

/** Before Node 22.15 there is no way to ask for them. Like Node, we go on without a file that cannot be read. */
function extraCertificates() {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (!file) return '';
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

let limit;

/** Bytes of memory that the system lets this process have, as far as it says so. Looked up once. */
function memoryLimit() {
  // Since Node 20.
  limit ??= process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return Number.isSafeInteger(limit) ? limit : undefined;
}

module.exports = { memoryLimit, surroundingsFor };
