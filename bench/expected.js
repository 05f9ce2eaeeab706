// What the origin really serves: each address fetched once by the harness, before anything is timed.

import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';

const SOCKETS = 16;

/** @returns {Promise<Map<string, {bytes: number, sha256: string}>>} by URL */
export async function fetchExpected(urls, ca) {
  const settings = { keepAlive: true, maxSockets: SOCKETS };
  const agents = { http: new http.Agent(settings), https: new https.Agent({ ...settings, ca }) };
  const served = await Promise.all([...new Set(urls)].map((url) => fetchOne(url, agents)));
  for (const agent of Object.values(agents)) agent.destroy();
  return new Map(served);
}

async function fetchOne(url, agents) {
  const response = await get(url, agents);
  const body = await buffer(response);
  if (response.statusCode !== 200)
    throw new Error(`the origin answers ${response.statusCode} to ${url}`);
  return [url, { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }];
}

function get(url, agents) {
  const [client, agent] = url.startsWith('https:') ? [https, agents.https] : [http, agents.http];
  return new Promise((resolve, reject) => {
    client.get(url, { agent }, resolve).on('error', reject);
  });
}
