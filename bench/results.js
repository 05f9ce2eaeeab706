// bench/results/<date>-<machine>/: each record as soon as it is there, then the tables, what it was measured with, and the page.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barColumns } from './bars.js';
import { describeCores } from './cores.js';
import { groupsOf, notesOf } from './groups.js';
import { slugOf } from './machine.js';
import { writePage } from './page/write.js';
import { tableMarkdown } from './report.js';

export const home = fileURLToPath(new URL('results', import.meta.url));

export function openResults(machine, { parent = home, now = new Date() } = {}) {
  const name = `${now.toISOString().slice(0, 10)}-${slugOf(machine)}`;
  let folder;
  // Made with the first record, so that a run that is stopped before leaves nothing.
  const put = (write, file, text) => {
    folder ??= freshFolder(parent, name);
    write(join(folder, file), text);
  };
  return {
    get folder() {
      return folder;
    },
    append: (record) => put(appendFileSync, 'raw.jsonl', `${JSON.stringify(record)}\n`),
    finish: (report) => {
      put(writeFileSync, 'summary.md', summaryText(report));
      put(writeFileSync, 'README.md', readmeText(report));
      put(writeFileSync, 'run.json', jsonOf(report));
      writePage(folder);
    },
  };
}

/** All of a run but its records, which are given where they shall be in it. */
export function jsonOf({ suite, site, ...run }, records) {
  const document = { schema: 1, suite: suite.name, ...run, site: site.settings, records };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** A second run on the same day gets a folder of its own: two runs never mix. */
function freshFolder(parent, name) {
  mkdirSync(parent, { recursive: true });
  for (let run = 1; ; run++) {
    const folder = join(parent, run === 1 ? name : `${name}-${run}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

function summaryText({ suite, rounds, requests, live, rows, bars }) {
  const place = live ? ', live' : '';
  const times = rounds === 1 ? 'One round' : `Medians over ${rounds} interleaved rounds`;
  const size = requests === undefined ? '' : `, ${requests} requests each${suite.sizes ?? ''}`;
  const parts = [
    `# ${suite.name}${place}: ${suite.title}`,
    `${times}${size}.`,
    ...groupsOf(suite, rows).map((group) => tableOf(group, suite.columns)),
    ...(bars.length > 0 ? [`## Bars`, tableMarkdown(bars, barColumns)] : []),
    notesOf(rows)
      .map((note) => `- ${note}`)
      .join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableOf({ title, rows }, columns) {
  const table = tableMarkdown(rows, columns);
  return title ? `## ${title}\n\n${table}` : table;
}

function readmeText({ suite, machine, command, site, cores, versions, startedAt }) {
  const facts = {
    date: startedAt,
    suite: suite.name,
    command: `\`${command}\``,
    commit: machine.commit,
    CPU: `${machine.cpu}, ${machine.cores} cores`,
    memory: `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    system: machine.os,
    ...(cores && { cores: describeCores(cores) }),
    [site.live ? 'live pages' : 'origin']: `\`${JSON.stringify(site.settings)}\``,
    node: machine.node,
    rustc: machine.rustc,
    'seen in the records': versions.join(', '),
  };
  const lines = Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`);
  return `# A run of the benchmark

${lines.join('\n')}

\`summary.md\` has the tables and \`report.html\` the charts, \`raw.jsonl\` every sample behind them: one line each, as
\`bench/README.md\` describes them. \`run.json\` has what is said here and in the tables, for programs.
`;
}
