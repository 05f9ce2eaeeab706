// What is told of a result: plain data, the same for all formats.

'use strict';

/** The record of the result that came of `entry`; with its body as text if `hasBody`. */
function recordOf(result, entry, { hasBody = false } = {}) {
  const { url, requestUrl, status, ok, size, wireSize, file, fromJournal } = result;
  const { httpVersion, attempts, timings } = result;
  const { index, item } = entry;
  const error = errorOf(result, entry);
  const record = {
    ...{ index, tag: item.tag, url, requestUrl, status, ok, size, wireSize, file, fromJournal },
    ...{ httpVersion, attempts, timings, error },
  };
  if (hasBody && error === undefined && file === undefined && !fromJournal)
    record.body = result.text();
  return record;
}

function errorOf({ error, attempts }, { where }) {
  if (error === undefined) return undefined;
  const { code, phase } = error;
  const message = withoutUrl(error);
  // What was never sent has its cause in the list.
  const isOfList = attempts === 0 && where !== undefined;
  return { code, phase, message: isOfList ? `${where}: ${message}` : message };
}

/** The URL is told anyway. */
function withoutUrl({ message, url }) {
  const at = message.indexOf(`${url}: `);
  return url !== '' && at !== -1 ? message.slice(at + url.length + 2) : message;
}

module.exports = { recordOf };
