// Folders of one test each, what is in them, and bodies of which no two parts are alike.

'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** An empty folder, which goes away with everything in it. */
function folder(t) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'manyfetch-')));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Every file in `dir` and below: its text by its path in `dir`. What is no regular file has no text. */
function filesIn(dir) {
  const texts = {};
  for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    texts[path.relative(dir, file)] = entry.isFile() ? fs.readFileSync(file, 'latin1') : undefined;
  }
  return texts;
}

/** The names in `dir` itself. */
function namesIn(dir) {
  return fs.readdirSync(dir).sort();
}

/** `size` bytes that look like nothing else: those of another `seed` are others, and no part occurs twice. */
function bytesOf(size, seed = 0) {
  const key = Buffer.alloc(16, seed);
  return crypto.createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** The code of each result's error, or its status where it has none. */
function outcomes(results) {
  return results.map(({ error, status }) => error?.code ?? status);
}

module.exports = { bytesOf, filesIn, folder, namesIn, outcomes };
