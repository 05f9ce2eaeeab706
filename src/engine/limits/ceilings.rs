//! The limits that all runs of one client share, above those of each run: the same lanes, in which runs wait for a grant.
//! A grant is offered to the run that has waited longest, through its inbox; one that cannot be used goes to the next.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::lanes::{Gate, LaneId, Lanes, Next, Report, Turn};
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
    report: Report,
}

/// Where grants are offered to one run.
#[derive(Debug)]
pub(crate) struct Inbox {
    offers: Mutex<Vec<(LaneId, Grant)>>,
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

    fn lets_pass(&self, _origin: &str, _lane: LaneId) -> bool {
        true
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

    /// Lets `lane` of a run wait for a grant for `origin`, which is offered through `inbox`.
    pub(crate) fn ask(self: &Arc<Self>, origin: &str, lane: LaneId, inbox: &Arc<Inbox>) {
        let waiter = Waiter {
            inbox: Arc::downgrade(inbox),
            lane,
            origin: origin.into(),
        };
        self.lock().lanes.enqueue(origin, waiter, Turn::Fresh, None);
        self.offer();
    }

    /// Offers grants to those who wait, as far as there are any.
    fn offer(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let now = Instant::now();
            let Some(Next::Go(lane, waiter, _)) = state.lanes.take(now, &Open) else {
                self.set_clock(state, now);
                return;
            };
            let Some(inbox) = waiter.inbox.upgrade() else {
                // The run is over. What it was to get is for the next.
                state.lanes.release(lane, Report::NONE, now);
                continue;
            };
            drop(state);
            let grant = Grant {
                ceilings: Arc::clone(self),
                lane,
                origin: waiter.origin,
                report: Report::NONE,
            };
            inbox.put(waiter.lane, grant);
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

    /// Gives the grant back, and says how the request ended that it was for.
    pub(crate) fn settle(mut self, report: Report) {
        self.report = report;
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let mut state = self.ceilings.lock();
        state.lanes.release(self.lane, self.report, Instant::now());
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
        let offers = Mutex::default();
        Arc::new(Self { offers, freed })
    }

    /// What was offered since the last time.
    pub(crate) fn take(&self) -> Vec<(LaneId, Grant)> {
        std::mem::take(&mut *self.lock())
    }

    fn put(&self, lane: LaneId, grant: Grant) {
        self.lock().push((lane, grant));
        self.freed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(LaneId, Grant)>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
