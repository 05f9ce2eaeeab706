// What the person at the screen sees while it runs. Written between samples only, never while a clock runs.

export function makeProgress(total, rounds, stream = process.stdout) {
  let started = 0;
  return {
    before(sample) {
      started += 1;
      if (stream.isTTY) {
        const place = `[${started}/${total}] round ${sample.round} of ${rounds}`;
        stream.write(`\r\x1b[K${place}: ${nameOf(sample)} …`);
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

function nameOf({ case: caseId, contender }) {
  return caseId === undefined ? contender : `${caseId.padEnd(14)} ${contender}`;
}

function lineOf(record, rounds) {
  const { round, seconds, failure } = record;
  const time = Number.isFinite(seconds) ? `${seconds.toFixed(3)} s` : '-';
  return `round ${round}/${rounds}  ${nameOf(record).padEnd(20)} ${time.padStart(9)}  ${failure ?? 'ok'}`;
}
