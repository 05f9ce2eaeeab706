// A Chromium of this machine, if it has one, that talks to nobody: for the tests of the page and for its pictures.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {string | undefined} what CHROME_PATH names, else what is in the PATH */
export function findBrowser({ CHROME_PATH, PATH = '' } = process.env) {
  if (CHROME_PATH) return CHROME_PATH;
  const folders = PATH.split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
}

/**
 * @param {string} executablePath
 * @param {(context: import('playwright-core').BrowserContext) => Promise<unknown>} use
 * @param {import('playwright-core').BrowserContextOptions} [more]
 */
export async function withBrowser(executablePath, use, more) {
  const profile = await mkdtemp(join(tmpdir(), 'manyfetch-browser-'));
  const settings = { executablePath, args: FLAGS, headless: true, ...more };
  try {
    const context = await chromium.launchPersistentContext(profile, settings);
    try {
      return await use(context);
    } finally {
      await context.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}
