// Processes that are killed while they save: under its name a file is whole or not there at all, and what is unfinished is taken up
// again or makes room for the next.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { startInChild } = require('./child.js');
const { bytesOf, folder, namesIn } = require('./disk.js');
const { serve } = require('./server.js');

const KILLS = 200;
/** In which a process has time to save everything, and to begin again. */
const LIFE = 40;

/** Small files, and a few large ones, of which the disk sees more than one piece. */
const BODIES = new Map(
  Array.from({ length: 30 }, (_, i) => [`file-${i}`, bytesOf(i % 10 === 9 ? 500_000 : 50 * i, i)]),
);

const onUnix = { skip: process.platform === 'win32' && 'Windows has no signals' };

/** Numbers in [0, 1), the same in every run. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A server of `BODIES`, with tags and ranges. */
function serveBodies(t, onRequest) {
  return serve(t, (request, response) => {
    const [, lane, name] = request.url.split('/');
    const body = BODIES.get(name);
    const { range } = request.headers;
    const start = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)[1]);
    response.setHeader('etag', `"${name}"`);
    if (start >= body.length && range !== undefined) {
      return response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
    }
    if (range !== undefined) {
      response.setHeader('content-range', `bytes ${start}-${body.length - 1}/${body.length}`);
    }
    response.writeHead(range === undefined ? 200 : 206, { 'content-length': body.length - start });
    send(response, body.subarray(start));
    onRequest(lane, range !== undefined);
  });
}

/** In pieces, so that there are instants in between. */
function send(response, body) {
  response.write(body.subarray(0, 40_000));
  if (body.length <= 40_000) return response.end();
  setImmediate(() => send(response, body.subarray(40_000)));
}

/** Saves everything, over and over, into ever the same folder. Never ends. */
async function saveForever({ list, dir, ifExists }) {
  const fs = require('node:fs');
  const { downloadAll } = require('manyfetch');
  for (;;) {
    const results = await downloadAll(list, { saveTo: { dir, ifExists } });
    for (const { error } of results) if (error !== undefined) throw error;
    for (const name of fs.readdirSync(dir)) fs.rmSync(`${dir}/${name}`);
  }
}

/** Whether every file that has its name is whole. Counts those that are not finished. */
function look(dir) {
  const names = namesIn(dir);
  const unfinished = names.filter((name) => name.startsWith('.'));
  for (const name of names) {
    if (unfinished.includes(name)) continue;
    const text = fs.readFileSync(path.join(dir, name));
    assert.ok(BODIES.get(name)?.equals(text), `${name} is not whole`);
  }
  return unfinished.length;
}

const LANES = ['resume', 'replace', 'skip', 'resume'];

test(
  `after ${KILLS} kills there is no file that is not whole, and nothing piles up`,
  onUnix,
  async (t) => {
    const arrivals = LANES.map(() => ({ begun: () => {}, ranges: 0 }));
    const { url } = await serveBodies(t, (lane, isRange) => {
      arrivals[lane].begun();
      arrivals[lane].ranges += isRange ? 1 : 0;
    });
    let unfinished = 0;
    const live = async (lane) => {
      const [ifExists, dir, random] = [LANES[lane], folder(t), randomFrom(lane + 1)];
      const list = [...BODIES.keys()].map((name) => `${url}/${lane}/${name}`);
      for (let kill = 0; kill < KILLS / LANES.length; kill++) {
        const begun = new Promise((resolve) => {
          arrivals[lane].begun = resolve;
        });
        const { child, ended } = startInChild(saveForever, { list, dir, ifExists });
        const first = await Promise.race([begun, ended]);
        // One that ended by itself has failed.
        assert.equal(first?.stderr, undefined);
        setTimeout(() => child.kill('SIGKILL'), random() * LIFE);
        await once(child, 'exit');
        assert.equal((await ended).signal, 'SIGKILL');
        const count = look(dir);
        unfinished += count;
        // Those in flight, with their notes, and those of before that are not taken up yet.
        assert.ok(count <= 2 * BODIES.size, `${count} are not finished`);
      }
      const results = await downloadAll(list, { saveTo: { dir, ifExists } });
      for (const { error } of results) assert.equal(error, undefined);
      assert.equal(look(dir), 0);
      assert.equal(namesIn(dir).length, BODIES.size);
    };
    await Promise.all(LANES.map((_ifExists, lane) => live(lane)));
    // Some were killed in the middle of a file, and went on there.
    assert.ok(unfinished > 0);
    assert.ok(arrivals[0].ranges + arrivals[3].ranges > 0);
  },
);
