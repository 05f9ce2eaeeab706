// What the person at the screen sees while it runs. Written between samples only, never while a clock runs.

export function makeProgress(total, rounds, stream = process.stdout) {
  let started = 0;
  return {
    before({ round, contender }) {
      started += 1;
      if (stream.isTTY) {
        stream.write(`\r\x1b[K[${started}/${total}] round ${round} of ${rounds}: ${contender} …`);
      }
    },
    after(record) {
      if (!stream.isTTY) stream.write(`${lineOf(record, rounds)}\n`);
    },
    end() {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}

function lineOf({ round, contender, seconds, failure }, rounds) {
  const time = Number.isFinite(seconds) ? `${seconds.toFixed(3)} s` : '-';
  return `round ${round}/${rounds}  ${contender.padEnd(20)} ${time.padStart(9)}  ${failure ?? 'ok'}`;
}
