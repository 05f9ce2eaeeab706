// The page as a reader has it, in a Chromium of this machine: nothing is fetched, logged or cut off, and all is there for the
// keyboard and in the dark.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { findBrowser, withBrowser } from '../page/browser.js';
import { pageOf } from '../page/page.js';
import { isFinished, readRun, style } from '../page/write.js';
import { home } from '../results.js';
import { articleData, millionData, throughputData } from './page-data.js';

const browser = findBrowser();
const options = { skip: browser ? false : 'no Chromium in the PATH, and no CHROME_PATH' };

const made = { article: articleData(), throughput: throughputData(), million: millionData() };

/** Opens the page of a run, and fails when it fetches or logs anything. */
async function onPage(context, data, look) {
  const folder = mkdtempSync(join(tmpdir(), 'manyfetch-page-'));
  const file = join(folder, 'report.html');
  writeFileSync(file, String(pageOf(data, style)));
  const page = await context.newPage();
  const [logged, fetched] = [[], []];
  page.on('console', (message) => logged.push(message.text()));
  page.on('pageerror', (error) => logged.push(error.message));
  page.on('request', (request) => fetched.push(request.url()));
  const { href } = pathToFileURL(file);
  try {
    await page.goto(href);
    await look(page);
    assert.deepEqual(logged, []);
    assert.deepEqual(
      fetched.filter((url) => !url.startsWith('data:')),
      [href],
    );
  } finally {
    await page.close();
    rmSync(folder, { recursive: true });
  }
}

const inChromium = (name, look) =>
  test(name, options, () => withBrowser(browser, (context) => look(context)));

/** The name and the width of each bar. */
function barWidths(page) {
  return page.$$eval('.rows .row[role=listitem]:has(.bar)', (rows) =>
    rows.map((row) => [
      row.querySelector('.name').textContent,
      row.querySelector('rect.value').getBoundingClientRect().width,
    ]),
  );
}

async function checkBars(page, { records }) {
  const widths = await barWidths(page);
  const due = records.filter(({ ok }) => ok);
  const names = new Set(due.map(({ contender }) => contender));
  assert.deepEqual([...new Set(widths.map(([name]) => name))].sort(), [...names].sort());
  // Some are drawn twice, as a part of all and closer.
  const rows = new Set(due.map((each) => `${each.case} ${each.contender}`));
  assert.ok(widths.length >= rows.size);
  for (const [name, width] of widths) assert.ok(width > 0, `${name} has a bar of no width`);
}

async function checkTimelines(page, { records }) {
  const drawn = await page.$$eval('figure:has(.timeline)', (figures) =>
    figures.map((figure) => [
      figure.querySelector('.name').textContent,
      [...figure.querySelectorAll('.link')].filter((link) => link.getBoundingClientRect().width > 0)
        .length,
    ]),
  );
  const due = records
    .filter(({ ok, links }) => ok && links)
    .map((each) => [each.contender, each.links.length]);
  assert.deepEqual(Object.fromEntries(drawn), Object.fromEntries(due));
}

inChromium(
  'a page opens, fetches and logs nothing, and has all bars, links and lines',
  async (context) => {
    for (const data of Object.values(made)) {
      await onPage(context, data, async (page) => {
        await checkBars(page, data);
        await checkTimelines(page, data);
      });
    }
    await onPage(context, made.million, async (page) => {
      assert.equal(await page.locator('.memory-line').count(), 2);
    });
  },
);

inChromium('so do the pages of the runs that are recorded', async (context) => {
  const folders = readdirSync(home)
    .map((name) => join(home, name))
    .filter(isFinished);
  assert.ok(folders.length > 0);
  for (const data of folders.map(readRun)) {
    await onPage(context, data, async (page) => {
      await checkBars(page, data);
      await checkTimelines(page, data);
    });
  }
});

inChromium('nothing is wider than a phone', async (context) => {
  for (const data of Object.values(made)) {
    await onPage(context, data, async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.$$eval('details', (all) => {
        for (const each of all) each.open = true;
      });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    });
  }
});

inChromium(
  'text stands out from what is behind it, in the light and in the dark',
  async (context) => {
    for (const data of Object.values(made)) {
      await onPage(context, data, async (page) => {
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          const { ground, faint } = await page.evaluate(contrasts);
          assert.equal(ground < 0.5, colorScheme === 'dark');
          assert.deepEqual(faint, []);
        }
      });
    }
  },
);

/** Runs in the page: the luminance of the ground, and the texts with a contrast below 4.5. */
function contrasts() {
  const numbersOf = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const linear = (channel) =>
      channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4;
    const [red, green, blue] = numbersOf(color).map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backOf = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    const isClear = numbersOf(color)[3] === 0;
    return isClear && element.parentElement ? backOf(element.parentElement) : color;
  };
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const hasText = ({ childNodes }) =>
    [...childNodes].some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim());
  const faint = [...document.querySelectorAll('body :not(title, desc)')]
    .filter(hasText)
    .flatMap((element) => {
      const { color, fill } = getComputedStyle(element);
      const front = element instanceof SVGElement ? fill : color;
      const found = contrast(luminance(front), luminance(backOf(element)));
      return found < 4.5 ? [`${element.tagName} '${element.textContent}': ${found}`] : [];
    });
  return { ground: luminance(backOf(document.body)), faint };
}

inChromium(
  'every chart and every table is reached by the keyboard, and opened by it',
  async (context) => {
    await onPage(context, made.article, async (page) => {
      const figures = await page.locator('figure').count();
      const tables = await page.locator('details').count();
      const reached = new Set();
      // Each stop is one of a figure, a summary, a table, a link of the page.
      const most = figures + 2 * tables + (await page.locator('a').count()) + 1;
      for (let stop = 0; stop < most; stop++) {
        await page.keyboard.press('Tab');
        const { tag, id } = await page.evaluate(() => {
          const { tagName, id } = document.activeElement;
          return { tag: tagName, id };
        });
        if (tag === 'FIGURE') reached.add(id);
        if (tag === 'SUMMARY') await page.keyboard.press('Enter');
      }
      assert.equal(reached.size, figures);
      assert.equal(await page.locator('details[open]').count(), tables);
      assert.equal(await page.locator('details[open] table').count(), tables);
    });
  },
);

inChromium(
  'a page has its landmarks, a heading for each part, and no name twice',
  async (context) => {
    await onPage(context, made.article, async (page) => {
      for (const landmark of ['header', 'nav', 'main', 'footer', 'h1']) {
        assert.equal(await page.locator(`body ${landmark}`).count(), 1, landmark);
      }
      const dangling = await page.$$eval('[aria-labelledby], a[href^="#"]', (all) =>
        all
          .flatMap((each) =>
            (each.getAttribute('aria-labelledby') ?? each.hash.slice(1)).split(' '),
          )
          .filter((id) => !document.getElementById(id)),
      );
      assert.deepEqual(dangling, []);
      const ids = await page.$$eval('[id]', (all) => all.map(({ id }) => id));
      assert.equal(new Set(ids).size, ids.length);
      const unnamed = await page.$$eval(
        '[role=img]',
        (all) =>
          all.filter((each) => !each.ariaLabel && !each.getAttribute('aria-labelledby')).length,
      );
      assert.equal(unnamed, 0);
    });
  },
);
