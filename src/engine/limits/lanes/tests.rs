//! Lanes alone, with what stands above them made up.

use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::options::Concurrency;
use crate::rate::Rate;

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

#[test]
fn once_stopped_nothing_is_taken_in_but_what_was_begun() {
    let mut lanes = lanes(10, 10);
    fill(&mut lanes, "http://a", 0..3);
    lanes.stop();
    fill(&mut lanes, "http://a", 3..6);
    lanes.enqueue("http://b", 7, Turn::Begun, None);
    assert_eq!(take_all(&mut lanes), [7]);
    lanes.shut();
    lanes.stop();
    lanes.enqueue("http://b", 8, Turn::Begun, None);
    assert!(take_all(&mut lanes).is_empty() && lanes.in_flight() == 1);
}
