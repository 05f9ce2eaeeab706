// wreq-js without a browser to look like, one session for all: workers are what bounds its connections.

import { createRequire } from 'node:module';
import { libraryOf } from './library.js';
import { byWorkers, contendMany } from './many.js';

const heavy = new URL('../heavy/package.json', import.meta.url);
const { createSession } = createRequire(heavy)('wreq-js');

async function connect({ http, ca }) {
  // The only way to an authority of one's own: the file that OpenSSL would read.
  if (ca) process.env.SSL_CERT_FILE = process.env.NODE_EXTRA_CA_CERTS;
  const alpnProtocols = [http === '2' ? 'HTTP2' : 'HTTP1'];
  const session = await createSession({
    trustStore: 'defaultPaths',
    emulation: { tlsOptions: { alpnProtocols } },
  });
  return async ({ index, url }, tally) => {
    const response = await session.fetch(url);
    const body = await response.arrayBuffer();
    tally.add(index, response.status, body.byteLength, body);
  };
}

await contendMany(libraryOf('wreq-js', heavy), byWorkers(connect), { speaks: ['1.1', '2'] });
