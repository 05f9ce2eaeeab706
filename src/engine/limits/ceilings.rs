//! The limits that all runs of one client share, above those of each run: the same lanes, in which runs wait for a grant.
//! A grant is offered to the run that has waited longest, through its inbox; one that cannot be used goes to the next.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::gate::{Gate, Pass};
use super::lane::{LaneId, Turn};
use super::lanes::{Lanes, Next};
use super::report::{Contact, Report};
use super::rests::Rest;
use crate::options::Limits;

/// The limits of one client.
#[derive(Debug)]
pub(crate) struct Ceilings {
    state: Mutex<State>,
    /// Where to wait for the time of a rate: known from the first run on.
    runtime: OnceLock<Handle>,
}

#[derive(Debug)]
struct State {
    lanes: Lanes<Waiter, ()>,
    /// When the next task looks whether a grant is due.
    clock: Option<Instant>,
}

/// The right to have one request in flight under the client's limits.
#[derive(Debug)]
pub(crate) struct Grant {
    ceilings: Arc<Ceilings>,
    lane: LaneId,
    origin: Arc<str>,
    /// How its request ended; `None` while there is none.
    report: Option<Report>,
}

/// Where grants are offered to one run.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// `None` once the run is over.
    offers: Mutex<Option<Vec<(LaneId, Grant)>>>,
    /// The run's bell.
    freed: Arc<Notify>,
}

/// A run that waits for a grant.
#[derive(Debug)]
struct Waiter {
    inbox: Weak<Inbox>,
    lane: LaneId,
    origin: Arc<str>,
}

/// Nothing stands above a client.
struct Open;

impl Gate for Open {
    type Grant = ();

    fn rest(&self, _origin: &str, _now: Instant) -> Option<Rest> {
        None
    }

    fn ask(&self, _origin: &str, _lane: LaneId) -> Pass<()> {
        Pass::Free
    }
}

impl Ceilings {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State {
                lanes: Lanes::new(limits, usize::MAX, Instant::now()),
                clock: None,
            }),
            runtime: OnceLock::new(),
        }
    }

    /// Says where the client's tasks run.
    pub(crate) fn run_on(&self, runtime: &Handle) {
        self.runtime.get_or_init(|| runtime.clone());
    }

    /// A grant for `origin`, if it is the turn of `lane` of a run. If not, one is offered to it later, through `inbox`.
    pub(crate) fn ask(
        self: &Arc<Self>,
        origin: &str,
        lane: LaneId,
        inbox: &Arc<Inbox>,
    ) -> Option<Grant> {
        let waiter = Waiter {
            inbox: Arc::downgrade(inbox),
            lane,
            origin: origin.into(),
        };
        self.lock().lanes.enqueue(origin, waiter, Turn::Fresh, None);
        let mut own = None;
        self.hand_out(|to, grant| {
            if own.is_none()
                && Arc::ptr_eq(&to.0, inbox)
                && to.1 == lane
                && *grant.origin == *origin
            {
                own = Some(grant);
            } else {
                to.0.put(to.1, grant);
            }
        });
        own
    }

    /// Offers grants to those who wait, as far as there are any.
    fn offer(self: &Arc<Self>) {
        self.hand_out(|(inbox, lane), grant| inbox.put(lane, grant));
    }

    fn hand_out(self: &Arc<Self>, mut give: impl FnMut((Arc<Inbox>, LaneId), Grant)) {
        loop {
            let mut state = self.lock();
            let now = Instant::now();
            let Some(Next::Go(lane, waiter, _)) = state.lanes.take(now, &Open) else {
                self.set_clock(state, now);
                return;
            };
            let Some(inbox) = waiter.inbox.upgrade().filter(|inbox| inbox.is_open()) else {
                // The run is over. What it was to get is for the next.
                state.lanes.give_back(lane, now);
                continue;
            };
            drop(state);
            let grant = Grant {
                ceilings: Arc::clone(self),
                lane,
                origin: waiter.origin,
                report: None,
            };
            give((inbox, waiter.lane), grant);
        }
    }

    /// Waits in a task of its own for the time at which a rate lets the next one pass.
    fn set_clock(self: &Arc<Self>, mut state: MutexGuard<'_, State>, now: Instant) {
        let Some(at) = state.lanes.next_wake(now) else {
            return;
        };
        if state.clock.is_some_and(|clock| clock <= at) {
            return;
        }
        if let Some(runtime) = self.runtime.get() {
            state.clock = Some(at);
            runtime.spawn(wait(at, Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant {
    /// What it is for.
    pub(crate) fn origin(&self) -> Arc<str> {
        Arc::clone(&self.origin)
    }

    /// The same, from now on in use.
    pub(crate) fn used(mut self) -> Self {
        self.report = Some(Report::NONE);
        self
    }

    /// Gives the grant back, and says how the request ended that it was for.
    pub(crate) fn settle(mut self, report: Report) {
        // Each run finds out for itself whom it cannot reach.
        self.report = Some(Report {
            contact: Contact::Unknown,
            ..report
        });
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let mut state = self.ceilings.lock();
        let now = Instant::now();
        match self.report {
            Some(report) => state.lanes.release(self.lane, report, now),
            None => state.lanes.give_back(self.lane, now),
        }
        drop(state);
        self.ceilings.offer();
    }
}

async fn wait(until: Instant, ceilings: Weak<Ceilings>) {
    sleep_until(until).await;
    if let Some(ceilings) = ceilings.upgrade() {
        ceilings.lock().clock.take_if(|clock| *clock <= until);
        ceilings.offer();
    }
}

impl Inbox {
    pub(crate) fn new(freed: Arc<Notify>) -> Arc<Self> {
        let offers = Mutex::new(Some(Vec::new()));
        Arc::new(Self { offers, freed })
    }

    /// What was offered since the last time.
    pub(crate) fn take(&self) -> Vec<(LaneId, Grant)> {
        self.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes no offers any more, and returns what is left of them.
    pub(crate) fn close(&self) -> Option<Vec<(LaneId, Grant)>> {
        self.lock().take()
    }

    fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    fn put(&self, lane: LaneId, grant: Grant) {
        let mut offers = self.lock();
        let Some(open) = offers.as_mut() else {
            // The grant goes back when nothing is locked any more.
            return drop(offers);
        };
        open.push((lane, grant));
        drop(offers);
        self.freed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<(LaneId, Grant)>>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
