// What the origin really serves: each page fetched once by the harness, before anything is timed.

import { createHash } from 'node:crypto';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';

/** @returns {Promise<Map<string, {bytes: number, sha256: string}>>} by URL */
export async function fetchExpected(urls, ca) {
  const agent = new https.Agent({ ca, keepAlive: true, maxSockets: 16 });
  const served = await Promise.all([...new Set(urls)].map((url) => fetchOne(url, agent)));
  agent.destroy();
  return new Map(served);
}

async function fetchOne(url, agent) {
  const response = await new Promise((resolve, reject) => {
    https.get(url, { agent }, resolve).on('error', reject);
  });
  const body = await buffer(response);
  if (response.statusCode !== 200)
    throw new Error(`the origin answers ${response.statusCode} to ${url}`);
  return [url, { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }];
}
