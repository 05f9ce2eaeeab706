// Blobs of another make, whose bytes come when a test wants them to.

'use strict';

/** A Blob of another make, of which `own` differs. */
function blobWith(own) {
  return {
    [Symbol.toStringTag]: 'Blob',
    type: '',
    arrayBuffer: async () => new ArrayBuffer(3),
    ...own,
  };
}

/** A Blob that never comes. */
const endless = () => blobWith({ arrayBuffer: () => new Promise(() => {}) });

/** Blobs that come when `release` is called. */
function held() {
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  const blob = (text) => blobWith({ arrayBuffer: () => released.then(() => Buffer.from(text)) });
  return { blob, release };
}

module.exports = { blobWith, endless, held };
