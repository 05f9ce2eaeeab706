// A client: connections, limits and options that its runs have in common. It is a handle and no more: nothing of it lives on
// its own, so that it can be forgotten at any time.

'use strict';

const { collect } = require('./collect.js');
const { iterate } = require('./each.js');
const { asking, callSite, clientClosed, invalidThis } = require('./errors.js');
const native = require('./native.js');
const { readClientOptions, readClientsOptions, readClosing } = require('./options.js');
const { Runs } = require('./runs.js');
const { surroundingsFor } = require('./surroundings.js');

/** Before Node 20.4 it has no name. */
const asyncDispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');

class Client {
  #native;
  /** Of the requests of its runs, where they give none. */
  #body;
  #runs = new Runs();

  constructor(options) {
    const { body, settings } = readClientOptions(options);
    const surroundings = surroundingsFor(settings.connection);
    this.#native = asking(() => new native.Client(JSON.stringify(settings), surroundings));
    this.#body = body;
  }

  async downloadAll(urls, options) {
    Client.#check(this, 'client.downloadAll(urls)');
    return collect(urls, this.#call(options, Client.prototype.downloadAll));
  }

  downloadEach(urls, options) {
    Client.#check(this, 'client.downloadEach(urls)');
    return iterate(urls, this.#call(options, Client.prototype.downloadEach));
  }

  stats() {
    Client.#check(this, 'client.stats()');
    return JSON.parse(this.#native.stats());
  }

  async close(options) {
    Client.#check(this, 'client.close()');
    const { force } = readClosing(options);
    this.#runs.close();
    if (force) this.#runs.fail(clientClosed());
    await this.#runs.ended();
    this.#native.close();
  }

  async [asyncDispose]() {
    Client.#check(this, 'client[Symbol.asyncDispose]()');
    await this.close();
  }

  #call(options, callee) {
    this.#runs.check();
    const site = callSite(callee);
    const { body = this.#body, ...call } = readClientsOptions(options);
    return { ...call, body, site, client: this.#native, runs: this.#runs };
  }

  static #check(client, call) {
    if (!(#native in Object(client))) throw invalidThis(call, 'a Client', client);
  }
}

module.exports = { Client };
