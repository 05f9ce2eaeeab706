// Text of others, made fit for a terminal and for a spreadsheet. What they could obey is shown instead.

'use strict';

/** Control characters, marks that are not seen (those that turn text around among them), lone surrogates, separators of lines. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `text` in one line in which every character is seen. */
function visible(text) {
  return text.replace(UNSEEN, (one) => {
    const hex = one.codePointAt(0).toString(16);
    if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
    return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
  });
}

/** A value as JSON that means the same and has no such character either. */
function visibleJson(value) {
  return JSON.stringify(value).replace(UNSEEN, (one) =>
    Array.from({ length: one.length }, (_, i) => unit(one, i)).join(''),
  );
}

function unit(text, i) {
  return `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
}

module.exports = { visible, visibleJson };
