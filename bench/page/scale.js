// A linear axis from 0: where a value is on it, and at which round numbers it is marked. Pure.

const STEPS = [1, 2, 2.5, 5, 10];

/**
 * @param {number} top the highest value that has to have a place; the axis ends there
 * @param {number} [most] marks at most, besides the one at 0
 * @returns {{top: number, ticks: number[], place: (value: number) => string}} `place` is a percentage for an attribute of SVG
 */
export function axisTo(top, most = 5) {
  const end = top > 0 ? top : 1;
  const step = stepOf(end / most);
  // The remainder of a division of decimals may be a hair short of a whole step.
  const count = Math.floor(end / step + 1e-9);
  return {
    top: end,
    ticks: Array.from({ length: count + 1 }, (_, at) => rounded(at * step, 10)),
    place: (value) => `${rounded((Math.min(value, end) / end) * 100, 2)}%`,
  };
}

/** The next step of a round axis that is no smaller. */
function stepOf(least) {
  const decade = 10 ** Math.floor(Math.log10(least));
  return decade * STEPS.find((step) => step * decade >= least * (1 - 1e-9));
}

/** Shorter text for the same place: a hundredth of a per cent, or of a millisecond, is not seen. */
export function rounded(number, digits) {
  return Number(number.toFixed(digits));
}
