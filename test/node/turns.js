// Servers that answer each request in another way, as raw bytes; and downloads that were cut off.

'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { downloadAll } = require('../../index.js');
const { folder, namesIn, outcomes } = require('./disk.js');
const { serveRaw } = require('./server.js');

/** A server whose n-th request is answered by the n-th of `turns`, and what comes later by the last. It keeps the heads. */
async function serveTurns(t, turns) {
  const heads = [];
  const server = await serveRaw(t, (socket, head) => {
    const turn = turns[Math.min(heads.push(head), turns.length) - 1];
    turn(socket, head);
  });
  return Object.assign(server, { heads });
}

/** A turn that sends `fields`, a status line first, and then `body`, the length of which is among the fields or is added. */
function answer(fields, body = '') {
  const isFramed = fields.some((field) => /^(content-length|transfer-encoding):/i.test(field));
  const length = isFramed ? [] : [`Content-Length: ${body.length}`];
  const head = `HTTP/1.1 ${[...fields, ...length].join('\r\n')}\r\n\r\n`;
  return (socket) => socket.write(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
}

/** The same, for a body that ends before its end: of `body`, `count` bytes come. */
function cut(fields, body, count) {
  const whole = answer([...fields, `Content-Length: ${body.length}`], body.subarray(0, count));
  return (socket) => {
    whole(socket);
    socket.end();
  };
}

/** The fields of one name in `head`. */
function fieldsOf(head, name) {
  const lines = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(': '));
  return lines.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

const RESUMED = { ifExists: 'resume' };
const QUICKLY = { backoff: { base: 0 } };

/** Downloads `/file` once more, into `dir`. */
function resume(server, dir, options = {}) {
  const saveTo = { dir, ...RESUMED };
  return downloadAll([`${server.url}/file`], { saveTo, retry: QUICKLY, ...options });
}

/** A folder with what a download of `/file` leaves that is cut off, by the first turn of `server`. */
async function leavePart(t, server) {
  const dir = folder(t);
  const results = await resume(server, dir, { retry: false });
  assert.deepEqual(outcomes(results), ['ERR_BODY_TRUNCATED']);
  assert.equal(results[0].file, undefined);
  return { dir, part: path.join(dir, '.file.part'), notes: path.join(dir, '.file.part.json') };
}

/** Whether there is something that can be continued, and nothing else. */
function assertParted(dir) {
  assert.deepEqual(namesIn(dir), ['.file.part', '.file.part.json']);
}

module.exports = { answer, assertParted, cut, fieldsOf, leavePart, resume, serveTurns };
