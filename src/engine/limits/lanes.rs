//! Who may go next. Each origin has a lane, in which its work waits in order; lanes that may go take turns.
//! Pure bookkeeping without locks, clocks or tasks. A step costs the same however many lanes wait; only what waits for a time
//! stands in a heap. A lane that may not go is in nobody's way: it is parked until a time, or until a place comes free.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use slab::Slab;
use tokio::time::Instant;
use url::Url;

use super::auto::Signal;
use super::bucket::Bucket;
use super::rests::Rest;
use super::timed::{Delayed, Place, Timed};
use super::window::Window;
use crate::options::{Concurrency, HostLimits, Limits};
use crate::rate::Rate;

/// Connect timeouts in a row after which an origin counts as unreachable.
const MAX_UNREACHED: u8 = 20;

/// Lanes that are kept before those are looked for that can be forgotten.
const MIN_SWEEP: usize = 1 << 10;

/// An origin's number, as long as it has work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneId(usize);

/// Which of a lane's two queues work stands in. Each is served in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    /// Work that was begun, at this origin or another, is finished first.
    Begun,
    /// Work that was not.
    Fresh,
}

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

/// Why an origin's work is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The server asked to be left alone for longer than anybody waits.
    Asked,
    /// One connection after the other timed out.
    Unreachable,
}

/// How one request ended, as far as limits go by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) signal: Signal,
    pub(crate) contact: Contact,
    /// The machine had no descriptor, port or buffer for it.
    pub(crate) is_shortage: bool,
}

/// Whether the origin could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    Answered,
    ConnectTimedOut,
    Unknown,
}

impl Report {
    /// Nothing is known: it was given up.
    pub(crate) const NONE: Self = Self {
        signal: Signal::Failed,
        contact: Contact::Unknown,
        is_shortage: false,
    };
}

/// What the gate says to work that may go as far as its lane knows.
#[derive(Debug)]
pub(crate) enum Pass<G> {
    /// It needs nothing from the gate.
    Free,
    /// It may go with this.
    With(G),
    /// A grant is offered to its lane as soon as there is one.
    Later,
}

/// What stands above these lanes, and is asked before work may go.
pub(crate) trait Gate {
    /// What it gives: the right to go, given back when it is dropped.
    type Grant;

    /// The rest that `origin` asked for.
    fn rest(&self, origin: &str, now: Instant) -> Option<Rest>;

    /// Whether work for `origin` may go, from `lane`.
    fn ask(&self, origin: &str, lane: LaneId) -> Pass<Self::Grant>;
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
    /// Nothing is taken in any more.
    is_closed: bool,
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
}

