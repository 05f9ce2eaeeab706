// What a list may be made of, and what becomes of lines that make no sense.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { serveRequests } = require('../node/server.js');
const { fetchRecords, makeFiles, runCommand } = require('./command.js');

/** The paths that are asked for with this list, which is made with the URL of the server. */
async function pathsOf(t, listOf, args) {
  const { url, requests } = await serveRequests(t);
  const { code, stderr } = await runCommand(args, { input: listOf(url) });
  assert.equal(code, 0, stderr);
  return requests.map((request) => request.url).sort();
}

test('a list is of URLs, files and stdin, all together and in their order', async (t) => {
  const { url } = await serveRequests(t);
  const at = makeFiles(t, { 'a.txt': `${url}/2\n${url}/3\n` });
  const args = [`${url}/1`, at('a.txt'), '-', `${url}/5`];
  const { code, records } = await fetchRecords(args, { input: `${url}/4` });
  assert.equal(code, 0);
  assert.deepEqual(
    records.map(({ index, requestUrl }) => [index, requestUrl]),
    [1, 2, 3, 4, 5].map((n) => [n - 1, `${url}/${n}`]),
  );
});

for (const [name, bytesOf] of Object.entries({
  'ends its lines as Unix does': (lines) => Buffer.from(lines.join('\n')),
  'ends its lines as Windows does': (lines) => Buffer.from(`${lines.join('\r\n')}\r\n`),
  'begins with a byte order mark': (lines) => Buffer.from(`\ufeff${lines.join('\n')}\n`),
  'is UTF-16, as PowerShell writes it': (lines) =>
    Buffer.from(`\ufeff${lines.join('\r\n')}\r\n`, 'utf16le'),
})) {
  test(`a list of lines ${name}`, async (t) => {
    const listOf = (url) => bytesOf(['# of mine', `${url}/ä`, '', `  ${url}/2  `, '#', `${url}/3`]);
    assert.deepEqual(await pathsOf(t, listOf, ['-']), ['/%C3%A4', '/2', '/3'].sort());
  });
}

test('a line that begins with a brace is an item, with all its options', async (t) => {
  const { url, requests } = await serveRequests(t);
  const item = {
    url: `${url}/a`,
    method: 'PUT',
    headers: { 'x-a': '1' },
    json: [1],
    tag: { id: 7 },
  };
  const { code, records } = await fetchRecords(['-', '-H', 'x-b: 2'], {
    input: `${url}/b\n${JSON.stringify(item)}\n`,
  });
  assert.equal(code, 0);
  assert.deepEqual(
    records.map(({ tag }) => tag),
    [undefined, { id: 7 }],
  );
  const { method, headers, body } = requests.find((request) => request.url === '/a');
  assert.deepEqual(
    [method, headers['x-a'], headers['x-b'], String(body)],
    ['PUT', '1', '2', '[1]'],
  );
});

test('--input-format says what a list is', async (t) => {
  const ndjson = (url) => `"${url}/1"\n{"url":"${url}/2"}\n`;
  assert.deepEqual(await pathsOf(t, ndjson, ['--input-format', 'ndjson', '-']), ['/1', '/2']);
  const csv = (url) => `url\n${url}/1\n`;
  assert.deepEqual(await pathsOf(t, csv, ['--input-format', 'csv', '-']), ['/1']);
  const { records } = await fetchRecords(['--input-format', 'lines', '-'], {
    input: '{"url":1}\n',
  });
  assert.equal(records[0].error.code, 'ERR_INVALID_URL');
});

test('CSV is told by its name or by --column, and is read by RFC 4180', async (t) => {
  const rows = (url) =>
    `\ufeffn,"my ""links"""\r\n1,${url}/1\r\n\r\n2,"${url}/2?a,b"\n"3\n",${url}/3`;
  const { url } = await serveRequests(t);
  const at = makeFiles(t, {
    'a.CSV': rows(url),
    'b.txt': rows(url),
    'c.csv': `x,url\n1,${url}/c\n`,
  });
  for (const file of ['a.CSV', 'b.txt']) {
    const { code, records, stderr } = await fetchRecords([at(file), '--column', 'my "links"']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      records.map(({ requestUrl }) => requestUrl.replace(url, '')),
      ['/1', '/2?a,b', '/3'],
    );
  }
  assert.equal((await runCommand([at('c.csv')])).code, 0);
});

