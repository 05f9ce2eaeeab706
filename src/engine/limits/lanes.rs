//! Who may go next. Each origin has a lane, in which its work waits in order; lanes that may go take turns.
//! Pure bookkeeping: it holds no lock and waits for nothing. A step costs the same however many lanes wait; only what waits for a time
//! stands in a heap. A lane that may not go is in nobody's way: it is parked until a time, or until a place comes free.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use slab::Slab;
use tokio::time::Instant;

use super::auto::Signal;
use super::bucket::Bucket;
use super::gate::{Gate, Pass};
use super::lane::{Closed, Lane, LaneId, MAX_UNREACHED, State, Turn, limits_of};
use super::report::{Contact, Report};
use super::rests::Rest;
use super::timed::{Delayed, Place, Timed};
use super::waits::{Seen, Stopwatch, Waits, Watches};
use super::window::Window;
use crate::options::Limits;

/// Lanes that are kept before those are looked for that can be forgotten.
const MIN_SWEEP: usize = 1 << 10;

/// What is next.
#[derive(Debug)]
pub(crate) enum Next<W, G> {
    /// It may go; its places are taken.
    Go(LaneId, W, G),
    /// Its time passed while it waited.
    Expired(W),
    /// Its origin is closed.
    Refused(W, Closed),
}

/// What may still come to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Accepts {
    All,
    /// What was begun, and goes on elsewhere.
    Begun,
    Nothing,
}

/// Lanes, and what waits in them.
#[derive(Debug)]
pub(crate) struct Lanes<W, G> {
    limits: Limits,
    window: Window,
    bucket: Option<Bucket>,
    in_flight: usize,
    /// Lanes that hold a grant and have not used it yet.
    granted: usize,
    /// All that waits, wherever.
    waiting: usize,
    accepts: Accepts,
    /// Nothing starts for now.
    is_held: bool,
    ids: HashMap<Arc<str>, LaneId>,
    by_id: Slab<Lane<W, G>>,
    /// Lanes that may go as far as they know, each once.
    ready: VecDeque<LaneId>,
    /// Closed lanes with work to be refused.
    refusing: VecDeque<LaneId>,
    parked: BinaryHeap<Reverse<(Instant, LaneId)>>,
    delayed: Delayed<W>,
    timed: Timed<W>,
    /// When whoever asked last is to ask again.
    alarm: Option<Instant>,
    /// Lanes at which those are looked for that can be forgotten.
    sweep_at: usize,
    waits: Watches,
    /// Lanes that wait for a grant.
    asking: usize,
}

impl<W, G> Lanes<W, G> {
    /// Lanes under `limits`, with room for at most `most` in flight whatever the limits say.
    pub(crate) fn new(limits: Limits, most: usize, now: Instant) -> Self {
        Self {
            window: Window::in_all(limits.concurrency, most),
            bucket: limits.rate.map(|rate| Bucket::new(rate, now)),
            limits,
            in_flight: 0,
            granted: 0,
            waiting: 0,
            accepts: Accepts::All,
            is_held: false,
            ids: HashMap::new(),
            by_id: Slab::new(),
            ready: VecDeque::new(),
            refusing: VecDeque::new(),
            parked: BinaryHeap::new(),
            delayed: Delayed::new(),
            timed: Timed::new(),
            alarm: None,
            sweep_at: MIN_SWEEP,
            waits: Watches::default(),
            asking: 0,
        }
    }

    /// Lets `work` wait for its turn at `origin`, at most until `expires`.
    pub(crate) fn enqueue(&mut self, origin: &str, work: W, turn: Turn, expires: Option<Instant>) {
        let is_late = match turn {
            Turn::Begun => self.accepts > Accepts::Begun,
            Turn::Fresh => self.accepts > Accepts::All,
        };
        if is_late {
            return;
        }
        let place = self.timed.place(work, expires);
        self.waiting += 1;
        let id = self.lane_of(origin);
        self.put(id, place, turn);
    }

    /// Lets `work` wait until `until`, and then for its turn.
    pub(crate) fn delay(
        &mut self,
        origin: &str,
        work: W,
        until: Instant,
        expires: Option<Instant>,
    ) {
        // Another try is a start.
        if self.accepts > Accepts::All {
            return;
        }
        let place = self.timed.place(work, expires);
        self.waiting += 1;
        self.delayed.push(until, origin, place);
    }

