// The folder that a contender saves to: fresh for each sample, looked through afterwards, removed in the end.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns {Promise<{scenario: {folder: string}, clear: () => Promise<void>}>} */
export async function freshFolder() {
  const root = await mkdtemp(join(tmpdir(), 'manyfetch-files-'));
  const folder = join(root, 'files');
  await mkdir(folder);
  return {
    scenario: { folder },
    clear: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/**
 * All files there, each the very bytes that the origin serves, and nothing beside them.
 * @param {{name: string, url: string}[]} links
 * @param {Map<string, {bytes: number, sha256: string}>} expected by URL
 * @returns {Promise<string | null>} why not, or null
 */
export async function checkFolder(folder, links, expected) {
  const due = new Map(links.map(({ name, url }) => [name, expected.get(url)]));
  const found = new Set(await readdir(folder));
  const missing = [...due.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) {
    return `${missing.length} of ${due.size} files are missing, '${missing[0]}' is one`;
  }
  const stray = [...found].find((name) => !due.has(name));
  if (stray !== undefined) return `'${stray}' does not belong into the folder`;
  for (const [name, served] of due) {
    const reason = wrongFile(await readFile(join(folder, name)), served);
    if (reason) return `file '${name}': ${reason}`;
  }
  return null;
}

function wrongFile(content, { bytes, sha256 }) {
  if (content.length !== bytes) return `${content.length} bytes, ${bytes} were served`;
  const found = createHash('sha256').update(content).digest('hex');
  return found === sha256 ? null : 'other bytes than were served';
}
