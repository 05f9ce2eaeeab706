// A client: connections, limits and options that its runs have in common. It is a handle and no more: nothing of it lives on
// its own, so that it can be forgotten at any time.

'use strict';

const { collect } = require('./collect.js');
const { asking, callSite, invalidThis } = require('./errors.js');
const native = require('./native.js');
const { readClientOptions, readClientsOptions } = require('./options.js');
const { rootsFor } = require('./trust.js');

class Client {
  #native;

  constructor(options) {
    const settings = readClientOptions(options);
    const roots = rootsFor(settings.tls);
    this.#native = asking(() => new native.Client(JSON.stringify(settings), roots));
  }

  async downloadAll(urls, options) {
    if (!(#native in Object(this))) throw invalidThis('client.downloadAll(urls)', 'a Client', this);
    const site = callSite(Client.prototype.downloadAll);
    return collect(urls, {
      ...readClientsOptions(options),
      site,
      client: this.#native,
    });
  }
}

module.exports = { Client };
