//! Every reason to wait, behind one type: a [`Permit`] is the right to have one request in flight.
//! It is given back when it is dropped, whatever happens to its holder. Who waits holds no permit, and is no task either.
//!
//! Limits are a chain. `lanes.rs` is one link: a run's own limits, and above it (`ceilings.rs`) those that all runs of a client
//! share. `rests.rs` has the hosts that asked to be left alone.

mod auto;
pub(crate) mod bucket;
mod ceilings;
mod gate;
mod lane;
mod lanes;
mod report;
mod rests;
mod timed;
mod waits;
mod window;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::options;
use crate::sink::Credit;
pub(crate) use auto::Signal;
pub(crate) use ceilings::Ceilings;
use ceilings::{Grant, Inbox};
use gate::{Gate, Pass};
use lane::LaneId;
pub(crate) use lane::{Closed, Turn, rule_for};
use lanes::Lanes;
pub(crate) use report::{Contact, Report};
use rests::Rest;
pub(crate) use rests::Rests;
pub(crate) use waits::{OriginWaits, Waits};

/// The limits of one run, and the work `J` that waits for them.
#[derive(Debug)]
pub(crate) struct Limits<J>(Arc<Shared<J>>);

/// Those of a run that may be over.
#[derive(Debug)]
pub(crate) struct WeakLimits<J>(Weak<Shared<J>>);

impl<J> WeakLimits<J> {
    pub(crate) fn upgrade(&self) -> Option<Limits<J>> {
        self.0.upgrade().map(Limits)
    }
}

/// What runs and what waits at one origin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) in_flight: u64,
    pub(crate) queued: u64,
}

impl Usage {
    pub(crate) fn is_none(&self) -> bool {
        self.in_flight == 0 && self.queued == 0
    }
}

/// What all runs of one client have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientLimits {
    pub(crate) rests: Arc<Rests>,
    /// `None` for a client without limits of its own.
    pub(crate) ceilings: Option<Arc<Ceilings>>,
}

#[derive(Debug)]
struct Shared<J> {
    lanes: Mutex<Lanes<J, Grant>>,
    gate: ClientGate,
    /// What its bodies may hold: while it is full, nothing starts.
    credit: Arc<Credit>,
    /// Rung when there may be work to start, or none is left.
    freed: Arc<Notify>,
}

/// What stands above one run.
#[derive(Debug)]
struct ClientGate {
    client: ClientLimits,
    inbox: Arc<Inbox>,
}

/// The next thing to do.
#[derive(Debug)]
pub(crate) enum Next<J> {
    /// The job may run.
    Go(J, Permit<J>),
    /// The job's time passed while it waited.
    Expired(J),
    /// The job's host is closed.
    Refused(J, Closed),
}

/// The right to have one request in flight to one host.
#[derive(Debug)]
pub(crate) struct Permit<J> {
    limits: Limits<J>,
    /// `None` once it is given back.
    lane: Option<LaneId>,
    grant: Option<Grant>,
}

impl Gate for ClientGate {
    type Grant = Grant;

    fn rest(&self, origin: &str, now: Instant) -> Option<Rest> {
        self.client.rests.of(origin, now)
    }

    fn ask(&self, origin: &str, lane: LaneId) -> Pass<Grant> {
        let Some(ceilings) = &self.client.ceilings else {
            return Pass::Free;
        };
        let grant = ceilings.ask(origin, lane, &self.inbox);
        grant.map_or(Pass::Later, Pass::With)
    }
}

impl<J> Clone for Limits<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J> Limits<J> {
    /// The limits of a run of `client`, which has at most `most` requests in flight whatever its own limits say.
    /// It starts nothing while `credit` is full, and `freed` is rung when that is over.
    pub(crate) fn new(
        limits: options::Limits,
        most: usize,
        client: ClientLimits,
        (credit, freed): (Arc<Credit>, Arc<Notify>),
    ) -> Self {
        Self(Arc::new(Shared {
            lanes: Mutex::new(Lanes::new(limits, most, Instant::now())),
            gate: ClientGate {
                client,
                inbox: Inbox::new(Arc::clone(&freed)),
            },
            credit,
            freed,
        }))
    }

    /// Lets `job` wait for its turn at `origin`, at most until `expires`.
    pub(crate) fn enqueue(&self, origin: &str, job: J, turn: Turn, expires: Option<Instant>) {
        self.lock().enqueue(origin, job, turn, expires);
    }

