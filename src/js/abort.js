// Listens to abort signals: once a signal, however many runs share it, so that Node has no reason to warn of a leak.

'use strict';

/** The callbacks of the runs under way, by signal. */
const callbacks = new WeakMap();

/** Calls `callback` when `signal` aborts. Returns what ends that. */
function onAbort(signal, callback) {
  if (signal === undefined) return () => {};
  if (!callbacks.has(signal)) listen(signal);
  const shared = callbacks.get(signal);
  shared.all.add(callback);
  return () => {
    shared.all.delete(callback);
    if (shared.all.size === 0) shared.end();
  };
}

function listen(signal) {
  const all = new Set();
  const abort = () => {
    for (const callback of all) callback();
  };
  const end = () => {
    callbacks.delete(signal);
    signal.removeEventListener('abort', abort);
  };
  callbacks.set(signal, { all, end });
  signal.addEventListener('abort', abort, { once: true });
}

module.exports = { onAbort };
