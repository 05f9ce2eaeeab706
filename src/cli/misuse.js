// What whoever typed the command should have typed otherwise, in the words of the command.

'use strict';

class Misuse extends Error {}

/** The options of the API by which its messages go, and the flags that they come from. */
const FLAGS = {
  'timeout.request': '--timeout',
  'timeout.response': '--timeout',
  'timeout.idle': '--timeout',
  'saveTo.dir': '--output',
  'saveTo.ifExists': '--if-exists',
  'tls.ca': '--cacert',
  'tls.rejectUnauthorized': '--insecure',
  body: '--data',
  concurrency: '--concurrency',
  concurrencyPerHost: '--per-host',
  headers: '--header',
  journal: '--continue',
  maxBodySize: '--max-filesize',
  method: '--request',
  proxy: '--proxy',
  rate: '--rate',
  ratePerHost: '--rate-per-host',
  retry: '--retry',
  saveTo: '--output',
};

/** What the API says about an option, as the command says it. */
function aboutFlags(message) {
  return message
    .replace(/\boptions\.([\w.]*\w)/g, (all, name) => FLAGS[name] ?? all)
    .replace(/^options: /, '')
    .replace(/\btls\.ca\b/g, FLAGS['tls.ca']);
}

/** The same for a sentence of advice, which names options without saying so. */
function adviceAboutFlags(sentence) {
  return sentence
    .replace(/\b(concurrencyPerHost|ratePerHost)\b/g, (name) => FLAGS[name])
    .replace(
      /\b(raise|lower) (concurrency|rate)\b/g,
      (_all, verb, name) => `${verb} ${FLAGS[name]}`,
    )
    .replace(/^the loop over the results/, 'what reads the output');
}

module.exports = { aboutFlags, adviceAboutFlags, Misuse };
