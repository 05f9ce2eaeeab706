// Ctrl-C and its like: the first one ends the run in good order, the second one ends the command.

'use strict';

/** By signal, the exit code by which shells know that it ended a command. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

/** Calls `onFirst(code)`, and then `onSecond(code)`, with the exit code that is due. */
function onSignals(onFirst, onSecond) {
  let isFirst = true;
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (!isFirst) return onSecond(code);
      isFirst = false;
      onFirst(code);
    });
  }
}

module.exports = { onSignals };
