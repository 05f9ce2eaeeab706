// Node's own agent, for the clients that are built on node:http: connections are kept, and at most as many as may be in flight.

import http from 'node:http';
import https from 'node:https';
import { isSecure } from './many.js';

/** The module and an agent of it, for the scheme of the scenario. */
export function nodeHttp(scenario) {
  const { concurrency } = scenario;
  const node = isSecure(scenario) ? https : http;
  const agent = new node.Agent({ keepAlive: true, maxSockets: concurrency });
  return { node, agent };
}