    /// Lets `job` wait until `until`, and then for its turn.
    pub(crate) fn delay(&self, origin: &str, job: J, until: Instant, expires: Option<Instant>) {
        self.lock().delay(origin, job, until, expires);
    }

    /// What is to be done next, if anything is at this time.
    pub(crate) fn next(&self) -> Option<Next<J>> {
        self.next_of(&mut self.lock(), Instant::now())
    }

    /// Waits until there may be something to do: places came free that nobody took over, or the time has come.
    pub(crate) async fn freed(&self) {
        let wake = self.lock().next_wake(Instant::now());
        let freed = self.0.freed.notified();
        match wake {
            None => freed.await,
            // That it is time is as good.
            Some(wake) => drop(tokio::time::timeout_at(wake, freed).await),
        }
    }

    /// Lets go of all that waits, and of all that is still to come.
    pub(crate) fn shut(&self) {
        self.lock().shut();
        drop(self.0.gate.inbox.close());
        self.ring();
    }

    /// Lets go of all that waits, and of what is still to come and was not begun.
    pub(crate) fn stop(&self) {
        self.lock().stop();
        self.ring();
    }

    /// Wakes whoever waits in [`Limits::freed`].
    pub(crate) fn ring(&self) {
        self.0.freed.notify_one();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.lock().is_idle()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.lock().in_flight()
    }

    /// Items are still to come, or not; with `is_ahead`, not before the caller has taken results.
    pub(crate) fn expect(&self, is_open: bool, is_ahead: bool) {
        self.lock().expect(is_open, is_ahead, Instant::now());
    }

    /// What the work waited for so far.
    pub(crate) fn waits(&self) -> Waits {
        self.lock().waits(Instant::now())
    }

    /// Adds to `usage` what runs and what waits, by origin.
    pub(crate) fn add_usage(&self, usage: &mut HashMap<String, Usage>) {
        for (origin, in_flight, queued) in self.lock().usage() {
            let known = usage.entry(origin.to_owned()).or_default();
            known.in_flight += in_flight as u64;
            known.queued += queued as u64;
        }
    }

    /// The same limits, as long as somebody else holds them.
    pub(crate) fn downgrade(&self) -> WeakLimits<J> {
        WeakLimits(Arc::downgrade(&self.0))
    }

    fn next_of(&self, lanes: &mut Lanes<J, Grant>, now: Instant) -> Option<Next<J>> {
        let gate = &self.0.gate;
        lanes.hold(self.0.credit.is_full());
        loop {
            if let Some(next) = lanes.take(now, gate) {
                return Some(self.with_permit(next));
            }
            gate.client.ceilings.as_ref()?;
            let offers = gate.inbox.take();
            if offers.is_empty() {
                return None;
            }
            for (lane, grant) in offers {
                let origin = grant.origin();
                // What the lane cannot use any more is offered to another run.
                drop(lanes.offer(lane, &origin, grant, now));
            }
        }
    }

    fn with_permit(&self, next: lanes::Next<J, Option<Grant>>) -> Next<J> {
        match next {
            lanes::Next::Go(lane, job, grant) => {
                let permit = Permit {
                    limits: self.clone(),
                    lane: Some(lane),
                    grant: grant.map(Grant::used),
                };
                Next::Go(job, permit)
            }
            lanes::Next::Expired(job) => Next::Expired(job),
            lanes::Next::Refused(job, why) => Next::Refused(job, why),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<J, Grant>> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Permit<J> {
    /// Gives this permit back and takes what is next. Nobody is woken unless there is more to do, or nothing, or it is to be
    /// done earlier.
    pub(crate) fn exchange(mut self, report: Report) -> Option<Next<J>> {
        if let Some(grant) = self.grant.take() {
            grant.settle(report);
        }
        let now = Instant::now();
        let mut lanes = self.limits.lock();
        if let Some(lane) = self.lane.take() {
            lanes.release(lane, report, now);
        }
        let next = self.limits.next_of(&mut lanes, now);
        let wakes = next.is_none() || lanes.has_next(now) || lanes.is_due_earlier(now);
        drop(lanes);
        if wakes {
            self.limits.0.freed.notify_one();
        }
        next
    }
}

impl<J> Drop for Permit<J> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            let now = Instant::now();
            self.limits.lock().release(lane, Report::NONE, now);
            self.limits.0.freed.notify_one();
        }
    }
}
