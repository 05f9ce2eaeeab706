import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { slugOf } from '../machine.js';
import { openResults } from '../results.js';

const machine = { cpu: 'Intel(R) Xeon(R) CPU E5-2670 v2 @ 2.50GHz', cores: 4 };

test('the name of a machine is its processor and its cores', () => {
  assert.equal(slugOf(machine), 'intel-xeon-e5-2670-v2-4c');
  assert.equal(slugOf({ cpu: 'AMD EPYC 7763 64-Core Processor', cores: 2 }), 'amd-epyc-7763-2c');
  assert.equal(slugOf({ cpu: '', cores: 1 }), 'unknown-1c');
});

test('two runs on one day never mix, and a record is on disk at once', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'manyfetch-results-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const now = new Date();
  const [first, second] = [1, 2].map(() => openResults(machine, { parent, now }));
  assert.deepEqual(readdirSync(parent), []);
  first.append({ round: 1 });
  first.append({ round: 2 });
  second.append({ round: 1 });
  assert.equal(basename(second.folder), `${basename(first.folder)}-2`);
  assert.equal(readFileSync(join(first.folder, 'raw.jsonl'), 'utf8'), '{"round":1}\n{"round":2}\n');
});
