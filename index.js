// The public API. Everything here is documented in index.d.ts.

'use strict';

const { Client } = require('./src/js/client.js');
const { collect } = require('./src/js/collect.js');
const { iterate } = require('./src/js/each.js');
const { callSite, DownloadError } = require('./src/js/errors.js');
const { readOptions } = require('./src/js/options.js');

async function downloadAll(urls, options) {
  return collect(urls, { ...readOptions(options), site: callSite(downloadAll), client: undefined });
}

function downloadEach(urls, options) {
  return iterate(urls, {
    ...readOptions(options),
    site: callSite(downloadEach),
    client: undefined,
  });
}

module.exports = { downloadAll, downloadEach, Client, DownloadError };
