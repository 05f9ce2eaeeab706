// Methods: written as fetch writes them, or refused before anything is sent.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve, serveHeads } = require('./server.js');

test('methods are written as fetch writes them', async (t) => {
  const { url, heads } = await serveHeads(t);
  const methods = [
    'get',
    'Head',
    'post',
    'put',
    'delete',
    'options',
    'PATCH',
    'patch',
    'TRACE',
    'REPORT',
    'm-search',
  ];
  for (const method of methods) await downloadAll([url], { method });
  await downloadAll([{ url, method: 'put' }], { method: 'POST' });
  assert.deepEqual(
    heads.map((head) => head.split(' ')[0]),
    [
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'DELETE',
      'OPTIONS',
      'PATCH',
      'patch',
      'TRACE',
      'REPORT',
      'm-search',
      'PUT',
    ],
  );
});

test('a method that means to send a body says that there is none', async (t) => {
  const { url, heads } = await serveHeads(t);
  for (const method of ['POST', 'PUT', 'GET', 'DELETE']) await downloadAll([url], { method });
  const lengths = heads.map((head) => head.match(/^content-length: (.*)$/im)?.[1]);
  assert.deepEqual(lengths, ['0', '0', undefined, undefined]);
});

test('what is no method is refused', async (t) => {
  const server = await serveHeads(t);
  const { url } = server;
  const wrong = ['', 'G ET', 'GET\r\nevil: 1', 'G\0', '\u00e9', '\ud800', 'GET /evil HTTP/1.1\r\n'];
  const cases = wrong.map((method) => [method, 'ERR_INVALID_HTTP_TOKEN']);
  cases.push(['CONNECT', 'ERR_INVALID_ARG_VALUE'], ['connect', 'ERR_INVALID_ARG_VALUE']);
  cases.push(
    [5, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [Symbol('GET'), 'ERR_INVALID_ARG_TYPE'],
  );
  for (const [method, code] of cases) {
    await assert.rejects(
      downloadAll([url], { method }),
      { name: 'TypeError', code },
      String(method),
    );
    const [result] = await downloadAll([{ url, method }]);
    assert.equal(result.error.code, code);
  }
  assert.equal(server.accepted, 0);
});

test('an endless method is an error of its item, which does not repeat it', async (t) => {
  const { url } = await serve(t);
  const [long, fine] = await downloadAll([{ url, method: 'A'.repeat(1 << 20) }, url], {
    retry: false,
  });
  assert.equal(fine.status, 200);
  assert.notEqual(long.error, undefined);
  assert.ok(long.error.message.length < 1_000, `${long.error.message.length} characters`);
});