test('CSV without the column is misuse, and the columns that there are are named', async (t) => {
  const at = makeFiles(t, { 'a.csv': 'x,link\n1,2\n', 'b.csv': '' });
  const { code, stderr } = await runCommand([at('a.csv')]);
  assert.equal(code, 2);
  assert.match(stderr, /a\.csv has no column 'url': it has 'x', 'link'\. --column says which/);
  assert.match((await runCommand([at('b.csv')])).stderr, /no column 'url': it is empty/);
});

const FAULTS = {
  'example.com': ['ERR_INVALID_URL', "'example.com' has no scheme: write https://example.com"],
  'localhost:8080/a': ['ERR_INVALID_URL', 'has no scheme'],
  'ftp://a.test/': ['ERR_UNSUPPORTED_PROTOCOL', "'ftp:' is not supported"],
  'http://': ['ERR_INVALID_URL', 'invalid URL'],
  '{"url":': ['ERR_INVALID_ARG_VALUE', 'the line is not JSON'],
  '{"uri":"x"}': ['ERR_INVALID_ARG_VALUE', "'item.uri' is not an option. Did you mean 'url'?"],
  '{}': ['ERR_INVALID_ARG_TYPE', 'item.url must be a string'],
  '{"url":"http://a.test/","timeout":"x"}': ['ERR_INVALID_ARG_TYPE', 'item.timeout must be'],
  '{"url":"http://a.test/","file":"../x"}': ['ERR_INVALID_ARG_VALUE', 'item.file goes with -o'],
};

test('a line that makes no sense is a failed item with the number of its line', async (t) => {
  const { url } = await serveRequests(t);
  const input = `${url}/first\n\n${Object.keys(FAULTS).join('\n')}\n${url}/last\n`;
  const { code, records, stderr } = await fetchRecords(['-'], { input });
  assert.equal(code, 1);
  assert.match(stderr, /^11 done, 2 ok, 9 failed/);
  assert.ok(records.at(0).ok && records.at(-1).ok, 'the others go on');
  for (const [i, [line, [error, message]]] of Object.entries(FAULTS).entries()) {
    const record = records[i + 1];
    assert.equal(record.error.code, error, line);
    assert.ok(record.error.message.startsWith(`stdin, line ${i + 3}: `), record.error.message);
    assert.ok(record.error.message.includes(message), record.error.message);
  }
});

test('so is a line of NDJSON that is neither an object nor a string', async () => {
  const { records } = await fetchRecords(['--input-format', 'ndjson', '-'], {
    input: '5\n[]\nnull\nx\n',
  });
  assert.deepEqual(
    records.map(({ error }) => error.code),
    new Array(4).fill('ERR_INVALID_ARG_VALUE'),
  );
});

test('so is a cell of CSV without a URL, and a record that nobody closes', async (t) => {
  const { url } = await serveRequests(t);
  const input = `url,n\n,1\n${url}/a,2\n"${url},3\n${url}/b,4\n`;
  const { code, records } = await fetchRecords(['--input-format', 'csv', '-'], { input });
  assert.equal(code, 1);
  assert.deepEqual(
    records.map(({ ok, error }) => (ok ? 'ok' : error.message)),
    [
      'stdin, line 2: there is no URL',
      'ok',
      'stdin, line 4: a quote is not closed, or the record is too long',
    ],
  );
});

test('a line of more than 16 MiB is a failed item, and takes no more memory', async (t) => {
  const { url } = await serveRequests(t);
  const input = `${url}/1\n${'x'.repeat(17 << 20)}\n${url}/2\n`;
  const { records } = await fetchRecords(['-'], { input });
  assert.deepEqual(
    records.map(({ ok, error }) => (ok ? 'ok' : error.message)),
    ['ok', 'stdin, line 2: the line is too long', 'ok'],
  );
});

test('a list of nothing is done at once', async (t) => {
  const at = makeFiles(t, { 'a.txt': '# none\n\n' });
  const { code, stdout, stderr } = await runCommand([at('a.txt')]);
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /^0 done, 0 ok, 0 failed in /);
});

const onLinux = { skip: process.platform !== 'linux' && 'there is no such file' };

test(
  'a file that turns out unreadable ends the list, and what came before it is done',
  onLinux,
  async (t) => {
    const { url } = await serveRequests(t);
    const { code, stdout, stderr } = await runCommand([`${url}/a`, '/proc/self/mem']);
    assert.equal(code, 1);
    assert.match(stdout, /^200 .*\/a\n$/);
    assert.match(stderr, /^manyfetch: the list ends early: EIO/);
  },
);
