// The suites by name: what `npm run bench -- NAME` can run. The first one is the default.

import { article } from './article.js';

export const suites = { article };
export const defaultSuite = article;
