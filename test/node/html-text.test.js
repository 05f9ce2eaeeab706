// The text of HTML that says in a meta what it is in, by the HTML standard's prescan.

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { downloadAll } = require('../../index.js');
const { serve } = require('./server.js');

const WORD = Buffer.from('f2d5d3', 'hex');
const IN_KOI8 = '\u0420\u0443\u0441';
const IN_UTF8 = WORD.toString();
const META = '<meta charset=koi8-r>';
const DECLARED = `${META.slice(0, -1)} `;

/** How the word after each page is read: pages are HTML, or a pair of their type and their text. */
async function wordsAfter(t, pages) {
  const replies = pages.map((page) => (Array.isArray(page) ? page : ['text/html', page]));
  const { url } = await serve(t, (request, response) => {
    const [type, html] = replies[Number(request.url.slice(1))];
    response.setHeader('content-type', type);
    response.end(Buffer.concat([Buffer.from(html), WORD]));
  });
  const results = await downloadAll(pages.map((_, i) => `${url}/${i}`));
  return results.map((result, i) => {
    assert.equal(result.error, undefined);
    assert.ok(result.text().startsWith(replies[i][1]));
    return result.text().slice(replies[i][1].length);
  });
}

async function check(t, pages, expected) {
  for (const [i, word] of (await wordsAfter(t, pages)).entries()) {
    assert.equal(word, expected, JSON.stringify(pages[i]).slice(0, 200));
  }
}

test('a page is read by its meta, in either form', async (t) => {
  const pages = [
    META,
    `<!DOCTYPE html><html><head><title>x</title>${META}`,
    '<META CHARSET="KOI8-R" />',
    "<meta name=a charset = 'koi8-r'>",
    '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">',
    '<meta content=\'text/html;charset="koi8-r"\' http-equiv=content-type>',
    '<meta name=viewport content="width=1"><meta charset=koi8-r>',
    '<meta charset=nonsense><meta charset=koi8-r>',
    `<!-- a comment --><!---->${META}`,
    ['application/xhtml+xml', `<?xml version="1.0"?><html>${META}`],
    ['TEXT/HTML ; a=b', META],
    ['text/html; charset=nonsense', META],
  ];
  await check(t, pages, IN_KOI8);
});

test('a charset in the Content-Type says more than the meta', async (t) => {
  await check(t, [['text/html; charset=koi8-r', '<meta charset=utf-8>']], IN_KOI8);
  await check(t, [['text/html; charset=utf-8', META]], IN_UTF8);
});

test('what only looks like a meta says nothing', async (t) => {
  const pages = [
    `<!-- ${META} -->`,
    `<!-- ${META}`,
    `<a title="${META}">`,
    '<meta name=description content="charset=koi8-r">',
    '<meta content="text/html; charset=koi8-r">',
    '<metal charset=koi8-r>',
    '<meta data-charset=koi8-r>',
    '<p>&lt;meta charset=koi8-r>',
    DECLARED,
  ];
  await check(t, pages, IN_UTF8);
});

test('only HTML is asked for its meta', async (t) => {
  const types = ['text/plain', 'application/json', 'text/xml', 'image/svg+xml', 'text/htmlx'];
  await check(
    t,
    types.map((type) => [type, META]),
    IN_UTF8,
  );
});

test('a meta is looked for in the first 1,024 bytes, and has to end there', async (t) => {
  const at = (end) => `<!--${'x'.repeat(end - META.length - 7)}-->${META}`;
  assert.equal(at(1_024).length, 1_024);
  await check(t, [at(1_000), at(1_024)], IN_KOI8);
  await check(t, [at(1_025), at(1_500), at(5_000)], IN_UTF8);
});

test('a page whose meta says UTF-16 is in UTF-8, since the meta could be read', async (t) => {
  const labels = ['utf-16', 'utf-16le', 'utf-16be', 'unicode'];
  await check(
    t,
    labels.map((label) => `<meta charset=${label}>`),
    IN_UTF8,
  );
});

test('of two that say an encoding the first counts', async (t) => {
  await check(t, [`${META}<meta charset=gbk>`, '<meta charset=koi8-r charset=gbk>'], IN_KOI8);
});
