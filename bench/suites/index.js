// The suites by name: what `npm run bench -- NAME` can run. The first one is the default.
//
// A suite is data (`name`, `title`, `rounds`, `concurrency`, `origin`, `contenders`, `columns`, and where it has them
// `requests`, `limitMs`, `memoryEveryMs`, `live`) and what the harness asks it:
// - `plan(contender, site, requests)`: the `scenario` that a contender gets, and the `requestCount` that the origin must see
// - `expect(entries, site)`: what the origin serves, fetched before anything is timed
// - `check(answer, entry, expected)`: why an answer is not to be believed, or null
// - `answers`: what of an answer goes into the record, besides times, memory and versions
// - `stage()`, if need be: what is set up for each sample (more of the scenario), and how it is cleared away
// - `figures(records)`, if need be: what its rows have besides

import { article } from './article.js';
import { disk } from './disk.js';
import { million } from './million.js';

export const suites = { article, million, disk };
export const defaultSuite = article;
