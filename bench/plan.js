// What each contender is to fetch: an entry each in every case that it takes; and for the article in which order, and how fast
// that could go at best. Pure: no clock, no network.

import { idealMs } from './ideal.js';

/** For suites without cases. */
const unnamed = [undefined];

/**
 * Case by case, so that those who are compared run soon after each other.
 * @param {{suite: object, cases?: object[], contenders: object[], requests?: number}} flags
 */
export function planned({ suite, cases = unnamed, contenders, requests }, site) {
  return cases.flatMap((each) =>
    contenders
      .filter((contender) => suite.takes?.(contender, each) ?? true)
      .map((contender) => ({
        contender,
        case: each?.id,
        ...suite.plan(contender, site, requests, each),
      })),
  );
}

/** The article's list in Python: a, b, a, b … `page` names the same link in every order. */
export function alternating(count) {
  return Array.from({ length: count }, (_, page) => ({ host: page % 2 === 0 ? 'a' : 'b', page }));
}

/** The article's list in Node: all of host a, then all of host b. The same links, in another order. */
export function hostByHost(count) {
  const links = alternating(count);
  return ['a', 'b'].flatMap((host) => links.filter((link) => link.host === host));
}

/** The scenario a contender gets, the requests it must make and its ideal time. */
export function planLinks(suite, contender, site) {
  const links = contender
    .order(suite.links)
    .map(({ host, page }, index) => ({ index, host, page, url: site.urlOf(host, page) }));
  const requests = requestsOf(links, suite.concurrency, contender.options.stride);
  return {
    requests,
    requestCount: requests.length,
    idealSeconds: site.live ? null : idealSecondsOf(requests, contender, site),
    scenario: {
      suite: suite.name,
      links: links.map(({ index, url }) => ({ index, url })),
      concurrency: suite.concurrency,
      ca: site.caFile,
      options: contender.options,
    },
  };
}

/** Every link once; or, for a contender that works in batches, batch i from entry i × stride on. */
function requestsOf(links, batchSize, stride = batchSize) {
  const batches = Array.from({ length: links.length / batchSize }, (_, i) =>
    links.slice(i * stride, i * stride + batchSize),
  );
  return batches.flat();
}

function idealSecondsOf(requests, contender, site) {
  const timed = requests.map(({ host, page }) => ({ host, serverMs: site.serverTimesMs[page] }));
  const { idealSlots: slots, keepsConnections } = contender;
  return idealMs(timed, { slots, keepsConnections, roundTripMs: site.roundTripMs }) / 1000;
}
