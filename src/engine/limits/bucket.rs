//! A token bucket: every request that starts takes a token, and tokens come back at a steady rate until it is full.
//!
//! It is kept as the one moment at which it will be full again (the generic cell rate algorithm), in whole numbers: no
//! token is gained or lost by rounding, however long it runs. Pure: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::rate::Rate;

/// Parts of a nanosecond in which time is counted here: a token of a fast rate is not a whole number of nanoseconds.
const PARTS: u128 = 1 << 32;

/// The longest time between two tokens; slower rates count as this one. Thirty years later is a time on every platform.
const LONGEST: u128 = 30 * 365 * 24 * 3_600 * 1_000_000_000 * PARTS;

/// The tokens of one rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Where its time begins. All times below are in parts, those of moments since here.
    epoch: Instant,
    /// In which one token comes back.
    per_token: u128,
    /// In which all of them come back: the burst.
    depth: u128,
    /// When it will be full.
    full_at: u128,
}

impl Bucket {
    /// A full bucket for `rate`.
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        // Rounded up, which no window of time can have more tokens for than the rate allows. Conversions saturate.
        let per_token = to_parts(1e9 / rate.get() * PARTS as f64).clamp(1, LONGEST);
        let depth = to_parts((per_token as f64 * rate.burst()).floor()).clamp(per_token, LONGEST);
        Self {
            epoch: now,
            per_token,
            depth,
            full_at: 0,
        }
    }

    /// When there will be a token; `None` if there is one now. Never in the past, and never before it is there.
    pub(crate) fn ready_at(&self, now: Instant) -> Option<Instant> {
        let ready = (self.full_at + self.per_token).saturating_sub(self.depth);
        if ready <= self.parts(now) {
            return None;
        }
        let nanos = u64::try_from(ready.div_ceil(PARTS)).unwrap_or(u64::MAX);
        Some(self.epoch + Duration::from_nanos(nanos))
    }

    /// Takes a token, which is there by [`Bucket::ready_at`]; where there is none, what there is of one.
    pub(crate) fn take(&mut self, now: Instant) {
        let now = self.parts(now);
        self.full_at = (self.full_at.max(now) + self.per_token).min(now + self.depth);
    }

    /// Takes a token back that was taken and not used.
    pub(crate) fn give_back(&mut self) {
        self.full_at = self.full_at.saturating_sub(self.per_token);
    }

    /// Whether nothing is missing: such a bucket can be thrown away, and made anew when it is needed.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= self.parts(now)
    }

    fn parts(&self, now: Instant) -> u128 {
        now.saturating_duration_since(self.epoch).as_nanos() * PARTS
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no negative number comes here, and what is too large saturates"
)]
fn to_parts(value: f64) -> u128 {
    value.ceil() as u128
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(per_second: f64) -> Rate {
        Rate::per_second(per_second).expect("it is a rate")
    }

    /// When tokens are taken within `time` by somebody who takes each as soon as told, late by up to `late` (of nanoseconds).
    fn greedy(rate: Rate, time: Duration, late: u64, seed: u64) -> Vec<Instant> {
        let mut random = fastrand::Rng::with_seed(seed);
        let start = Instant::now();
        let mut bucket = Bucket::new(rate, start);
        let mut now = start;
        let mut taken = Vec::new();
        while now <= start + time {
            if let Some(ready) = bucket.ready_at(now) {
                assert!(ready > now && bucket.ready_at(ready).is_none());
                now = ready + Duration::from_nanos(random.u64(..=late));
            } else {
                bucket.take(now);
                taken.push(now);
            }
        }
        taken
    }

    /// The most takes in any window of one second, its ends included.
    fn busiest(taken: &[Instant]) -> usize {
        let mut first = 0;
        let counts = taken.iter().enumerate().map(|(last, &at)| {
            while at - taken[first] > SECOND {
                first += 1;
            }
            last - first + 1
        });
        counts.max().unwrap_or(0)
    }

    #[test]
    fn a_full_bucket_gives_its_burst_at_once_and_then_one_by_one() {
        let start = Instant::now();
        let mut bucket = Bucket::new(rate(50.0), start);
        for _ in 0..5 {
            assert_eq!(bucket.ready_at(start), None);
            bucket.take(start);
        }
        assert_eq!(
            bucket.ready_at(start),
            Some(start + Duration::from_millis(20))
        );
        assert!(!bucket.is_full(start + Duration::from_millis(99)));
        assert!(bucket.is_full(start + Duration::from_millis(100)));
    }

    #[test]
    fn taking_what_is_not_there_leaves_an_empty_bucket_and_no_debt() {
        let start = Instant::now();
        let mut bucket = Bucket::new(rate(1.0), start);
        (0..10).for_each(|_| bucket.take(start));
        assert_eq!(bucket.ready_at(start), Some(start + SECOND));
    }

    #[test]
    fn extreme_rates_and_long_pauses_overflow_nothing() {
        let century = Duration::from_secs(100 * 365 * 24 * 3_600);
        for per_second in [
            f64::MIN_POSITIVE,
            5e-324,
            1e-9,
            1e-3,
            1.0,
            1e9,
            1e18,
            f64::MAX,
        ] {
            let start = Instant::now();
            let mut bucket = Bucket::new(rate(per_second), start);
            let mut now = start;
            for pause in [Duration::ZERO, SECOND, century] {
                now += pause;
                for _ in 0..20 {
                    if let Some(ready) = bucket.ready_at(now) {
                        assert!(
                            ready > now && bucket.ready_at(ready).is_none(),
                            "{per_second}"
                        );
                    }
                    bucket.take(now);
                }
            }
            // A clock that went back is no reason to fail.
            let _ = bucket.ready_at(start);
            bucket.take(start);
        }
    }

    #[test]
    fn a_rate_below_every_clock_waits_for_years() {
        let start = Instant::now();
        let mut bucket = Bucket::new(rate(1e-9), start);
        bucket.take(start);
        let ready = bucket.ready_at(start).expect("it is empty");
        assert!(ready > start + Duration::from_secs(29 * 365 * 24 * 3_600));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn no_second_has_more_than_the_rate_and_a_burst(
            per_second in prop_oneof![0.1..20.0, 20.0..2_000.0],
            late in prop_oneof![Just(0_u64), Just(2_000_000), Just(700_000_000)],
            seed: u64,
        ) {
            let rate = rate(per_second);
            let taken = greedy(rate, 3 * SECOND, late, seed);
            let allowed = rate.get() + rate.burst();
            prop_assert!(busiest(&taken) as f64 <= allowed + 1e-6, "{} > {allowed}", busiest(&taken));
        }

        #[test]
        fn the_rate_is_used_even_by_who_wakes_late(
            per_second in prop_oneof![1.0..20.0, 20.0..5_000.0],
            late in prop_oneof![Just(0_u64), Just(2_000_000)],
            seed: u64,
        ) {
            let rate = rate(per_second);
            let taken = greedy(rate, 20 * SECOND, late, seed).len() as f64;
            prop_assert!(taken >= 0.95 * 20.0 * per_second, "{taken} at {per_second}/s");
            prop_assert!(taken <= 20.0 * per_second + rate.burst() + 1.0);
        }
    }
}
