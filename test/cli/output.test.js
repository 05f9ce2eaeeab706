// How results are told: in each format, without anything that a terminal or a spreadsheet would obey, and to a pipe that closes.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { closedPort, serve, serveRaw } = require('../node/server.js');
const { fetchRecords, linesOf, makeFiles, runCommand, startCommand } = require('./command.js');

/** A server whose answer is in the path: a status, or a redirect to `/200`. */
function serveStatuses(t) {
  return serve(t, (request, response) => {
    const status = Number(request.url.slice(1, 4));
    const headers = status === 302 ? { location: '/200' } : {};
    response.writeHead(status, headers).end('x'.repeat(1234));
  });
}

test('text has the status, the size, the time and the URL, and what there is to say', async (t) => {
  const { url } = await serveStatuses(t);
  const refused = `http://127.0.0.1:${await closedPort(t)}/`;
  const at = makeFiles(t);
  const saved = await runCommand(['-o', at('out'), `${url}/200`]);
  const urls = [`${url}/404`, `${url}/302`, refused];
  const { code, stdout } = await runCommand(['--format', 'text', '--retry', '0', ...urls]);
  assert.equal(code, 1);
  const time = String.raw`+\d+ ms  `;
  const told = saved.stdout + linesOf(stdout).sort().join('\n');
  const expected = [
    String.raw`200    1\.2 kB ${time}${url}/200  in ${at('out')}/200`,
    String.raw`200    1\.2 kB ${time}${url}/302  -> ${url}/200`,
    String.raw`404    1\.2 kB ${time}${url}/404`,
    `ERR       0 B ${time}${refused}  ECONNREFUSED`,
  ];
  for (const [i, line] of told.split('\n').entries()) {
    assert.match(line, new RegExp(`^${expected[i]}$`));
  }
});

test('NDJSON has all of a result but its body, and that with --body', async (t) => {
  const { url } = await serve(t, (_request, response) => {
    response.setHeader('content-type', 'text/plain; charset=iso-8859-1');
    response.end(Buffer.from([0xe4]));
  });
  const { records } = await fetchRecords([url]);
  const { timings, ...record } = records[0];
  assert.deepEqual(record, {
    ...{ index: 0, url: `${url}/`, requestUrl: `${url}/`, status: 200, ok: true },
    ...{ size: 1, wireSize: 1, httpVersion: '1.1', attempts: 1 },
  });
  assert.deepEqual(Object.keys(timings), [
    ...['queue', 'dns', 'connect', 'firstByte', 'download', 'total', 'reused'],
  ]);
  assert.equal((await fetchRecords(['--body', url])).records[0].body, 'ä');
});

test('a body that was cut is not told', async (t) => {
  const { url } = await serveRaw(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  );
  const { code, records } = await fetchRecords(['--body', '--retry', '0', url]);
  assert.deepEqual([code, records[0].status, 'body' in records[0]], [1, 200, false]);
  assert.equal(records[0].error.code, 'ERR_BODY_TRUNCATED');
});

test('CSV has a head, and a row for each result', async (t) => {
  const { url } = await serveStatuses(t);
  const input = `{"url":"${url}/200?a,b","tag":"x \\"y\\""}\n${url}/404\nhttp://a.test:x/\n`;
  const { code, stdout } = await runCommand(['--format', 'csv', '-'], { input });
  assert.equal(code, 1);
  const [head, ...rows] = linesOf(stdout);
  assert.equal(
    head,
    'index,tag,requestUrl,url,status,ok,size,wireSize,file,fromJournal,httpVersion,attempts,' +
      'queue,dns,connect,firstByte,download,total,reused,code,phase,message',
  );
  const [good, missing, bad] = rows.sort();
  const address = `"${url}/200?a,b"`;
  assert.ok(good.startsWith(`0,"x ""y""",${address},${address},200,true,1234,1234,,,1.1,1,`), good);
  assert.match(good, /,(true|false),,,$/);
  assert.match(missing, /^1,,.*,404,false,1234,/);
  assert.match(bad, /,ERR_INVALID_URL,,"stdin, line 3: invalid URL.*"$/);
});

test('CSV of a list of nothing has a head', async () => {
  const { stdout } = await runCommand(['--format', 'csv', '-']);
  assert.match(stdout, /^index,.*\n$/);
});

test('a cell that a spreadsheet would take for a formula is marked as text', async () => {
  const starts = ['=1+1', '+1', '-1', '@a', 'a=1'];
  const input = starts.map((tag) => JSON.stringify({ url: 'x', tag })).join('\n');
  const { stdout } = await runCommand(['--format', 'csv', '-'], { input });
  const tags = linesOf(stdout)
    .slice(1)
    .map((line) => line.split(',')[1]);
  assert.deepEqual(tags, ["'=1+1", "'+1", "'-1", "'@a", 'a=1']);
});

const ESCAPES = {
  colour: '\x1b[31m',
  title: '\x1b]0;owned\x07',
  'of one byte': '\x9b31m',
  bell: '\x07\x08\x7f',
  'turned around': '\u202egnp.exe\u2066',
  'of lines': '\u2028\u2029\u0085',
  'not seen': '\u200b\ufeff\u{e0041}',
  'half a pair': '\ud83d',
};
/** All that must not be there but the ends of lines. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Items with such text in all places of the list, and URLs of a server that sends it in all places of an answer. */
function listOf(url) {
  return Object.entries(ESCAPES).flatMap(([what, text], i) => [
    { url: `${url}/${i}`, tag: { [text]: text } },
    { url: `${url}/redirect/${i}`, tag: `${what}${text}` },
    { url: `${url}/broken/${i}` },
    { url: `x${text}y` },
    { url, method: text },
    { url, [text]: 1 },
    { url: `http://${text}/` },
  ]);
}

