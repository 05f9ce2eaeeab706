// What was asked for wrongly: said on stderr, in the words of the command, with exit code 2 and before anything is sent.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');
const { serveRequests } = require('../node/server.js');
const { makeFiles, runCommand } = require('./command.js');

const FILES = { 'urls.txt': 'http://a.test/\n', 'a.csv': 'a,b\n' };

/** By what is wrong: arguments with the path of a file `at(name)` and the URL of a server, and what is said. */
const MISUSES = {
  'no list': [() => [], 'there is no list'],
  'an unknown flag': [(_at, url) => ['--concurency', '5', url], 'Did you mean --concurrency?'],
  'a flag without its value': [
    (_at, url) => [url, '-c'],
    "'-c, --concurrency <n>' argument missing",
  ],
  'a number that is none': [
    (_at, url) => ['-c', '1.5', url],
    "It takes a whole number from 1, or 'auto'",
  ],
  'a number below 1': [(_at, url) => ['--per-host', '0', url], 'a whole number from 1'],
  'a negative number': [(_at, url) => ['--retry', '-1', url], 'a whole number from 0'],
  'no time': [(_at, url) => ['-t', '0', url], 'seconds above 0'],
  'a time with a unit': [(_at, url) => ['-t', '5s', url], 'seconds above 0'],
  'a size that is none': [(_at, url) => ['--max-filesize', '5x', url], 'bytes, such as'],
  'a rate that is none': [
    (_at, url) => ['--rate', 'fast', url],
    "--rate: the rate 'fast' is not one",
  ],
  'no rate': [(_at, url) => ['--rate', '0', url], '--rate must be more than 0 requests a second'],
  'a rate of a host that is none': [
    (_at, url) => ['--rate-per-host', '5/x', url],
    '--rate-per-host: ',
  ],
  'an unknown format': [
    (_at, url) => ['--format', 'xml', url],
    'Allowed choices are text, ndjson, csv',
  ],
  'an unknown format of lists': [(_at, url) => ['--input-format', 'x', url], 'Allowed choices'],
  'an unknown way with files': [
    (_at, url) => ['-o', 'x', '--if-exists', 'x', url],
    'Allowed choices',
  ],
  'a header without a colon': [(_at, url) => ['-H', 'secret', url], "--header takes 'Name: value'"],
  'a header that is none': [(_at, url) => ['-H', 'a b: 1', url], "the header name 'a b'"],
  'a header that frames': [(_at, url) => ['-H', 'Content-Length: 1', url], /content-length/i],
  'a file of headers that is not there': [(at, url) => ['-H', `@${at('no')}`, url], '(ENOENT)'],
  'a method that is none': [(_at, url) => ['-X', 'a b', url], "'a b'"],
  'a body with GET': [(_at, url) => ['-X', 'GET', '-d', 'x', url], 'GET has no body'],
  'two bodies': [
    (_at, url) => ['-d', 'x', '--json', '1', url],
    '--data and --json do not go together',
  ],
  'JSON that is none': [(_at, url) => ['--json', '{', url], '--json: that is not JSON'],
  'a file of data that is not there': [(at, url) => ['-d', `@${at('no')}`, url], '(ENOENT)'],
  'data from stdin, which is the list': [() => ['-d', '@-', '-'], 'stdin is the list already'],
  'stdin twice': [() => ['-', '-'], 'stdin is given twice'],
  'a certificate that is none': [
    (at, url) => ['--cacert', at('urls.txt'), url],
    '--cacert must hold',
  ],
  'no certificate': [(at, url) => ['--cacert', at('no'), url], '--cacert: '],
  'a proxy that is none': [(_at, url) => ['--proxy', 'ftp://x', url], 'is not the URL of a proxy'],
  'a URL without a scheme': [
    () => ['example.com'],
    'is neither a URL nor a file. If it is a URL, write https://example.com',
  ],
  'another scheme': [() => ['ftp://a.test/'], 'only http: and https: are fetched'],
  'a file that is not there, beside a URL': [
    (at, url) => [url, at('no')],
    'is neither a URL nor a file',
  ],
  'a folder': [(at, url) => [url, at('.')], 'is a folder, not a list'],
  'a column of lines': [
    (at) => ['--input-format', 'lines', '--column', 'x', at('urls.txt')],
    '--column goes with CSV',
  ],
  'no such column': [(at, url) => [url, at('a.csv')], "no column 'url': it has 'a', 'b'"],
  '--head and a method': [
    (_at, url) => ['--head', '-X', 'GET', url],
    '--head and --request do not go',
  ],
  '--head and a folder': [
    (_at, url) => ['--head', '-o', 'x', url],
    '--head and --output do not go',
  ],
  '-C without -o': [(_at, url) => ['-C', url], '-C goes with -o'],
  '--if-exists without -o': [
    (_at, url) => ['--if-exists', 'skip', url],
    '--if-exists goes with -o',
  ],
  'a folder that cannot be': [(at, url) => ['-o', at('urls.txt'), url], 'Not a directory'],
  'no folder': [(_at, url) => ['-o', '', url], '--output takes the path of a folder'],
  '--body without ndjson': [(_at, url) => ['--body', url], '--body goes with --format ndjson'],
  '--failed nowhere': [(at, url) => ['--failed', at('no/x'), url], '--failed: '],
  '--failed over the list': [
    (at, url) => ['--failed', at('./urls.txt'), url, at('urls.txt')],
    'is the list itself',
  ],
};

for (const [what, [argsOf, said]] of Object.entries(MISUSES)) {
  test(`misuse: ${what}`, async (t) => {
    const at = makeFiles(t, FILES);
    const { url, requests } = await serveRequests(t);
    const { code, stdout, stderr } = await runCommand(argsOf(at, url));
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, /^manyfetch: /);
    assert.ok(said instanceof RegExp ? said.test(stderr) : stderr.includes(said), stderr);
    assert.doesNotMatch(stderr, /\n {4}at |options\.|secret/);
    assert.equal(requests.length, 0);
    assert.equal(fs.readFileSync(at('urls.txt'), 'utf8'), FILES['urls.txt'], 'nothing is emptied');
  });
}

test('misuse that is found late empties no file of --failed', async (t) => {
  const at = makeFiles(t, { ...FILES, 'failed.ndjson': 'kept' });
  const { code } = await runCommand([
    '--failed',
    at('failed.ndjson'),
    '--rate',
    'x',
    at('urls.txt'),
  ]);
  assert.deepEqual([code, fs.readFileSync(at('failed.ndjson'), 'utf8')], [2, 'kept']);
});
