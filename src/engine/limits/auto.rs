//! How many requests to keep in flight where the caller leaves it to us: as many as a server answers faster for, and fewer
//! as soon as it says that it is busy.
//!
//! It climbs a hill. Rounds of requests tell how many a second are answered; a larger size is kept if that rose with it,
//! and left again if not, for then the requests merely queued at the other end. Now and then a smaller size is tried, and
//! kept if it loses nothing: chance alone would lead upwards for ever. Pure: the time is an argument.

use tokio::time::Instant;

/// Requests in a round, at least: a rate of fewer is chance.
const MIN_ROUND: usize = 12;

/// How much of the growth in size must be seen in the rate for it to be a gain.
const SHARE: f64 = 0.5;

/// Rounds for which a size is tried, but for those of the first climb, where the gain is either large or not there.
const TRIAL: u32 = 2;

/// Rounds for which a size is held before the next probe. It doubles with each probe in vain, up to the most.
const PATIENCE: u32 = 4;
const MOST_PATIENCE: u32 = 32;

/// How a request ended, as far as it says something of the server's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Answered as it should be.
    Good,
    /// 429, 503 or a timeout.
    Busy,
    /// Failed otherwise, or was given up.
    Failed,
}

/// The number of requests in flight, as it is found out.
#[derive(Debug)]
pub(crate) struct Auto {
    size: usize,
    most: usize,
    phase: Phase,
    round: Option<Round>,
    is_doubling: bool,
    /// The next size to try is a smaller one: gains that were chance are found out like this.
    is_shrinking: bool,
    patience: u32,
    /// The smallest size at which the server is known to be busy.
    wall: Option<usize>,
    /// Requests that were in flight when the size last changed and are not told of yet.
    older: usize,
    /// That change was for being busy, of which the older ones may tell once more.
    is_excused: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The size is kept and measured: for so many rounds still, over what the earlier ones came to.
    Held { rounds: u32, total: Total },
    /// Another size than the one held before, in the same way, until it is clear which of them is the better one.
    Tried {
        from: Mark,
        rounds: u32,
        total: Total,
    },
}

/// A size and how many requests a second were answered at it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    size: usize,
    rate: f64,
}

/// What clean rounds came to.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    good: usize,
    seconds: f64,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    started_at: Instant,
    last_at: Instant,
    ended: usize,
    good: usize,
    /// As many were in flight as may be, at some time: without that, the rate says nothing about the size.
    was_full: bool,
}

impl Round {
    fn new(now: Instant) -> Self {
        Self {
            started_at: now,
            last_at: now,
            ended: 0,
            good: 0,
            was_full: false,
        }
    }

    fn add(&mut self, signal: Signal, is_full: bool, now: Instant) {
        self.last_at = now;
        self.ended += 1;
        self.good += usize::from(signal == Signal::Good);
        self.was_full |= is_full;
    }

    /// Whether a request that ends now is the first of the next round. Answers come in bunches, and a rate is wrong that
    /// counts half of one: a round ends before a longer pause than usual.
    fn is_over(&self, size: usize, now: Instant) -> bool {
        let enough = size.max(MIN_ROUND);
        if self.ended < enough || now <= self.last_at {
            return false;
        }
        let pause = now.saturating_duration_since(self.last_at).as_secs_f64();
        let so_far = self.last_at.saturating_duration_since(self.started_at);
        self.ended >= 2 * enough || pause * (self.ended - 1) as f64 >= so_far.as_secs_f64()
    }

    /// Nothing but good answers, as many at a time as there may be.
    fn is_clean(&self) -> bool {
        self.good == self.ended && self.was_full
    }

    fn total(&self, now: Instant) -> Total {
        Total {
            good: self.good,
            seconds: now.saturating_duration_since(self.started_at).as_secs_f64(),
        }
    }
}

impl Total {
    fn plus(self, other: Total) -> Total {
        Total {
            good: self.good + other.good,
            seconds: self.seconds + other.seconds,
        }
    }

    fn at(self, size: usize) -> Mark {
        Mark {
            size,
            rate: self.good as f64 / self.seconds,
        }
    }
}

impl Mark {
    /// Which of two sizes to prefer: a larger one for what it gains, a smaller one for losing nothing.
    fn is_better_than(self, other: Mark) -> bool {
        if self.size < other.size {
            return !other.is_better_than(self);
        }
        let growth = self.size as f64 / other.size as f64 - 1.0;
        self.rate >= other.rate * (1.0 + SHARE * growth)
    }
}

impl Phase {
    fn held(rounds: u32) -> Self {
        Phase::Held {
            rounds,
            total: Total::default(),
        }
    }

