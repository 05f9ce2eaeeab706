// The suites by name: what `npm run bench -- NAME` can run. The first one is the default.
//
// A suite is data (`name`, `title`, `rounds`, `concurrency`, `origin`, `contenders`, `columns`, and where it has them
// `requests`, `mostRequests`, `limitMs`, `memoryEveryMs`, `live`, `cases: [{ id, title, … }]`, `pinned`: origin and contender
// have a core each, `bars` as bars.js describes them) and what the harness asks it:
// - `takes(contender, case)`, if need be: whether there is such an entry
// - `plan(contender, site, requests, case)`: the `scenario` that a contender gets, and the `requestCount` that the origin must see
// - `expect(entries, site)`: what the origin serves, fetched before anything is timed
// - `check(answer, entry, expected)`: why an answer is not to be believed, or null
// - `answers`: what of an answer goes into the record, besides times, memory and versions
// - `stage()`, if need be: what is set up for each sample (more of the scenario), and how it is cleared away
// - `figures(records, entry)`, if need be: what its rows have besides; `relate(rows)`: what they have of each other;
//   `sortBy(row)`: the number that orders them
//
// Most that make many requests are made by `loadSuite` of load.js, and have the clients of clients.js.

import { article } from './article.js';
import { bodies } from './bodies.js';
import { crossing } from './crossing.js';
import { disk } from './disk.js';
import { hosts } from './hosts.js';
import { million } from './million.js';
import { responsive } from './responsive.js';
import { startup } from './startup.js';
import { throughput } from './throughput.js';

const all = [article, million, disk, throughput, bodies, hosts, startup, crossing, responsive];

export const suites = Object.fromEntries(all.map((suite) => [suite.name, suite]));
export const defaultSuite = article;
