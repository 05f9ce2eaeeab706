//! For how long something waited, and for what: measured for the sentences on what held a run back.

use std::time::Duration;

use tokio::time::Instant;

/// Runs while something waits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    since: Option<Instant>,
    total: Duration,
}

impl Stopwatch {
    /// From `now` on something waits, or nothing does.
    pub(crate) fn set(&mut self, waits: bool, now: Instant) {
        match (self.since, waits) {
            (None, true) => self.since = Some(now),
            (Some(since), false) => {
                self.total += now.saturating_duration_since(since);
                self.since = None;
            }
            _ => {}
        }
    }

    /// The time in which something waited, until `now`.
    pub(crate) fn total(&self, now: Instant) -> Duration {
        let running = self.since.map(|since| now.saturating_duration_since(since));
        self.total + running.unwrap_or_default()
    }
}

/// For what a run waited, and how long.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// For a place among all requests in flight.
    pub(crate) concurrency: Duration,
    /// For the rate of all requests.
    pub(crate) rate: Duration,
    /// For the caller, who had not taken what was there: bodies, or results.
    pub(crate) caller: Duration,
    /// For items, though there was room.
    pub(crate) list: Duration,
    /// For what all runs of the client share.
    pub(crate) client: Duration,
    /// Origins at whose limits work waited.
    pub(crate) origins: Vec<OriginWaits>,
    /// The most requests in flight to each origin, added up.
    pub(crate) peak: u64,
}

/// For what the work for one origin waited.
#[derive(Clone, Debug)]
pub(crate) struct OriginWaits {
    pub(crate) origin: Box<str>,
    /// For a place among its requests in flight.
    pub(crate) concurrency: Duration,
    /// For its rate.
    pub(crate) rate: Duration,
}

impl OriginWaits {
    pub(crate) fn is_none(&self) -> bool {
        self.concurrency.is_zero() && self.rate.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_adds_up_while_something_waits() {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let mut watch = Stopwatch::default();
        for (time, waits) in [(0, false), (10, true), (20, true), (30, false), (50, true)] {
            watch.set(waits, at(time));
        }
        assert_eq!(watch.total(at(55)), Duration::from_millis(25));
    }
}