for (const format of ['text', 'csv', 'ndjson']) {
  test(`${format} has nothing of others in it that would do something`, async (t) => {
    const texts = Object.values(ESCAPES).map((text) => Buffer.from(text).toString('latin1'));
    const { url } = await serveRaw(t, (socket, head) => {
      const text = texts[Number(head.match(/(\d) HTTP/)?.[1] ?? 0)].replace(/[\r\n]/g, '');
      const rest = `X: ${text}\r\nContent-Length: 1\r\n\r\n`;
      if (head.includes('/redirect'))
        socket.end(`HTTP/1.1 302 ${text}\r\nLocation: http://${text}/\r\n${rest}`, 'latin1');
      else if (head.includes('/broken')) socket.end(`HTTP/1.1 ${text} OK\r\n${rest}`, 'latin1');
      else socket.end(`HTTP/1.1 404 ${text}\r\n${rest}${text}`, 'latin1');
    });
    const at = makeFiles(t);
    const list = listOf(url);
    const args = [
      '--format',
      format,
      '--retry',
      '0',
      '-',
      ...(format === 'ndjson' ? ['--body'] : []),
    ];
    const input = list.map((item) => JSON.stringify(item)).join('\n');
    const { stdout, stderr } = await runCommand([...args, '--failed', at(`x${ESCAPES.colour}`)], {
      input,
    });
    const lines = linesOf(stdout);
    assert.equal(lines.length, list.length + (format === 'csv' ? 1 : 0));
    for (const [i, line] of lines.entries()) assert.doesNotMatch(line, UNSEEN, String(i));
    assert.doesNotMatch(stderr, UNSEEN);
    if (format !== 'ndjson') return;
    const tags = lines.map((line) => JSON.parse(line)).filter(({ tag }) => typeof tag === 'string');
    assert.deepEqual(
      tags.map(({ tag }) => tag).sort(),
      list.flatMap(({ tag }) => (typeof tag === 'string' ? [tag] : [])).sort(),
      'and means the same',
    );
  });
}

test('nor have messages about what was asked for', async () => {
  for (const args of [
    [`--x${ESCAPES.colour}`],
    [ESCAPES.title],
    ['--rate', ESCAPES.colour, 'http://a.test/'],
    ['--proxy', ESCAPES['of one byte'], 'http://a.test/'],
    ['-H', `${ESCAPES.colour}: 1`, 'http://a.test/'],
  ]) {
    const { code, stderr } = await runCommand(args);
    assert.equal(code, 2);
    assert.notEqual(stderr, '');
    assert.doesNotMatch(stderr, UNSEEN, JSON.stringify(stderr));
  }
});

test('a pipe that nobody reads any more ends the command quietly', async (t) => {
  const { url } = await serve(t);
  const { child, ended } = startCommand(['-', '-c', '1']);
  child.stdin.write(`${url}/1\n`);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await once(child.stdout, 'close');
  // The list does not end: it is not waited for.
  child.stdin.write(`${url}/2\n${url}/3\n`);
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [141, '']);
});

test('a reader that is slow is waited for, in bounded memory', async (t) => {
  let asked = 0;
  const { url } = await serve(t, (_request, response) => {
    asked += 1;
    response.end('x'.repeat(100_000));
  });
  const args = ['--format', 'ndjson', '--body', '-q', '-'];
  const { child, ended } = startCommand(args);
  child.stdout.pause();
  child.stdin.end(Array.from({ length: 3_000 }, (_, i) => `${url}/${i}\n`).join(''));
  // Bodies fill what may be held. That nothing more is asked for then can only be seen for a while.
  let before = -1;
  while (asked !== before || asked === 0) {
    before = asked;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(asked < 3_000, `${asked} were asked for`);
  child.stdout.resume();
  const { code, stdout } = await ended;
  assert.deepEqual([code, linesOf(stdout).length, asked], [0, 3_000, 3_000]);
});

test('the summary has totals, percentiles, statuses and errors by code', async (t) => {
  const { url } = await serveStatuses(t);
  const refused = `http://127.0.0.1:${await closedPort(t)}/`;
  const { stderr } = await runCommand([
    '--retry',
    '0',
    `${url}/200`,
    `${url}/404`,
    `${url}/200`,
    refused,
  ]);
  const [totals, ...rest] = linesOf(stderr);
  assert.match(totals, /^4 done, 2 ok, 2 failed in [\d.]+ m?s \([\d.]+\/s\), 3\.7 kB$/);
  assert.match(rest.join('\n'), /^statuses {2}200: 2, 404: 1$/m);
  assert.match(rest.join('\n'), /^errors {4}ECONNREFUSED: 1$/m);
  assert.match(rest.join('\n'), /^latency {3}p50 \d+ ms, p90 \d+ ms, p99 \d+ ms, max \d+ ms$/m);
});

test('the summary has the advice, in terms of flags', async (t) => {
  const { url } = await serve(t, (_request, response) => setTimeout(() => response.end(), 25));
  const urls = Array.from({ length: 40 }, (_, i) => `${url}/${i}`);
  const { stderr } = await runCommand(['--per-host', '2', ...urls]);
  assert.match(
    stderr,
    /^advice {4}host 127\.0\.0\.1:\d+ was at its cap of 2 .* raise --per-host if /m,
  );
});
