//! For how long something waited, and for what: measured for the sentences on what held a run back.

use std::collections::HashMap;
use std::sync::Arc;
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
    pub(crate) origin: Arc<str>,
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

/// What the work of all lanes waits for.
#[derive(Debug, Default)]
pub(super) struct Watches {
    full: Stopwatch,
    rated: Stopwatch,
    /// For the caller to take what is there: bodies, or results before there can be more items.
    caller: Stopwatch,
    /// For items.
    list: Stopwatch,
    /// For a grant.
    client: Stopwatch,
    /// Items are still to come, and whether the caller is to take results before.
    is_open: bool,
    is_ahead: bool,
    forgotten: Origins,
}

/// How the lanes stand.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are answers to questions of their own"
)]
pub(super) struct Seen {
    /// One more may be in flight.
    pub(super) has_room: bool,
    /// Lanes may go as far as they know.
    pub(super) has_ready: bool,
    /// Work waits somewhere.
    pub(super) has_waiting: bool,
    /// Nothing starts for now.
    pub(super) is_held: bool,
    /// Lanes wait for a grant.
    pub(super) is_asking: bool,
}

/// What lanes waited for, by origin, and the most that each had in flight, added up.
#[derive(Clone, Debug, Default)]
struct Origins {
    waits: HashMap<Arc<str>, OriginWaits>,
    peak: u64,
}

impl Origins {
    fn add(&mut self, waits: OriginWaits, peak: usize) {
        self.peak += peak as u64;
        if waits.is_none() {
            return;
        }
        self.waits
            .entry(Arc::clone(&waits.origin))
            .and_modify(|known| {
                known.concurrency += waits.concurrency;
                known.rate += waits.rate;
            })
            .or_insert(waits);
    }
}

impl Watches {
    /// Items are still to come, or not; with `is_ahead`, not before the caller has taken results.
    pub(super) fn expect(&mut self, is_open: bool, is_ahead: bool) {
        self.is_open = is_open;
        self.is_ahead = is_ahead;
    }

    /// Looks again what work waits for.
    pub(super) fn watch(&mut self, seen: Seen, now: Instant) {
        let Seen {
            has_room,
            has_ready,
            has_waiting,
            is_held,
            is_asking,
        } = seen;
        let is_starved = self.is_open && !has_waiting && has_room;
        let is_held_up = has_ready && has_room && is_held;
        self.full.set(has_ready && !has_room, now);
        self.rated.set(has_ready && has_room && !is_held, now);
        self.caller
            .set(is_held_up || is_starved && self.is_ahead, now);
        self.list.set(is_starved && !self.is_ahead, now);
        self.client.set(is_asking && !has_ready && has_room, now);
    }

    /// A lane that had `peak` in flight at most is no longer there to be asked.
    pub(super) fn forget(&mut self, waits: OriginWaits, peak: usize) {
        self.forgotten.add(waits, peak);
    }

    /// What the work waited for until `now`, with what the `lanes` that are there say of themselves.
    pub(super) fn told(
        &self,
        lanes: impl Iterator<Item = (OriginWaits, usize)>,
        now: Instant,
    ) -> Waits {
        let mut origins = self.forgotten.clone();
        for (waits, peak) in lanes {
            origins.add(waits, peak);
        }
        Waits {
            concurrency: self.full.total(now),
            rate: self.rated.total(now),
            caller: self.caller.total(now),
            list: self.list.total(now),
            client: self.client.total(now),
            origins: origins.waits.into_values().collect(),
            peak: origins.peak,
        }
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
