// A client: connections, limits and options that its runs have in common. It is a handle and no more: nothing of it lives on
// its own, so that it can be forgotten at any time.

'use strict';

const { collect } = require('./collect.js');
const { asking, callSite, invalidThis } = require('./errors.js');
const native = require('./native.js');
const { readClientOptions, readClientsOptions } = require('./options.js');
const { surroundingsFor } = require('./surroundings.js');

class Client {
  #native;
  /** Of the requests of its runs, where they give none. */
  #body;

  constructor(options) {
    const { body, settings } = readClientOptions(options);
    const surroundings = surroundingsFor(settings.connection);
    this.#native = asking(() => new native.Client(JSON.stringify(settings), surroundings));
    this.#body = body;
  }

  async downloadAll(urls, options) {
    if (!(#native in Object(this))) throw invalidThis('client.downloadAll(urls)', 'a Client', this);
    const site = callSite(Client.prototype.downloadAll);
    const { body = this.#body, ...call } = readClientsOptions(options);
    return collect(urls, { ...call, body, site, client: this.#native });
  }
}

module.exports = { Client };
