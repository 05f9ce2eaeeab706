// How late a timer of one millisecond is on the main thread: what a server in the same process would feel.

const STEP_MS = 0.1;
const STEPS = 10_000; // one second; what is later counts as that, but for the maximum

export class Lateness {
  #counts = new Uint32Array(STEPS + 1);
  #samples = 0;
  #max = 0;
  #timer;

  /** One timer after the other, until `stop()`. */
  start() {
    const due = performance.now() + 1;
    this.#timer = setTimeout(() => {
      this.record(performance.now() - due);
      this.start();
    }, 1);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  record(ms) {
    const late = Math.max(0, ms);
    this.#counts[Math.min(STEPS, Math.floor(late / STEP_MS))] += 1;
    this.#samples += 1;
    this.#max = Math.max(this.#max, late);
  }

  /** In milliseconds; null when the main thread let no timer through at all. */
  summary() {
    if (this.#samples === 0) return null;
    const [median, p99] = [this.#quantile(0.5), this.#quantile(0.99)];
    return { samples: this.#samples, median, p99, max: rounded(this.#max) };
  }

  /** The upper edge of the step that holds it. */
  #quantile(share) {
    let rest = Math.ceil(this.#samples * share);
    let step = 0;
    while (rest > this.#counts[step]) rest -= this.#counts[step++];
    return rounded(Math.min(this.#max, (step + 1) * STEP_MS));
  }
}

function rounded(ms) {
  return Math.round(ms * 1000) / 1000;
}