    fn tried(from: Mark, rounds: u32) -> Self {
        Phase::Tried {
            from,
            rounds,
            total: Total::default(),
        }
    }
}

impl Auto {
    /// Begins with `start` requests in flight, and never has more than `most` of them, nor less than one.
    pub(crate) fn new(start: usize, most: usize) -> Self {
        let most = most.max(1);
        Self {
            size: start.clamp(1, most),
            most,
            phase: Phase::held(1),
            round: None,
            is_doubling: true,
            is_shrinking: false,
            patience: PATIENCE,
            wall: None,
            older: 0,
            is_excused: false,
        }
    }

    /// How many requests may be in flight.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// One request ended. `in_flight` is how many there were, this one included.
    pub(crate) fn settle(&mut self, signal: Signal, in_flight: usize, now: Instant) {
        let is_old = self.older > 0;
        self.older = self.older.saturating_sub(1);
        if signal == Signal::Busy {
            if !(is_old && self.is_excused) {
                self.halve();
                self.note_change(in_flight);
            }
            return;
        }
        if is_old {
            return;
        }
        if let Some(round) = self.round.take_if(|round| round.is_over(self.size, now)) {
            let before = self.size;
            self.end_round(round, now);
            if self.size != before {
                self.is_excused = false;
                self.note_change(in_flight);
                return;
            }
        }
        let is_full = in_flight >= self.size;
        self.round
            .get_or_insert_with(|| Round::new(now))
            .add(signal, is_full, now);
    }

    /// Requests that were sent before tell nothing of how the new size does.
    fn note_change(&mut self, in_flight: usize) {
        self.older = in_flight.saturating_sub(1);
        self.round = None;
    }

    fn halve(&mut self) {
        if matches!(self.phase, Phase::Tried { .. }) && self.is_past_wall() {
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
        }
        self.wall = Some(self.size);
        self.size = (self.size / 2).max(1);
        self.is_doubling = false;
        self.is_shrinking = false;
        self.is_excused = true;
        self.phase = Phase::held(PATIENCE);
    }

    fn end_round(&mut self, round: Round, now: Instant) {
        let latest = round.total(now);
        let is_clean = round.is_clean();
        match &mut self.phase {
            Phase::Held { rounds, total } => {
                *rounds = rounds.saturating_sub(1);
                if is_clean {
                    *total = total.plus(latest);
                    if *rounds == 0 {
                        let here = total.at(self.size);
                        self.try_another(here);
                    }
                }
            }
            Phase::Tried { from, .. } if !is_clean => {
                // Nothing is decided by such a round, but that it is no place to stay.
                let from = *from;
                if !latest.at(self.size).is_better_than(from) {
                    self.go_back(from.size);
                }
            }
            Phase::Tried {
                from,
                rounds,
                total,
            } => {
                *rounds = rounds.saturating_sub(1);
                *total = total.plus(latest);
                if *rounds == 0 {
                    let (from, here) = (*from, total.at(self.size));
                    self.end_trial(from, here);
                }
            }
        }
    }

    fn end_trial(&mut self, from: Mark, here: Mark) {
        if self.is_past_wall() && here.size > from.size {
            // A step past the wall is too small to be measured, and goes on as a larger one.
            self.wall = None;
            self.patience = PATIENCE;
            self.size = self.larger(false).unwrap_or(self.size);
            self.phase = Phase::tried(from, TRIAL);
        } else if here.is_better_than(from) {
            if self.wall.is_none() {
                self.patience = PATIENCE;
            }
            if here.size > from.size {
                self.grow(here, false);
            } else {
                self.phase = Phase::held(PATIENCE);
            }
        } else {
            self.go_back(from.size);
        }
    }

    /// Goes back to `size` for longer than the last time, and tries the other direction then.
    fn go_back(&mut self, size: usize) {
        // The first climb ends with a size that may be far too small.
        self.is_shrinking = size < self.size && !self.is_doubling;
        self.size = size;
        self.phase = Phase::held(self.patience);
        if !self.is_doubling {
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
        }
        self.is_doubling = false;
    }

    /// Tries another size than the one `here`, which was held for long enough.
    fn try_another(&mut self, here: Mark) {
        let smaller = self.size - self.size.div_ceil(5);
        if self.is_shrinking && smaller > 0 {
            self.size = smaller;
            self.phase = Phase::tried(here, TRIAL);
        } else {
            self.grow(here, true);
        }
    }

    /// Tries a larger size than the one `here`, or holds that where there is none to try yet.
    fn grow(&mut self, here: Mark, has_waited: bool) {
        self.is_shrinking = false;
        match self.larger(has_waited) {
            Some(larger) => {
                self.size = larger;
                self.phase = Phase::tried(here, if self.is_doubling { 1 } else { TRIAL });
            }
            None => self.phase = Phase::held(self.patience),
        }
    }

