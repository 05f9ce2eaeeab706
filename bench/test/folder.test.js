import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkFolder, freshFolder } from '../folder.js';

const links = ['one', 'two'].map((name) => ({ name, url: `http://a.test/${name}` }));
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const expected = new Map(links.map(({ name, url }) => [url, { bytes: 3, sha256: sha256(name) }]));

/** Looks through a folder with both files, once `spoil` has been at it. */
async function checkedAfter(spoil) {
  const { scenario, clear } = await freshFolder();
  const { folder } = scenario;
  for (const { name } of links) await writeFile(join(folder, name), name);
  await spoil(folder);
  const reason = await checkFolder(folder, links, expected);
  await clear();
  assert.equal(existsSync(folder), false);
  return reason;
}

test('a folder with each file as it was served is believed', async () => {
  assert.equal(await checkedAfter(() => {}), null);
});

test('a file that is missing, short, another or too many is named', async () => {
  const spoils = [
    [(folder) => rm(join(folder, 'two')), /1 of 2 files are missing, 'two' is one/],
    [(folder) => writeFile(join(folder, 'two'), 'tw'), /file 'two': 2 bytes, 3 were served/],
    [(folder) => writeFile(join(folder, 'two'), 'owt'), /file 'two': other bytes/],
    [(folder) => writeFile(join(folder, 'one.part'), ''), /'one.part' does not belong/],
  ];
  for (const [spoil, reason] of spoils) assert.match(await checkedAfter(spoil), reason);
});
