// The ideal time of a plan: the makespan of greedy slots over its order, with one handshake a connection. Pure.

const HANDSHAKE_ROUND_TRIPS = 2; // TCP, then TLS 1.3

/**
 * A slot that gets free takes the next request. It reuses an idle connection to that host or opens one.
 * @param {{host: string, serverMs: number}[]} requests in the order they start
 * @param {{slots: number, roundTripMs: number, keepsConnections: boolean}} network
 */
export function idealMs(requests, { slots, roundTripMs, keepsConnections }) {
  const slotFreeAt = new Array(slots).fill(0);
  const idleSince = new Map(); // host -> the moments at which its kept connections got idle
  for (const { host, serverMs } of requests) {
    const slot = slotFreeAt.indexOf(Math.min(...slotFreeAt));
    const start = slotFreeAt[slot];
    const reused = keepsConnections && takeIdle(idleSince, host, start);
    const roundTrips = reused ? 1 : HANDSHAKE_ROUND_TRIPS + 1;
    const end = start + roundTrips * roundTripMs + serverMs;
    idleSince.get(host)?.push(end) ?? idleSince.set(host, [end]);
    slotFreeAt[slot] = end;
  }
  return Math.max(0, ...slotFreeAt);
}

function takeIdle(idleSince, host, now) {
  const connections = idleSince.get(host) ?? [];
  const at = connections.findIndex((since) => since <= now);
  if (at >= 0) connections.splice(at, 1);
  return at >= 0;
}
