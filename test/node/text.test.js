// The text of a body: by its mark, then its Content-Type, then HTML's meta, then UTF-8. Node's TextDecoder is the judge where it
// knows the encoding.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

/** What windows-1252 has from 0x80 to 0x9f (WHATWG Encoding standard), where Node 20 to 22 are wrong. */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

const HIGH = Buffer.from(Array.from({ length: 128 }, (_, i) => 0x80 + i));
const HIGH_IN_1252 = WINDOWS_1252 + HIGH.subarray(32).toString('latin1');

/** The results of replies, each the value of `Content-Type` and the body. */
async function fetchAll(t, replies) {
  const { url } = await serve(t, (request, response) => {
    const [contentType, body] = replies[Number(request.url.slice(1))];
    if (contentType !== undefined) response.setHeader('content-type', contentType);
    response.end(body);
  });
  const results = await downloadAll(replies.map((_, i) => `${url}/${i}`));
  for (const { error } of results) assert.equal(error, undefined);
  return results;
}

/** Checks the texts of `cases`, each a `Content-Type`, a body and its text. */
async function check(t, cases) {
  const results = await fetchAll(t, cases);
  for (const [i, [contentType, body, text]] of cases.entries()) {
    assert.equal(results[i].text(), text, `${i}: ${contentType}`);
    assert.deepEqual(results[i].body, Buffer.from(body), `${i}: the bytes stay what they are`);
  }
}

function utf16be(text) {
  return Buffer.from(text, 'utf16le').swap16();
}

test('a charset in the Content-Type is how the text is read', async (t) => {
  const words = [
    ['shift_jis', '93fa967b8cea', '\u65e5\u672c\u8a9e'],
    ['euc-jp', 'c6fccbdcb8ec', '\u65e5\u672c\u8a9e'],
    ['iso-2022-jp', '1b2442467c4b5c386c1b2842', '\u65e5\u672c\u8a9e'],
    ['gbk', 'd6d0cec4', '\u4e2d\u6587'],
    ['gb2312', 'd6d0cec4', '\u4e2d\u6587'],
    ['gb18030', 'd6d0cec481308130', '\u4e2d\u6587\x80'],
    ['big5', 'a4a4a4e5', '\u4e2d\u6587'],
    ['euc-kr', 'c7d1b1db', '\ud55c\uae00'],
    ['ks_c_5601-1987', 'c7d1b1db', '\ud55c\uae00'],
    ['koi8-r', 'f2d5d3d3cbc9ca', '\u0420\u0443\u0441\u0441\u043a\u0438\u0439'],
    ['windows-1251', 'd0f3f1f1eae8e9', '\u0420\u0443\u0441\u0441\u043a\u0438\u0439'],
    ['iso-8859-2', 'b3f3bc', '\u0142\u00f3\u017a'],
    ['iso-8859-15', 'a4', '\u20ac'],
    ['windows-874', 'e4b7c2', '\u0e44\u0e17\u0e22'],
    ['utf-16le', '3d02d83ddede', '\u023d\u3dd8\udede'.toWellFormed()],
    ['utf-16', '4100e900', 'A\u00e9'],
    ['utf-16be', '004100e9d83dde00', 'A\u00e9\u{1f600}'],
    ['utf-8', 'c3a9f09f9880', '\u00e9\u{1f600}'],
  ];
  await check(
    t,
    words.map(([label, hex, text]) => {
      const body = Buffer.from(hex, 'hex');
      assert.equal(new TextDecoder(label).decode(body), text, `${label} as Node reads it`);
      return [`text/plain; charset=${label}`, body, text];
    }),
  );
});

test('Latin-1 and ASCII are windows-1252, as in browsers', async (t) => {
  const labels = ['latin1', 'iso-8859-1', 'windows-1252', 'us-ascii', 'ascii', 'cp1252', 'L1'];
  await check(
    t,
    labels.map((label) => [`text/plain; charset=${label}`, HIGH, HIGH_IN_1252]),
  );
});

test('every byte of an encoding of single bytes is read as Node reads it', async (t) => {
  // Those in which ICU, and so Node, is at one with the standard.
  const labels = [
    ...['koi8-r', 'ibm866', 'macintosh', 'x-mac-cyrillic'],
    ...[0, 1, 4, 6, 7, 8].map((page) => `windows-125${page}`),
    ...[2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15].map((part) => `iso-8859-${part}`),
  ];
  await check(
    t,
    labels.map((label) => {
      const text = new TextDecoder(label).decode(HIGH);
      assert.notEqual(text, HIGH_IN_1252);
      return [`text/plain; charset=${label}`, HIGH, text];
    }),
  );
});

test('bytes that are no text in an encoding become U+FFFD, and what follows is read on', async (t) => {
  // By the standard; Node's own decoder is ICU's, and counts some of them otherwise.
  const cases = [
    ['utf-8', '41ff41', 'A\ufffdA'],
    ['utf-8', 'f09f98', '\ufffd'],
    ['utf-8', 'eda080', '\ufffd\ufffd\ufffd'],
    ['shift_jis', '41ff41', 'A\ufffdA'],
    ['shift_jis', '93', '\ufffd'],
    ['shift_jis', '80', '\x80'],
    ['euc-jp', '41ff41', 'A\ufffdA'],
    ['gbk', '41ff41', 'A\ufffdA'],
    ['gbk', 'd60a', '\ufffd\n'],
    ['big5', 'a4', '\ufffd'],
    ['euc-kr', 'c70a41', '\ufffd\nA'],
    ['windows-1253', 'aa41', '\ufffdA'],
  ];
  await check(
    t,
    cases.map(([label, hex, text]) => [
      `text/plain; charset=${label}`,
      Buffer.from(hex, 'hex'),
      text,
    ]),
  );
});

