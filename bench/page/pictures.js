// docs/pictures: what the README shows of the newest run of a suite, in light and in dark. `node bench/page/pictures.js [FOLDER …]`:
// of these runs alone. It needs a Chromium in the PATH or in CHROME_PATH.

import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { home } from '../results.js';
import { findBrowser, withBrowser } from './browser.js';
import { isFinished, readRun, writePage } from './write.js';

const folder = fileURLToPath(new URL('../../docs/pictures', import.meta.url));

/** `only`: of the figures in there those of these contenders. */
const pictures = [
  { name: 'links', suite: 'article', place: '#shapes .rows' },
  {
    name: 'batches',
    suite: 'article',
    place: '.timelines',
    only: ['manyfetch', 'node-request-mended'],
  },
  { name: 'throughput', suite: 'throughput', place: '#chart-1-1 .parts' },
  { name: 'memory', suite: 'million', place: 'svg.memory' },
];

/** Room around what is cut out, and nothing to click on. */
const style = `
  .parts, #shapes .rows, .timelines { padding: 16px; margin: 0; }
  svg.memory { padding: 16px; box-sizing: content-box; width: calc(100% - 32px); }
  .timelines { align-items: end; }
  details { display: none; }
`;

async function take({ name, place, only }, run, context) {
  const page = await context.newPage();
  await page.goto(pathToFileURL(writePage(run)).href);
  await page.addStyleTag({ content: style });
  if (only) await page.$$eval('.timelines > figure', keepOnly, only);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const path = join(folder, `${name}-${colorScheme}.png`);
    await page.locator(place).first().screenshot({ path });
    console.log(path);
  }
  await page.close();
}

/** Runs in the page. */
function keepOnly(figures, names) {
  for (const figure of figures) {
    if (!names.includes(figure.querySelector('.name').textContent)) figure.remove();
  }
}

/** By the time in its records: names of folders do not sort by it. */
function newestRun(suite, folders) {
  return folders
    .filter(isFinished)
    .map((path) => ({ path, run: readRun(path).run }))
    .filter(({ run }) => run.suite === suite && !run.live)
    .sort((a, b) => a.run.startedAt.localeCompare(b.run.startedAt))
    .at(-1)?.path;
}

const named = process.argv.slice(2).map((name) => resolve(name));
const folders = named.length > 0 ? named : readdirSync(home).map((name) => join(home, name));
const browser = findBrowser();
if (!browser) throw new Error('no Chromium in the PATH, and no CHROME_PATH');
mkdirSync(folder, { recursive: true });
const settings = { viewport: { width: 1000, height: 800 }, deviceScaleFactor: 1.25 };
await withBrowser(
  browser,
  async (context) => {
    for (const picture of pictures) {
      const run = newestRun(picture.suite, folders);
      if (run) await take(picture, run, context);
      else console.log(`${picture.name}: there is no finished run of ${picture.suite}`);
    }
  },
  settings,
);
