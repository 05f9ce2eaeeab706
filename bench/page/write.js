// report.html of a run, out of what is in its folder. The same records give the same bytes.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suites } from '../suites/index.js';
import { pageOf } from './page.js';

export const style = readFileSync(new URL('page.css', import.meta.url), 'utf8');

/** A run that was stopped has records and nothing to show them by. */
export function isFinished(folder) {
  return existsSync(join(folder, 'run.json'));
}

/** @returns {string} the path of the page */
export function writePage(folder) {
  const page = join(folder, 'report.html');
  writeFileSync(page, String(pageOf(readRun(folder), style)));
  return page;
}

/** @returns {{run: object, suite: object, records: object[]}} */
export function readRun(folder) {
  const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
  const lines = readFileSync(join(folder, 'raw.jsonl'), 'utf8').split('\n').filter(Boolean);
  return { run, suite: suites[run.suite], records: lines.map((line) => JSON.parse(line)) };
}
