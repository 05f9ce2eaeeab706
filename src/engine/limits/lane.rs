//! One origin's lane: the work that waits for it, its own limits, and whether it may go.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::bucket::Bucket;
use super::timed::{Place, Timed};
use super::waits::{OriginWaits, Stopwatch};
use super::window::Window;
use crate::options::{Concurrency, HostLimits, Limits};
use crate::rate::Rate;

/// Connect timeouts in a row after which an origin counts as unreachable.
pub(super) const MAX_UNREACHED: u8 = 20;

/// An origin's number, as long as it has work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneId(pub(super) usize);

/// Which of a lane's two queues work stands in. Each is served in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    /// Work that was begun, at this origin or another, is finished first.
    Begun,
    /// Work that was not.
    Fresh,
}

/// Why an origin's work is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The server asked to be left alone for longer than anybody waits.
    Asked,
    /// One connection after the other timed out.
    Unreachable,
}

/// One origin, and the work that waits for it.
#[derive(Debug)]
pub(super) struct Lane<W, G> {
    pub(super) origin: Arc<str>,
    pub(super) window: Window,
    pub(super) bucket: Option<Bucket>,
    pub(super) in_flight: usize,
    pub(super) begun: VecDeque<Place<W>>,
    pub(super) fresh: VecDeque<Place<W>>,
    pub(super) state: State,
    /// It stands among those that are ready, or did when it was closed.
    pub(super) is_listed: bool,
    pub(super) grant: Option<G>,
    /// Connect timeouts in a row.
    pub(super) unreached: u8,
    /// Work waits for a place of the lane's own, and for its rate.
    pub(super) capped: Stopwatch,
    pub(super) rated: Stopwatch,
    /// The most there were in flight.
    pub(super) peak: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Without work, or without a place of its own.
    Idle,
    Ready,
    Parked(Instant),
    /// The gate will offer it a grant.
    Asking,
    Closed(Closed),
}

impl<W, G> Lane<W, G> {
    /// Work that has left early still counts here until its place is reached.
    pub(super) fn has_work(&self) -> bool {
        !self.begun.is_empty() || !self.fresh.is_empty()
    }

    /// It has nothing to do, and no limit would be passed if it were made anew.
    pub(super) fn is_done(&self, now: Instant) -> bool {
        let is_used =
            self.in_flight > 0 || self.has_work() || self.is_listed || self.state != State::Idle;
        let is_full = self
            .bucket
            .as_ref()
            .is_none_or(|bucket| bucket.is_full(now));
        !is_used && is_full && self.unreached == 0
    }

    /// Looks again what its work waits for.
    pub(super) fn watch(&mut self, now: Instant) {
        let waits = self.has_work() && !self.window.has_room(self.in_flight);
        self.capped.set(waits, now);
        self.peak = self.peak.max(self.in_flight);
    }

    /// For what its work waited so far.
    pub(super) fn waits(&self, now: Instant) -> OriginWaits {
        OriginWaits {
            origin: Arc::clone(&self.origin),
            concurrency: self.capped.total(now),
            rate: self.rated.total(now),
        }
    }

    pub(super) fn next(&mut self, timed: &mut Timed<W>) -> Option<W> {
        while let Some(place) = self.begun.pop_front().or_else(|| self.fresh.pop_front()) {
            if let Some(work) = timed.take(place) {
                return Some(work);
            }
        }
        None
    }
}

/// The concurrency and the rate of one origin: each from the most specific rule that has one.
pub(super) fn limits_of(limits: &Limits, origin: &str) -> (Concurrency, Option<Rate>) {
    let found = rule_for(limits, origin);
    (
        found.concurrency.unwrap_or(limits.concurrency_per_host),
        found.rate.unwrap_or(limits.rate_per_host),
    )
}

/// What the rules for hosts say of `origin`: each limit from the most specific one that has it.
pub(crate) fn rule_for(limits: &Limits, origin: &str) -> HostLimits {
    let mut found = HostLimits::default();
    let has_rules = !limits.hosts.is_empty() || !limits.other_hosts.is_empty();
    if has_rules && let Ok(url) = Url::parse(origin) {
        let rules = limits.hosts.matching(&url);
        for rule in rules.chain(limits.other_hosts.matching(&url)) {
            found.concurrency = found.concurrency.or(rule.concurrency);
            found.rate = found.rate.or(rule.rate);
        }
    }
    found
}
