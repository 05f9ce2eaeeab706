// A run as one page that needs nothing else: no network, no script, no font. Pure.

import { barColumns } from '../bars.js';
import { describeCores } from '../cores.js';
import { notesOf } from '../groups.js';
import { chartSections } from './charts.js';
import { markup, trusted } from './markup.js';
import { memorySections } from './memory-lines.js';
import { isOurs } from './samples.js';
import { tableOf } from './table.js';
import { timelineSections } from './timelines.js';

/**
 * @param {{run: object, suite: object, records: object[]}} data as readRun reads it
 * @param {string} style the style sheet
 */
export function pageOf(data, style) {
  const { run, suite } = data;
  const sections = [
    ...chartSections(data),
    ...timelineSections(data),
    ...memorySections(data),
    ...aimSections(data),
    ...absentSections(data),
    ...noteSections(data),
    { id: 'run', title: 'How it was measured', content: factsOf(data) },
  ];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${suite.name} · manyfetch benchmark</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">To the charts</a>
<header>
<p class="kicker">manyfetch, the benchmark</p>
<h1>${suite.name}${run.live && ', live'}</h1>
<p class="lead">${suite.title}.</p>
<p class="facts">${sizeOf(data)} ${run.startedAt.slice(0, 10)} · ${run.machine.cpu}, ${run.machine.cores} cores · Node ${run.machine.node} · commit <code>${run.machine.commit}</code></p>
${legendOf(run.rows)}
</header>
<nav aria-label="On this page"><ul>${sections.map(linkTo)}</ul></nav>
<main id="main" tabindex="-1">
${sections.map(sectionOf)}
</main>
<footer><p><code>raw.jsonl</code> has every sample, <code>summary.md</code> the tables. <code>npm run bench -- report</code> makes this page anew.</p></footer>
</body>
</html>
`;
}

function linkTo({ id, title, short }) {
  return markup`<li><a href="#${id}">${short ?? title}</a></li>`;
}

function sectionOf({ id, title, content }) {
  return markup`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${title}</h2>
${content}
</section>
`;
}

function sizeOf({ run, suite }) {
  const times = run.rounds === 1 ? 'One round' : `Medians over ${run.rounds} interleaved rounds`;
  if (!run.requests) return `${times}.`;
  const fewer = suite.sizes ? ', fewer of who is slow' : '';
  return `${times}, ${new Intl.NumberFormat('en').format(run.requests)} requests each${fewer}.`;
}

/** Only what is there to be told apart. */
function legendOf(rows) {
  const kinds = [
    { kind: 'ours', title: 'manyfetch', isOf: isOurs },
    { kind: 'peer', title: 'others', isOf: (row) => !isOurs(row) && row.role !== 'limit' },
    { kind: 'limit', title: 'limits, which are no rivals', isOf: ({ role }) => role === 'limit' },
  ].filter(({ isOf }) => rows.some(isOf));
  if (kinds.length < 2) return null;
  return markup`<ul class="legend">${kinds.map(
    ({ kind, title }) =>
      markup`<li class="row ${kind}"><svg width="28" height="12" aria-hidden="true"><rect class="value" x="1" y="1" width="26" height="10"/></svg> <span class="name">${title}</span></li>`,
  )}</ul>`;
}

function aimSections({ run }) {
  if (run.bars.length === 0) return [];
  const cells = run.bars.map((bar) => barColumns.map(({ cell }) => cell(bar)));
  const content = markup`<p>What this project wants to reach, and what this run reached.</p>
${tableOf('Aims', barColumns, cells)}`;
  return [{ id: 'aims', title: 'Aims', content }];
}

/** Rows that have no bar, or not one of every sample, and why. */
function absentSections({ run }) {
  const absent = run.rows.filter(({ check }) => check !== 'ok');
  if (absent.length === 0) return [];
  const line = ({ id, case: caseId, check }) =>
    markup`<li><b>${id}</b>${caseId && ` in ${caseId}`}: ${check}</li>`;
  const content = markup`<ul>${absent.map(line)}</ul>`;
  return [{ id: 'absent', title: 'Not there, or not believed', content }];
}

function noteSections({ run }) {
  const notes = notesOf(run.rows);
  if (notes.length === 0) return [];
  const content = markup`<ul>${notes.map((note) => markup`<li>${note}</li>`)}</ul>`;
  return [{ id: 'notes', title: 'Notes', content }];
}

function factsOf({ run }) {
  const { machine, cores, site, versions } = run;
  const facts = {
    started: run.startedAt,
    command: run.command,
    commit: machine.commit,
    CPU: `${machine.cpu}, ${machine.cores} cores`,
    memory: `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    system: machine.os,
    ...(cores && { cores: describeCores(cores) }),
    [run.live ? 'live pages' : 'origin']: JSON.stringify(site),
    node: machine.node,
    rustc: machine.rustc,
    'seen in the records': versions.join(', '),
  };
  return markup`<dl>${Object.entries(facts).map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
