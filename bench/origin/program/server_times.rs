//! How long the servers take for each link. Real ones have a heavy tail: most pages are quick and a few very slow.
//!
//! The times are evenly spaced quantiles of a log-logistic distribution (shape 2.5), in an order made from the seed, scaled
//! to the mean that was asked for. Quantiles rather than draws: every seed gives the same times, so seeds differ in nothing
//! but luck. Of 100 times the slowest is 6.3 times the mean, and the median three quarters of it.

use std::time::Duration;

use super::random::SplitMix64;

const SHAPE: f64 = 2.5;

/// `count` times whose mean is `mean_ms`, to the microsecond.
pub(crate) fn server_times(count: usize, mean_ms: f64, seed: u64) -> Vec<Duration> {
    let mut times = to_mean(&quantiles(count), mean_ms);
    shuffle(&mut times, &mut SplitMix64(seed));
    times.into_iter().map(Duration::from_micros).collect()
}

#[expect(clippy::cast_precision_loss, reason = "the flags allow a million")]
fn quantiles(count: usize) -> Vec<f64> {
    let shares = (0..count).map(|index| (index as f64 + 0.5) / count as f64);
    shares
        .map(|share| (share / (1.0 - share)).powf(1.0 / SHAPE))
        .collect()
}

/// Rounded down to microseconds; what that loses goes to the longest times, a microsecond each.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the flags allow a million times of an hour: below 2⁵³ microseconds"
)]
fn to_mean(weights: &[f64], mean_ms: f64) -> Vec<u64> {
    let total = mean_ms * 1000.0 * weights.len() as f64;
    let scale = total / weights.iter().sum::<f64>();
    let mut times: Vec<u64> = weights
        .iter()
        .map(|weight| (weight * scale) as u64)
        .collect();
    let lost = total.round() as u64 - times.iter().sum::<u64>();
    times
        .iter_mut()
        .rev()
        .take(lost as usize)
        .for_each(|time| *time += 1);
    times
}

/// Fisher and Yates's.
fn shuffle(times: &mut [u64], random: &mut SplitMix64) {
    for last in (1..times.len()).rev() {
        times.swap(last, random.below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
        times.sort_unstable();
        times
    }

    #[test]
    fn the_mean_is_exact() {
        for (count, mean_ms) in [
            (100, 34.0),
            (7, 0.001),
            (1, 34.0),
            (1000, 12.345),
            (100, 0.0),
        ] {
            let total: Duration = server_times(count, mean_ms, 1).iter().sum();
            let expected =
                Duration::from_secs_f64(mean_ms / 1000.0) * u32::try_from(count).unwrap_or(0);
            assert_eq!(total, expected, "{count} of {mean_ms} ms");
        }
    }

    #[test]
    fn the_tail_is_heavy() {
        let times = sorted(server_times(100, 34.0, 1));
        let mean = Duration::from_millis(34);
        assert!(
            (mean * 4..mean * 8).contains(&times[99]),
            "slowest: {:?}",
            times[99]
        );
        assert!(
            (mean / 2..mean * 4 / 5).contains(&times[50]),
            "median: {:?}",
            times[50]
        );
    }

    #[test]
    fn a_seed_makes_the_order_and_nothing_else() {
        let [one, again, other] = [1, 1, 2].map(|seed| server_times(100, 34.0, seed));
        assert_eq!(one, again);
        assert_ne!(one, other);
        assert_eq!(sorted(one), sorted(other));
    }
}