    fn is_past_wall(&self) -> bool {
        self.wall.is_some_and(|wall| self.size >= wall)
    }

    /// The next size to try. The one at which the server was busy is tried after a wait alone, and with one request more.
    fn larger(&self, has_waited: bool) -> Option<usize> {
        let step = if self.is_doubling {
            self.size
        } else {
            (self.size / 4).max(1)
        };
        let larger = self.size.saturating_add(step).min(self.most);
        let larger = match self.wall {
            Some(wall) if self.size + 1 < wall => larger.min(wall - 1),
            Some(_) if has_waited => larger.min(self.size + 1),
            Some(_) => self.size,
            None => larger,
        };
        (larger > self.size).then_some(larger)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const LATENCY: Duration = Duration::from_millis(100);

    /// A server that works on `capacity` requests at a time, and a caller who always has more of them.
    struct World {
        auto: Auto,
        start: Instant,
        now: Duration,
        capacity: usize,
        /// More than it works on at a time are refused, and do not queue.
        refuses: bool,
        /// How far latencies vary: by this part of theirs, up and down. From 1 on without a bound, most of them short.
        jitter: f64,
        random: fastrand::Rng,
        /// When each of its workers is free.
        free_at: BinaryHeap<Reverse<Duration>>,
        /// When the requests in flight end, how, and whether they had a worker.
        ends: BinaryHeap<Reverse<(Duration, bool, u64)>>,
        working: usize,
        sent: u64,
        busy: usize,
    }

    impl World {
        fn new(capacity: usize, refuses: bool, jitter: f64) -> Self {
            Self {
                auto: Auto::new(4, 1_000),
                start: Instant::now(),
                now: Duration::ZERO,
                capacity,
                refuses,
                jitter,
                random: fastrand::Rng::with_seed(7),
                free_at: std::iter::repeat_n(Reverse(Duration::ZERO), capacity).collect(),
                ends: BinaryHeap::new(),
                working: 0,
                sent: 0,
                busy: 0,
            }
        }

        fn send(&mut self) {
            self.sent += 1;
            if self.refuses && self.working >= self.capacity {
                let end = self.now + Duration::from_millis(5);
                self.ends.push(Reverse((end, false, self.sent)));
                return;
            }
            let chance = self.random.f64();
            let vary = if self.jitter < 1.0 {
                1.0 + self.jitter * (2.0 * chance - 1.0)
            } else {
                -(1.0 - chance).ln()
            };
            let Reverse(free) = self.free_at.pop().expect("it has workers");
            let end = free.max(self.now) + LATENCY.mul_f64(vary);
            self.free_at.push(Reverse(end));
            self.working += 1;
            self.ends.push(Reverse((end, true, self.sent)));
        }

        /// Lets `requests` end, and tells the size after each.
        fn run(&mut self, requests: usize) -> Vec<usize> {
            let mut sizes = Vec::new();
            for _ in 0..requests {
                while self.ends.len() < self.auto.size() {
                    self.send();
                }
                let in_flight = self.ends.len();
                let Reverse((end, is_good, _)) = self.ends.pop().expect("some are in flight");
                self.now = end;
                let signal = if is_good {
                    self.working -= 1;
                    Signal::Good
                } else {
                    self.busy += 1;
                    Signal::Busy
                };
                self.auto.settle(signal, in_flight, self.start + self.now);
                sizes.push(self.auto.size());
            }
            sizes
        }

        fn change(&mut self, capacity: usize) {
            self.capacity = capacity;
            let now = Reverse(self.now);
            while self.free_at.len() > capacity {
                self.free_at.pop();
            }
            while self.free_at.len() < capacity {
                self.free_at.push(now);
            }
        }
    }

    fn mean(sizes: &[usize]) -> f64 {
        sizes.iter().sum::<usize>() as f64 / sizes.len() as f64
    }

    #[test]
    fn it_settles_where_more_would_only_queue() {
        for jitter in [0.0, 0.1, 0.5] {
            for capacity in [3, 20, 80] {
                let mut world = World::new(capacity, false, jitter);
                world.run(60 * capacity);
                let mean = mean(&world.run(200 * capacity));
                let share = mean / capacity as f64;
                assert!(
                    (0.9..2.0).contains(&share),
                    "{mean} for {capacity}, jitter {jitter}"
                );
            }
        }
    }

    #[test]
    fn chance_does_not_carry_it_away() {
        for capacity in [3, 20, 80] {
            let mut world = World::new(capacity, false, 1.0);
            world.run(500 * capacity);
            let share = mean(&world.run(500 * capacity)) / capacity as f64;
            assert!((0.6..1.6).contains(&share), "{share} of {capacity}");
        }
    }

    #[test]
    fn it_stays_below_what_a_server_refuses() {
        for jitter in [0.0, 0.1, 0.5] {
            for capacity in [3, 20, 80] {
                let mut world = World::new(capacity, true, jitter);
                world.run(60 * capacity);
                world.busy = 0;
                let sizes = world.run(300 * capacity);
                let share = mean(&sizes) / capacity as f64;
                let refused = world.busy as f64 / sizes.len() as f64;
                assert!(
                    (0.7..=1.1).contains(&share),
                    "{share} of {capacity}, jitter {jitter}"
                );
                assert!(refused < 0.005, "{refused} of {capacity}, jitter {jitter}");
            }
        }
    }

    #[test]
    fn it_grows_fast_where_there_is_no_end() {
        let mut world = World::new(1_000, false, 0.1);
        let sizes = world.run(5_000);
        assert_eq!(sizes.last(), Some(&1_000));
    }

    #[test]
    fn it_comes_back_when_the_server_does() {
        for refuses in [true, false] {
            let mut world = World::new(80, refuses, 0.1);
            world.run(6_000);
            world.change(8);
            let low = mean(&world.run(6_000)[5_000..]);
            world.change(80);
            let high = mean(&world.run(30_000)[25_000..]);
            assert!(!refuses || low < 12.0, "{low}");
            assert!((0.7 * 80.0..160.0).contains(&high), "{high}");
        }
    }

    fn settle_all(
        auto: &mut Auto,
        signal: Signal,
        times: u32,
        in_flight: impl Fn(usize) -> usize,
    ) -> usize {
        let start = Instant::now();
        let mut largest = 0;
        for n in 0..times {
            let in_flight = in_flight(auto.size());
            auto.settle(signal, in_flight, start + n * LATENCY / 10);
            largest = largest.max(auto.size());
        }
        largest
    }

    #[test]
    fn errors_alone_never_make_it_grow() {
        let mut auto = Auto::new(8, 100);
        assert_eq!(settle_all(&mut auto, Signal::Failed, 1_000, |size| size), 8);
        assert_eq!(auto.size(), 8);
        assert_eq!(settle_all(&mut auto, Signal::Busy, 1_000, |size| size), 4);
        assert_eq!(auto.size(), 1);
    }

    #[test]
    fn a_round_with_a_failure_never_makes_it_grow() {
        let mut auto = Auto::new(4, 100);
        let start = Instant::now();
        for n in 0..1_000_u32 {
            let signal = if n % 10 == 0 {
                Signal::Failed
            } else {
                Signal::Good
            };
            auto.settle(signal, 4, start + n * LATENCY);
        }
        assert_eq!(auto.size(), 4);
    }

    #[test]
    fn a_window_that_is_never_full_does_not_grow() {
        let mut auto = Auto::new(4, 100);
        assert_eq!(
            settle_all(&mut auto, Signal::Good, 1_000, |size| size - 1),
            4
        );
    }

    #[test]
    fn one_burst_halves_once() {
        let mut auto = Auto::new(64, 100);
        let now = Instant::now();
        for left in (1..=64).rev() {
            auto.settle(Signal::Busy, left, now);
            assert_eq!(auto.size(), 32);
        }
        auto.settle(Signal::Busy, 32, now);
        assert_eq!(auto.size(), 16);
    }

    #[test]
    fn its_bounds_hold_and_a_clock_that_stands_still_breaks_nothing() {
        assert_eq!(Auto::new(0, 0).size(), 1);
        assert_eq!(Auto::new(9, 5).size(), 5);
        let mut auto = Auto::new(1, usize::MAX);
        let now = Instant::now();
        for _ in 0..10_000 {
            auto.settle(Signal::Good, auto.size(), now);
        }
        assert_eq!(auto.size(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_stays_within_its_bounds_and_never_grows_on_being_told_off(
            start in 0_usize..60,
            most in 0_usize..60,
            told in prop::collection::vec(
                (prop_oneof![30 => Just(Signal::Good), 1 => Just(Signal::Failed), 1 => Just(Signal::Busy)], 0..80_usize, 0..2_000_u64),
                0..1_000,
            ),
        ) {
            let mut auto = Auto::new(start, most);
            let mut now = Instant::now();
            for (signal, in_flight, pause) in told {
                let before = auto.size();
                now += Duration::from_micros(pause);
                auto.settle(signal, in_flight, now);
                prop_assert!((1..=most.max(1)).contains(&auto.size()));
                prop_assert!(signal != Signal::Busy || auto.size() <= before);
                prop_assert!(auto.size() >= before / 2);
            }
        }
    }
}
