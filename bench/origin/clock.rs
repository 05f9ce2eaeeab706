//! Sleeping to a fraction of a millisecond. Tokio's timers round up to whole milliseconds, which would add a tenth to a
//! hop of ten; here one thread waits for the earliest due time of all and wakes the tasks.
//!
//! Waking takes a while: a quarter of a millisecond on an idle virtual machine. The clock learns how long and begins
//! earlier by as much, so that a sleep is as often too short as too long, and hardly either.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

static CLOCK: LazyLock<&'static Clock> = LazyLock::new(Clock::start);

/// No sleep is shorter than asked for by more than this.
const MAX_LEAD: Duration = Duration::from_micros(400);

/// How far one sleep moves the lead, in nanoseconds.
const STEP: u64 = 8_000;

/// Ready `duration` from now, or up to 0.4 ms before.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now() + duration)
}

/// Ready at `due`, or up to 0.4 ms before.
pub fn sleep_until(due: Instant) -> Sleep {
    Sleep { due, waker: None }
}

/// The future of [`sleep`] and [`sleep_until`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep {
    due: Instant,
    waker: Option<Waker>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        match &self.waker {
            None if now >= self.due => return Poll::Ready(()),
            Some(_) if now + MAX_LEAD >= self.due => {
                CLOCK.learn(now >= self.due);
                return Poll::Ready(());
            }
            Some(known) if known.will_wake(context.waker()) => return Poll::Pending,
            _ => {}
        }
        self.waker = Some(context.waker().clone());
        CLOCK.add(Alarm {
            due: self.due,
            waker: context.waker().clone(),
        });
        Poll::Pending
    }
}

#[derive(Default)]
struct Clock {
    alarms: Mutex<BinaryHeap<Alarm>>,
    earlier: Condvar,
    /// How much earlier than due to wake, in nanoseconds: the median of what waking takes.
    lead: AtomicU64,
}

impl Clock {
    #[expect(
        clippy::expect_used,
        reason = "without its clock the server cannot keep its promises"
    )]
    fn start() -> &'static Self {
        let clock: &'static Self = Box::leak(Box::default());
        thread::Builder::new()
            .name("origin-clock".into())
            .spawn(|| {
                loop {
                    clock.next().wake();
                }
            })
            .expect("a thread for the clock");
        clock
    }

    fn add(&self, alarm: Alarm) {
        let mut alarms = self.lock();
        let earliest = alarms.peek().is_none_or(|next| alarm.due < next.due);
        alarms.push(alarm);
        if earliest {
            self.earlier.notify_one();
        }
    }

    /// Waits for the next alarm.
    fn next(&self) -> Waker {
        let mut alarms = self.lock();
        loop {
            let now = Instant::now() + Duration::from_nanos(self.lead.load(Relaxed));
            if let Some(alarm) = alarms.peek_mut()
                && alarm.due <= now
            {
                return PeekMut::pop(alarm).waker;
            }
            let wait = alarms.peek().map_or(Duration::MAX, |next| next.due - now);
            let woken = self.earlier.wait_timeout(alarms, wait);
            alarms = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Two threads that learn at once lose a step, which the next one makes good.
    fn learn(&self, late: bool) {
        let lead = self.lead.load(Relaxed);
        let lead = if late {
            lead + STEP
        } else {
            lead.saturating_sub(STEP)
        };
        let max = u64::try_from(MAX_LEAD.as_nanos()).unwrap_or(u64::MAX);
        self.lead.store(lead.min(max), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, BinaryHeap<Alarm>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Alarm {
    due: Instant,
    waker: Waker,
}

/// The earliest is the greatest: the heap has its greatest on top.
impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Alarm {}
