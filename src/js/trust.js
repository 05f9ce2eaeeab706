// The certificates that this Node trusts, in PEM.

'use strict';

const fs = require('node:fs');

/** The list for connections with these `tls` options: Node's, unless they bring their own. */
function rootsFor(tls) {
  return tls?.ca === undefined ? trustedRoots() : undefined;
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

module.exports = { rootsFor };
