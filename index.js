// The public API. Everything here is documented in index.d.ts.

'use strict';

const { callSite, DownloadError } = require('./src/js/errors.js');
const { chunks } = require('./src/js/items.js');
const { readOptions } = require('./src/js/options.js');
const { collect } = require('./src/js/run.js');

async function downloadAll(urls, options) {
  const { signal, settings } = readOptions(options);
  const list = chunks(urls);
  if (signal?.aborted) throw signal.reason;
  return collect(list, settings, signal, callSite(downloadAll));
}

module.exports = { downloadAll, DownloadError };