    /// What is next at `now`, if anything is.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        gate: &impl Gate<Grant = G>,
    ) -> Option<Next<W, Option<G>>> {
        self.wake(now);
        if let Some(work) = self.timed.expired(now) {
            self.waiting -= 1;
            return Some(Next::Expired(work));
        }
        loop {
            if let Some(refused) = self.refused(now) {
                return Some(refused);
            }
            if !self.has_next(now) {
                self.watch(now);
                return None;
            }
            let id = self.ready.pop_front()?;
            if let Some(next) = self.try_lane(id, now, gate) {
                return Some(next);
            }
        }
    }

    /// Whether something may go at once, as far as these lanes know.
    pub(crate) fn has_next(&self, now: Instant) -> bool {
        self.may_start()
            && self
                .bucket
                .as_ref()
                .and_then(|bucket| bucket.ready_at(now))
                .is_none()
    }

    /// When to ask again though nothing came free.
    pub(crate) fn next_wake(&mut self, now: Instant) -> Option<Instant> {
        self.alarm = self.due(now);
        self.alarm
    }

    /// Whether it is to be asked again earlier than [`Lanes::next_wake`] said.
    pub(crate) fn is_due_earlier(&mut self, now: Instant) -> bool {
        let alarm = self.alarm;
        self.due(now)
            .is_some_and(|due| alarm.is_none_or(|alarm| due < alarm))
    }

    fn may_start(&self) -> bool {
        !self.is_held && self.window.has_room(self.in_flight) && !self.ready.is_empty()
    }

    fn due(&mut self, now: Instant) -> Option<Instant> {
        let rated = self
            .may_start()
            .then(|| self.bucket.as_ref()?.ready_at(now))
            .flatten();
        let parked = self.parked.peek().map(|Reverse((at, _))| *at);
        let delayed = self.delayed.next_due();
        let expiry = self.timed.next_expiry();
        [rated, parked, delayed, expiry].into_iter().flatten().min()
    }

    /// Gives the places back that [`Lanes::take`] took.
    pub(crate) fn release(&mut self, id: LaneId, report: Report, now: Instant) {
        if report.is_shortage {
            self.window.let_loose(self.in_flight);
        }
        self.window.settle(report, self.in_flight, now);
        self.in_flight -= 1;
        let lane = &mut self.by_id[id.0];
        lane.window.settle(report.of_origin(), lane.in_flight, now);
        lane.in_flight -= 1;
        lane.watch(now);
        match report.contact {
            // One that was given up stays so, whatever still comes from it.
            Contact::Answered if lane.unreached < MAX_UNREACHED => lane.unreached = 0,
            Contact::ConnectTimedOut => lane.unreached = lane.unreached.saturating_add(1),
            Contact::Answered | Contact::Unknown => {}
        }
        if lane.unreached >= MAX_UNREACHED {
            self.close(id, Closed::Unreachable);
        } else if report.signal == Signal::Busy && matches!(lane.state, State::Parked(_)) {
            // The origin may have asked for more than what it is parked for.
            lane.state = State::Idle;
        }
        self.note_if_ready(id);
        self.tidy(id, now);
    }

    /// Gives the places back that [`Lanes::take`] took, and the tokens: nothing was done with them.
    pub(crate) fn give_back(&mut self, id: LaneId, now: Instant) {
        self.in_flight -= 1;
        let lane = &mut self.by_id[id.0];
        lane.in_flight -= 1;
        let buckets = lane.bucket.iter_mut().chain(&mut self.bucket);
        buckets.for_each(Bucket::give_back);
        self.note_if_ready(id);
        self.tidy(id, now);
    }

    /// The gate's grant for a lane that asked. It comes back when the lane cannot use it any more.
    pub(crate) fn offer(&mut self, id: LaneId, origin: &str, grant: G, now: Instant) -> Option<G> {
        let has_room = self.can_use_grant(now);
        let Some(lane) = self.by_id.get_mut(id.0) else {
            return Some(grant);
        };
        if lane.state != State::Asking || *lane.origin != *origin {
            return Some(grant);
        }
        lane.state = State::Ready;
        lane.is_listed = true;
        self.asking -= 1;
        // Whoever cannot use it at once asks again later: others may.
        if !has_room || !lane.has_work() {
            self.ready.push_back(id);
            return Some(grant);
        }
        lane.grant = Some(grant);
        self.granted += 1;
        self.ready.push_front(id);
        None
    }

    /// Starts nothing as long as `is_held`.
    pub(crate) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Lets go of everything that waits, and of all that is still to come.
    pub(crate) fn shut(&mut self) {
        self.accepts = Accepts::Nothing;
        self.drop_waiting();
    }

    /// Lets go of everything that waits, and of what is still to come and was not begun.
    pub(crate) fn stop(&mut self) {
        self.accepts = self.accepts.max(Accepts::Begun);
        self.drop_waiting();
    }

    fn drop_waiting(&mut self) {
        self.waiting = 0;
        self.granted = 0;
        self.asking = 0;
        self.ready.clear();
        self.refusing.clear();
        self.parked.clear();
        self.delayed = Delayed::new();
        self.timed = Timed::new();
        for (_, lane) in &mut self.by_id {
            lane.begun.clear();
            lane.fresh.clear();
            lane.grant = None;
            lane.state = State::Idle;
            lane.is_listed = false;
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Nothing runs and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.waiting == 0
    }

    /// Takes the next work of a lane whose turn it is, or says where the lane is to wait.
    fn try_lane(
        &mut self,
        id: LaneId,
        now: Instant,
        gate: &impl Gate<Grant = G>,
    ) -> Option<Next<W, Option<G>>> {
        let lane = &mut self.by_id[id.0];
        lane.is_listed = false;
        if lane.state != State::Ready {
            self.tidy(id, now);
            return None;
        }
        lane.state = State::Idle;
        let mut grant = lane.grant.take();
        if grant.is_some() {
            self.granted -= 1;
        }
        if !lane.window.has_room(lane.in_flight) {
            return None;
        }
        if self.is_kept_back(id, now, gate) {
            return None;
        }
        let lane = &mut self.by_id[id.0];
        if grant.is_none() && lane.has_work() {
            match gate.ask(&lane.origin, id) {
                Pass::Free => {}
                Pass::With(given) => grant = Some(given),
                Pass::Later => {
                    lane.state = State::Asking;
                    self.asking += 1;
                    return None;
                }
            }
        }
        let work = lane.next(&mut self.timed);
        let next = work.map(|work| {
            lane.in_flight += 1;
            self.in_flight += 1;
            self.waiting -= 1;
            let buckets = lane.bucket.iter_mut().chain(&mut self.bucket);
            buckets.for_each(|bucket| bucket.take(now));
            lane.watch(now);
            Next::Go(id, work, grant)
        });
        self.note_if_ready(id);
        if next.is_none() {
            self.tidy(id, now);
        }
        next
    }

    /// Whether its origin wants to be left alone, or its rate is used up. Then the lane waits for that to be over.
    fn is_kept_back(&mut self, id: LaneId, now: Instant, gate: &impl Gate<Grant = G>) -> bool {
        let lane = &mut self.by_id[id.0];
        match gate.rest(&lane.origin, now) {
            Some(Rest::Closed(_)) => {
                self.close(id, Closed::Asked);
                return true;
            }
            Some(Rest::Pause(until)) => {
                self.park(id, until);
                return true;
            }
            None => {}
        }
        let rated = lane.bucket.as_ref().and_then(|bucket| bucket.ready_at(now));
        lane.rated.set(rated.is_some() && lane.has_work(), now);
        if let Some(at) = rated {
            self.park(id, at);
        }
        rated.is_some()
    }

    fn put(&mut self, id: LaneId, place: Place<W>, turn: Turn) {
        let lane = &mut self.by_id[id.0];
        match turn {
            Turn::Begun => lane.begun.push_back(place),
            Turn::Fresh => lane.fresh.push_back(place),
        }
        self.note_if_ready(id);
    }

    /// Lets those whose time has come stand in line again.
    fn wake(&mut self, now: Instant) {
        while let Some(Reverse((at, id))) = self.parked.peek().copied()
            && at <= now
        {
            self.parked.pop();
            // One that was parked anew, or is gone, is not meant.
            if let Some(lane) = self.by_id.get_mut(id.0)
                && lane.state == State::Parked(at)
            {
                lane.state = State::Idle;
                self.note_if_ready(id);
                self.tidy(id, now);
            }
        }
        while let Some((origin, place)) = self.delayed.due(now) {
            if self.timed.holds(&place) {
                let id = self.lane_of(&origin);
                self.put(id, place, Turn::Begun);
            }
        }
    }

    fn refused(&mut self, now: Instant) -> Option<Next<W, Option<G>>> {
        while let Some(id) = self.refusing.front().copied() {
            let lane = &mut self.by_id[id.0];
            let State::Closed(why) = lane.state else {
                unreachable!("a lane stands there once, and only when it is closed")
            };
            if let Some(work) = lane.next(&mut self.timed) {
                self.waiting -= 1;
                return Some(Next::Refused(work, why));
            }
            self.refusing.pop_front();
            // Whether it is still closed is looked up when there is work for it again.
            lane.state = State::Idle;
            self.tidy(id, now);
        }
        None
    }

    fn close(&mut self, id: LaneId, why: Closed) {
        let lane = &mut self.by_id[id.0];
        if lane.grant.take().is_some() {
            self.granted -= 1;
        }
        if !matches!(lane.state, State::Closed(_)) {
            self.asking -= usize::from(lane.state == State::Asking);
            lane.state = State::Closed(why);
            self.refusing.push_back(id);
        }
    }

    fn park(&mut self, id: LaneId, until: Instant) {
        self.by_id[id.0].state = State::Parked(until);
        self.parked.push(Reverse((until, id)));
    }

    fn lane_of(&mut self, origin: &str) -> LaneId {
        if let Some(&id) = self.ids.get(origin) {
            return id;
        }
        if self.by_id.len() >= self.sweep_at {
            self.sweep(Instant::now());
        }
        let origin: Arc<str> = origin.into();
        let (concurrency, rate) = limits_of(&self.limits, &origin);
        let id = LaneId(self.by_id.insert(Lane {
            origin: Arc::clone(&origin),
            window: Window::per_host(concurrency),
            bucket: rate.map(|rate| Bucket::new(rate, Instant::now())),
            in_flight: 0,
            begun: VecDeque::new(),
            fresh: VecDeque::new(),
            state: State::Idle,
            is_listed: false,
            grant: None,
            unreached: 0,
            capped: Stopwatch::default(),
            rated: Stopwatch::default(),
            peak: 0,
        }));
        self.ids.insert(origin, id);
        id
    }

    fn note_if_ready(&mut self, id: LaneId) {
        let lane = &mut self.by_id[id.0];
        if lane.state != State::Idle || !lane.has_work() {
            return;
        }
        if lane.unreached >= MAX_UNREACHED {
            self.close(id, Closed::Unreachable);
        } else if lane.window.has_room(lane.in_flight) {
            lane.state = State::Ready;
            if !lane.is_listed {
                lane.is_listed = true;
                self.ready.push_back(id);
            }
        }
    }

    /// Whether one more grant would be used at once.
    fn can_use_grant(&self, now: Instant) -> bool {
        let has_token = self
            .bucket
            .as_ref()
            .is_none_or(|bucket| self.granted == 0 && bucket.ready_at(now).is_none());
        has_token && !self.is_held && self.window.has_room(self.in_flight + self.granted)
    }

    /// Forgets those that have nothing to do, and with them what an automatic number has learnt: there are too many.
    fn sweep(&mut self, now: Instant) {
        let ids: Vec<_> = self.by_id.iter().map(|(id, _)| LaneId(id)).collect();
        for id in ids {
            if self.by_id[id.0].is_done(now) {
                self.forget(id);
            }
        }
        self.sweep_at = (2 * self.by_id.len()).max(MIN_SWEEP);
    }

    /// Forgets a lane that has nothing to do and nothing to remember.
    fn tidy(&mut self, id: LaneId, now: Instant) {
        let lane = &self.by_id[id.0];
        if lane.is_done(now) && !lane.window.has_learnt() {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: LaneId) {
        let lane = self.by_id.remove(id.0);
        self.ids.remove(&lane.origin);
        self.waits.forget(lane.waits(Instant::now()), lane.peak);
    }

    /// Items are still to come, or not; with `is_ahead`, not before the caller has taken results.
    pub(crate) fn expect(&mut self, is_open: bool, is_ahead: bool, now: Instant) {
        self.waits.expect(is_open, is_ahead);
        self.watch(now);
    }

    /// Looks again what work waits for, in all lanes.
    fn watch(&mut self, now: Instant) {
        let seen = Seen {
            has_room: self.window.has_room(self.in_flight),
            has_ready: !self.ready.is_empty(),
            has_waiting: self.waiting > 0,
            is_held: self.is_held,
            is_asking: self.asking > 0,
        };
        self.waits.watch(seen, now);
    }

    /// What the work waited for so far.
    pub(crate) fn waits(&self, now: Instant) -> Waits {
        let lanes = self.by_id.iter();
        let lanes = lanes.map(|(_, lane)| (lane.waits(now), lane.peak));
        self.waits.told(lanes, now)
    }

    /// What runs and what waits, by origin.
    pub(crate) fn usage(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        let lanes = self.by_id.iter();
        lanes.map(|(_, lane)| {
            let queued = lane.begun.len() + lane.fresh.len();
            (&*lane.origin, lane.in_flight, queued)
        })
    }
}

#[cfg(test)]
mod tests;
