// A server whose pages have versions, and runs that keep up with them.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { makeFolder } = require('./journals.js');
const { serveRequests } = require('./server.js');

/**
 * A server of one version of everything, which answers 304 to those who have it; a folder, and the options of a run with both.
 * `pages.headersOf(version, url)` gives the validators.
 */
async function serveVersions(t, saveTo = {}) {
  const { dir, journal } = makeFolder(t);
  const pages = { version: 1, status: 200, headersOf: (version) => ({ etag: `"${version}"` }) };
  const server = await serveRequests(t, ({ url, headers }, response) => {
    const said = pages.headersOf(pages.version, url);
    const asked = [headers['if-none-match'], headers['if-modified-since']];
    const isSame = asked[0]
      ? asked[0] === said.etag
      : asked[1] && asked[1] === said['last-modified'];
    if (isSame) response.writeHead(304, said).end();
    else response.writeHead(pages.status, said).end(`${pages.version} ${url}`);
  });
  const files = path.join(dir, 'files');
  const options = { journal, saveTo: { dir: files, ifExists: 'update', ...saveTo }, retry: false };
  const read = (name) => fs.readFileSync(path.join(files, name), 'utf8');
  return { server, pages, files, options, journal, read };
}

/** What was asked with in the requests since there were `before`: the URL and the two fields. */
function conditions(server, before) {
  return server.requests
    .slice(before)
    .map(({ url, headers }) => [url, headers['if-none-match'], headers['if-modified-since']])
    .sort();
}

module.exports = { conditions, serveVersions };
