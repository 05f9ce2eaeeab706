// The article's own pages in place of the local origin. Real hosts: nothing can be counted or known in advance here.

/** The same shape as a started origin, so that a run does not care which one it has. */
export function liveSite({ hosts }) {
  return {
    live: true,
    settings: hosts,
    caFile: null,
    envFor: () => process.env,
    urlOf: (host) => hosts[host],
    resetCounters: async () => {},
    counters: async () => null,
    stop: async () => {},
  };
}
