// Name and version of an installed library, also of one that does not export its package.json.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export function libraryOf(name, from = import.meta.url) {
  const folders = createRequire(from).resolve.paths(name);
  const file = folders.map((folder) => join(folder, name, 'package.json')).find(existsSync);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
