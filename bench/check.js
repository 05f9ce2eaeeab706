// Whether a contender's answers are to be believed: all there, each once, each the very bytes the site serves. Pure.

/**
 * @param {{index: number, status?: number, bytes?: number, sha256?: string, error?: string}[]} answers
 * @param {{index: number, url: string}[]} requests what the plan says it had to fetch
 * @param {Map<string, {bytes: number, sha256: string}> | null} expected by URL; null: pages that change by the minute
 * @returns {string | null} why not, or null
 */
export function checkAnswers(answers, requests, expected) {
  if (!Array.isArray(answers)) return 'no links in its answer';
  return failures(answers) ?? counts(answers, requests) ?? bodies(answers, requests, expected);
}

function failures(answers) {
  const failed = answers.filter((answer) => answer.error);
  if (failed.length === 0) return null;
  return `${failed.length} of ${answers.length} links failed, link ${failed[0].index} with ${failed[0].error}`;
}

function counts(answers, requests) {
  if (answers.length !== requests.length) {
    return `${answers.length} answers for ${requests.length} requests`;
  }
  const due = tally(requests);
  for (const [index, times] of tally(answers)) {
    if (times !== due.get(index)) {
      return `link ${index} was answered ${times} times, planned were ${due.get(index) ?? 0}`;
    }
  }
  return null;
}

function tally(items) {
  const times = new Map();
  for (const { index } of items) times.set(index, (times.get(index) ?? 0) + 1);
  return times;
}

function bodies(answers, requests, expected) {
  const urls = new Map(requests.map(({ index, url }) => [index, url]));
  for (const answer of answers) {
    const reason = wrongBody(answer, expected?.get(urls.get(answer.index)));
    if (reason) return `link ${answer.index}: ${reason}`;
  }
  return null;
}

function wrongBody({ status, bytes, sha256 }, served) {
  if (status !== 200) return `status ${status}`;
  if (!served) return bytes > 0 ? null : 'an empty body';
  if (bytes !== served.bytes) return `${bytes} bytes, ${served.bytes} were served`;
  return sha256 === served.sha256 ? null : 'other bytes than were served';
}