#[derive(Debug)]
struct Lane<W, G> {
    origin: Arc<str>,
    window: Window,
    bucket: Option<Bucket>,
    in_flight: usize,
    begun: VecDeque<Place<W>>,
    fresh: VecDeque<Place<W>>,
    state: State,
    /// It stands among those that are ready, or did when it was closed.
    is_listed: bool,
    grant: Option<G>,
    /// Connect timeouts in a row.
    unreached: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Without work, or without a place of its own.
    Idle,
    Ready,
    Parked(Instant),
    /// The gate will offer it a grant.
    Asking,
    Closed(Closed),
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
            is_closed: false,
            ids: HashMap::new(),
            by_id: Slab::new(),
            ready: VecDeque::new(),
            refusing: VecDeque::new(),
            parked: BinaryHeap::new(),
            delayed: Delayed::new(),
            timed: Timed::new(),
            alarm: None,
            sweep_at: MIN_SWEEP,
        }
    }

    /// Lets `work` wait for its turn at `origin`, at most until `expires`.
    pub(crate) fn enqueue(&mut self, origin: &str, work: W, turn: Turn, expires: Option<Instant>) {
        if self.is_closed {
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
        if self.is_closed {
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
        self.window.has_room(self.in_flight)
            && !self.ready.is_empty()
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

    fn due(&mut self, now: Instant) -> Option<Instant> {
        let rated = (self.window.has_room(self.in_flight) && !self.ready.is_empty())
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
        self.window.settle(report.signal, self.in_flight, now);
        self.in_flight -= 1;
        let lane = &mut self.by_id[id.0];
        lane.window.settle(report.signal, lane.in_flight, now);
        lane.in_flight -= 1;
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

    /// Lets go of everything that waits, and of all that is still to come.
    pub(crate) fn shut(&mut self) {
        self.is_closed = true;
        self.waiting = 0;
        self.granted = 0;
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
        match gate.rest(&lane.origin, now) {
            Some(Rest::Closed(_)) => {
                self.close(id, Closed::Asked);
                return None;
            }
            Some(Rest::Pause(until)) => {
                self.park(id, until);
                return None;
            }
            None => {}
        }
        if let Some(at) = lane.bucket.as_ref().and_then(|bucket| bucket.ready_at(now)) {
            self.park(id, at);
            return None;
        }
        if grant.is_none() && lane.has_work() {
            match gate.ask(&lane.origin, id) {
                Pass::Free => {}
                Pass::With(given) => grant = Some(given),
                Pass::Later => {
                    lane.state = State::Asking;
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
            Next::Go(id, work, grant)
        });
        self.note_if_ready(id);
        if next.is_none() {
            self.tidy(id, now);
        }
        next
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
        has_token && self.window.has_room(self.in_flight + self.granted)
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
    }
}

impl<W, G> Lane<W, G> {
    /// Work that has left early still counts here until its place is reached.
    fn has_work(&self) -> bool {
        !self.begun.is_empty() || !self.fresh.is_empty()
    }

    /// It has nothing to do, and no limit would be passed if it were made anew.
    fn is_done(&self, now: Instant) -> bool {
        let is_used =
            self.in_flight > 0 || self.has_work() || self.is_listed || self.state != State::Idle;
        let is_full = self
            .bucket
            .as_ref()
            .is_none_or(|bucket| bucket.is_full(now));
        !is_used && is_full && self.unreached == 0
    }

    fn next(&mut self, timed: &mut Timed<W>) -> Option<W> {
        while let Some(place) = self.begun.pop_front().or_else(|| self.fresh.pop_front()) {
            if let Some(work) = timed.take(place) {
                return Some(work);
            }
        }
        None
    }
}

/// The concurrency and the rate of one origin: each from the most specific rule that has one.
fn limits_of(limits: &Limits, origin: &str) -> (Concurrency, Option<Rate>) {
    let mut found = HostLimits::default();
    if !limits.hosts.is_empty()
        && let Ok(url) = Url::parse(origin)
    {
        for rule in limits.hosts.matching(&url) {
            found.concurrency = found.concurrency.or(rule.concurrency);
            found.rate = found.rate.or(rule.rate);
        }
    }
    (
        found.concurrency.unwrap_or(limits.concurrency_per_host),
        found.rate.unwrap_or(limits.rate_per_host),
    )
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What a test puts above the lanes.
    #[derive(Default)]
    struct Above {
        rest: Option<Rest>,
        asks: bool,
        asked: RefCell<Vec<LaneId>>,
    }

    impl Gate for Above {
        type Grant = &'static str;

        fn rest(&self, origin: &str, _now: Instant) -> Option<Rest> {
            self.rest.filter(|_| origin == "http://a")
        }

        fn ask(&self, _origin: &str, lane: LaneId) -> Pass<Self::Grant> {
            self.asked.borrow_mut().push(lane);
            if self.asks { Pass::Later } else { Pass::Free }
        }
    }

    type TestLanes = Lanes<u32, &'static str>;

    fn lanes(concurrency: usize, concurrency_per_host: usize) -> TestLanes {
        let limits = Limits {
            concurrency: Concurrency::Fixed(concurrency),
            concurrency_per_host: Concurrency::Fixed(concurrency_per_host),
            ..Limits::default()
        };
        Lanes::new(limits, usize::MAX, Instant::now())
    }

    fn fill(lanes: &mut TestLanes, origin: &str, works: std::ops::Range<u32>) {
        for work in works {
            lanes.enqueue(origin, work, Turn::Fresh, None);
        }
    }

    fn take(lanes: &mut TestLanes, now: Instant) -> Option<Next<u32, Option<&'static str>>> {
        lanes.take(now, &Above::default())
    }

    fn take_all(lanes: &mut TestLanes) -> Vec<u32> {
        let now = Instant::now();
        std::iter::from_fn(|| match take(lanes, now)? {
            Next::Go(_, work, _) => Some(work),
            Next::Expired(_) | Next::Refused(..) => None,
        })
        .collect()
    }

    const GOOD: Report = Report {
        signal: Signal::Good,
        contact: Contact::Answered,
        is_shortage: false,
    };

    #[test]
    fn the_ceiling_of_all_holds() {
        let mut lanes = lanes(3, 10);
        fill(&mut lanes, "http://a", 0..9);
        assert_eq!(take_all(&mut lanes), [0, 1, 2]);
        assert_eq!(lanes.in_flight(), 3);
    }

    #[test]
    fn an_origin_at_its_ceiling_holds_no_place_that_another_could_use() {
        let mut lanes = lanes(10, 2);
        fill(&mut lanes, "http://a", 0..9);
        fill(&mut lanes, "http://b", 100..101);
        assert_eq!(take_all(&mut lanes), [0, 100, 1]);
    }

    #[test]
    fn origins_take_turns() {
        let mut lanes = lanes(4, 10);
        fill(&mut lanes, "http://a", 0..9);
        fill(&mut lanes, "http://b", 10..19);
        assert_eq!(take_all(&mut lanes), [0, 10, 1, 11]);
    }

    #[test]
    fn work_that_was_begun_goes_first_and_in_its_order() {
        let mut lanes = lanes(10, 10);
        for (work, turn) in [(1, Turn::Fresh), (2, Turn::Begun), (3, Turn::Begun)] {
            lanes.enqueue("http://a", work, turn, None);
        }
        assert_eq!(take_all(&mut lanes), [2, 3, 1]);
    }

    #[test]
    fn a_lane_that_has_nothing_left_is_forgotten() {
        let mut lanes = lanes(100, 1);
        for round in 0..3 {
            for n in 0..1_000 {
                fill(&mut lanes, &format!("http://host-{n}"), round..round + 1);
            }
            let now = Instant::now();
            while let Some(Next::Go(id, ..)) = take(&mut lanes, now) {
                lanes.release(id, GOOD, now);
            }
            assert!(lanes.is_idle());
            assert_eq!((lanes.by_id.len(), lanes.ids.len()), (0, 0));
        }
    }

    #[test]
    fn a_paused_origin_waits_for_its_time_and_is_in_nobodys_way() {
        let mut lanes = lanes(10, 10);
        fill(&mut lanes, "http://a", 0..2);
        fill(&mut lanes, "http://b", 10..12);
        let now = Instant::now();
        let paused = Above {
            rest: Some(Rest::Pause(now + SECOND)),
            ..Above::default()
        };
        let works: Vec<_> = std::iter::from_fn(|| lanes.take(now, &paused)).collect();
        assert!(matches!(
            works[..],
            [Next::Go(_, 10, _), Next::Go(_, 11, _)]
        ));
        assert_eq!(lanes.next_wake(now), Some(now + SECOND));
        assert!(matches!(
            take(&mut lanes, now + SECOND),
            Some(Next::Go(_, 0, _))
        ));
    }

    #[test]
    fn work_for_a_closed_origin_is_refused_and_later_work_asks_anew() {
        let mut lanes = lanes(1, 1);
        fill(&mut lanes, "http://a", 0..2);
        let now = Instant::now();
        let closed = Above {
            rest: Some(Rest::Closed(now + SECOND)),
            ..Above::default()
        };
        for expected in 0..2 {
            let next = lanes.take(now, &closed);
            assert!(matches!(next, Some(Next::Refused(work, Closed::Asked)) if work == expected));
        }
        assert!(lanes.take(now, &closed).is_none());
        fill(&mut lanes, "http://a", 2..3);
        assert_eq!(take_all(&mut lanes), [2]);
    }

    #[test]
    fn twenty_connect_timeouts_in_a_row_close_an_origin() {
        let mut lanes = lanes(1, 1);
        fill(&mut lanes, "http://a", 0..60);
        let now = Instant::now();
        let mut run = |contact| {
            let Some(Next::Go(id, ..)) = take(&mut lanes, now) else {
                return false;
            };
            lanes.release(id, Report { contact, ..GOOD }, now);
            true
        };
        assert!((0..19).all(|_| run(Contact::ConnectTimedOut)));
        assert!(run(Contact::Answered));
        assert!((0..20).all(|_| run(Contact::ConnectTimedOut)));
        let refused = std::iter::from_fn(|| take(&mut lanes, now)).count();
        assert_eq!((refused, lanes.is_idle()), (20, true));
    }

    #[test]
    fn work_whose_time_passes_leaves_from_the_middle_of_its_queue() {
        let mut lanes = lanes(1, 1);
        let now = Instant::now();
        fill(&mut lanes, "http://a", 0..2);
        lanes.enqueue("http://a", 2, Turn::Fresh, Some(now + SECOND));
        fill(&mut lanes, "http://a", 3..4);
        let Some(Next::Go(id, 0, _)) = take(&mut lanes, now) else {
            unreachable!("a place is free");
        };
        assert_eq!(lanes.next_wake(now), Some(now + SECOND));
        let next = take(&mut lanes, now + SECOND);
        assert!(matches!(next, Some(Next::Expired(2))));
        lanes.release(id, GOOD, now);
        assert!(matches!(take(&mut lanes, now), Some(Next::Go(_, 1, _))));
        lanes.release(id, GOOD, now);
        assert!(matches!(take(&mut lanes, now), Some(Next::Go(_, 3, _))));
    }

    #[test]
    fn delayed_work_comes_back_as_begun() {
        let mut lanes = lanes(9, 9);
        let now = Instant::now();
        lanes.delay("http://a", 1, now + SECOND, None);
        fill(&mut lanes, "http://a", 2..3);
        assert_eq!(
            (lanes.is_idle(), lanes.next_wake(now)),
            (false, Some(now + SECOND))
        );
        fill(&mut lanes, "http://a", 3..4);
        assert_eq!(take_all(&mut lanes), [2, 3]);
        assert!(matches!(
            take(&mut lanes, now + SECOND),
            Some(Next::Go(_, 1, _))
        ));
    }

    #[test]
    fn a_lane_asks_once_and_uses_what_it_is_offered() {
        let mut lanes = lanes(2, 2);
        let now = Instant::now();
        fill(&mut lanes, "http://a", 0..2);
        let above = Above {
            asks: true,
            ..Above::default()
        };
        assert!(lanes.take(now, &above).is_none() && lanes.take(now, &above).is_none());
        let [id] = above.asked.borrow()[..] else {
            unreachable!("it asked once");
        };
        assert_eq!(
            lanes.offer(id, "http://b", "for another", now),
            Some("for another")
        );
        assert_eq!(lanes.offer(id, "http://a", "first", now), None);
        assert_eq!(lanes.offer(id, "http://a", "unasked", now), Some("unasked"));
        let next = lanes.take(now, &above);
        assert!(matches!(next, Some(Next::Go(_, 0, Some("first")))));
        // For the second it asks again.
        assert!(lanes.take(now, &above).is_none());
        assert_eq!(above.asked.borrow().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn origins_that_are_done_leave_nothing_behind_once_their_rate_is_full() {
        let limits = Limits {
            rate_per_host: Rate::per_second(10.0),
            ..Limits::none()
        };
        let mut lanes: TestLanes = Lanes::new(limits, usize::MAX, Instant::now());
        for host in 0..100_000 {
            let now = Instant::now();
            fill(&mut lanes, &format!("http://host-{host}"), 0..1);
            let Some(Next::Go(id, ..)) = take(&mut lanes, now) else {
                unreachable!("it may go")
            };
            lanes.release(id, Report::NONE, now);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(lanes.by_id.len() <= 2 * MIN_SWEEP, "{}", lanes.by_id.len());
        assert_eq!(lanes.by_id.len(), lanes.ids.len());
    }

    #[test]
    fn a_hundred_thousand_origins_are_served_in_turn() {
        let mut lanes = lanes(100_000, 1);
        for round in 0..2 {
            for n in 0..100_000 {
                fill(
                    &mut lanes,
                    &format!("http://host-{n}"),
                    n + round..n + round + 1,
                );
            }
        }
        let now = Instant::now();
        let first: Vec<_> = std::iter::from_fn(|| take(&mut lanes, now)).collect();
        assert_eq!(first.len(), 100_000);
        for next in first {
            if let Next::Go(id, ..) = next {
                lanes.release(id, GOOD, now);
            }
        }
        assert_eq!(take_all(&mut lanes).len(), 100_000);
    }
}