test('half a pair in UTF-16, and half a character at its end, become U+FFFD', async (t) => {
  const cases = [
    ['00d84100', '\ufffdA'],
    ['410000d8', 'A\ufffd'],
    ['00dc4100', '\ufffdA'],
    ['410042', 'A\ufffd'],
    ['41', '\ufffd'],
    ['3dd800de', '\u{1f600}'],
  ];
  const little = cases.map(([hex, text]) => [Buffer.from(hex, 'hex'), text]);
  await check(t, [
    ...little.map(([body, text]) => ['text/plain; charset=utf-16le', body, text]),
    ...little.map(([body, text]) => ['text/plain', Buffer.from([0xff, 0xfe, ...body]), text]),
  ]);
});

test('a byte order mark wins over all that is said of the body, and is not in the text', async (t) => {
  const text = '\u20ac<meta charset=gbk>\u{1f600}';
  const marked = {
    utf8: Buffer.from(`\ufeff${text}`),
    little: Buffer.from(`\ufeff${text}`, 'utf16le'),
    big: utf16be(`\ufeff${text}`),
  };
  const types = [undefined, 'text/html', 'text/html; charset=koi8-r', 'text/plain; charset=utf-8'];
  types.push('text/plain; charset=utf-16le', 'text/plain; charset=utf-16be', 'nonsense');
  await check(
    t,
    types.flatMap((type) => Object.values(marked).map((body) => [type, body, text])),
  );
});

test('of two marks the first goes, and none is left of a body that is nothing else', async (t) => {
  await check(t, [
    [undefined, Buffer.from('\ufeff\ufeffa'), '\ufeffa'],
    [undefined, Buffer.from('\ufeff\ufeffa', 'utf16le'), '\ufeffa'],
    [undefined, Buffer.from('\ufeff', 'utf16le'), ''],
    [undefined, utf16be('\ufeff'), ''],
    ['text/plain; charset=koi8-r', Buffer.from('\ufeff'), ''],
  ]);
});

test('a charset is understood however servers write it', async (t) => {
  const body = Buffer.from('93fa967b', 'hex');
  const written = [
    ...['charset=shift_jis', 'charset=Shift_JIS', 'CHARSET=SHIFT_JIS', 'charset="shift_jis"'],
    ...["charset='shift_jis'", 'charset = shift_jis', 'charset=" shift_jis "', 'charset=sjis'],
    ...['charset=shift_jis; boundary=x', 'q=1;charset=shift_jis', ' ; ;charset=shift_jis'],
    ...['charset=shift_jis; charset=koi8-r', 'x="; charset=koi8-r"; charset=shift_jis'],
  ];
  await check(
    t,
    written.map((parameters) => [`text/plain;${parameters}`, body, '\u65e5\u672c']),
  );
});

test('a charset that there is not, or that would make text of nothing, counts as not said', async (t) => {
  const text = 'gr\u00fc\u00df +AGE-';
  const labels = [
    'nonsense',
    'utf-7',
    'UTF-7',
    '',
    '""',
    'utf8mb4',
    'binary',
    'none',
    'replacement',
  ];
  labels.push('hz-gb-2312', 'iso-2022-kr', 'iso-2022-cn', 'utf-32', 'x'.repeat(500), '\u00e9');
  await check(t, [
    ...labels.map((label) => [`text/plain; charset=${label}`, text, text]),
    ...['text/plain', '', ';', 'charset=koi8-r', 'text/plain; xcharset=koi8-r'].map((type) => [
      type,
      text,
      text,
    ]),
  ]);
});

test('of two fields Content-Type the one that the text is read by is one of the two', async (t) => {
  const body = Buffer.from('d2', 'hex');
  const fields = ['text/plain; charset=koi8-r', 'text/plain; charset=windows-1251'];
  const texts = fields.map((field) => new TextDecoder(field.split('=')[1]).decode(body));
  const [result] = await fetchAll(t, [[fields, body]]);
  assert.ok(texts.includes(result.text()), result.text());
  const [same] = await fetchAll(t, [[[fields[0], fields[0]], body]]);
  assert.equal(same.text(), texts[0]);
});

test('text of 20 MB that is not UTF-8 is read whole', async (t) => {
  const count = 20e6 / HIGH.length;
  const [result] = await fetchAll(t, [
    ['text/plain; charset=windows-1252', Buffer.alloc(20e6, HIGH)],
  ]);
  assert.equal(result.size, 20e6);
  const text = result.text();
  assert.equal(text.length, 20e6);
  assert.ok(text === HIGH_IN_1252.repeat(count));
});

test('JSON is read as the text is', async (t) => {
  const value = { name: 'caf\u00e9', price: '\u20ac' };
  const text = JSON.stringify(value);
  const replies = [
    ['application/json', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['application/json', utf16be(`\ufeff${text}`)],
    ['application/json; charset=utf-16be', utf16be(text)],
    ['application/json', Buffer.from(`\ufeff${text}`)],
    [
      'application/json; charset=latin1',
      Buffer.from('{"name":"caf\xe9","price":"\x80"}', 'latin1'),
    ],
    ['application/json; charset=koi8-r', Buffer.from(`\ufeff${text}`)],
  ];
  for (const result of await fetchAll(t, replies)) assert.deepEqual(result.json(), value);
});

test('no body is no text, whatever it is said to be in', async (t) => {
  const types = [undefined, 'text/html', 'text/plain; charset=utf-16', 'text/plain; charset=gbk'];
  await check(
    t,
    types.map((type) => [type, '', '']),
  );
  const [empty] = await fetchAll(t, [['application/json; charset=gbk', '']]);
  assert.throws(() => empty.json(), SyntaxError);
});
