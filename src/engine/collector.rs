//! Takes outcomes from all tasks of a run, makes batches of them, and rings when one is ready: a full one, or, where results are
//! to be had as they come, whatever there is.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::batch::{Batch, BatchBuilder};
use crate::error::Error;
use crate::options::Delivery;
use crate::outcome::{Outcome, Verdict};
use crate::stats::advice::Protocol;
use crate::stats::{HostStats, Stats, Tally};

/// Called from any thread when there is something to take. It must neither block nor call back.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// From one ring to the next at least, so that a wake-up brings more than one of many results.
const RING_EVERY: Duration = Duration::from_millis(1);

/// What is added to that where results come so fast that this many are there by then: a batch costs JavaScript as much as some tens of
/// results do.
const MANY: usize = 16;
const RING_LATER: Duration = Duration::from_millis(3);

/// The outcomes of one run on their way out.
pub(crate) struct Collector {
    begun: Instant,
    wake: Wake,
    state: Mutex<State>,
    /// Told of each outcome that somebody may be waiting for; `None` where only full batches are handed over.
    news: Option<Notify>,
}

#[derive(Debug)]
struct State {
    open: BatchBuilder,
    ready: VecDeque<Batch>,
    tally: Tally,
    /// Items in all, once the list has ended.
    total: Option<u64>,
    last_outcome: Instant,
    /// Why the run broke off, if it did.
    failure: Option<Error>,
    /// The bell was rung and nobody came yet.
    has_rung: bool,
}

impl Collector {
    pub(crate) fn new(wake: Wake, delivery: Delivery) -> Self {
        let begun = Instant::now();
        let state = State {
            open: BatchBuilder::default(),
            ready: VecDeque::new(),
            tally: Tally::new(),
            total: None,
            last_outcome: begun,
            failure: None,
            has_rung: false,
        };
        Self {
            begun,
            wake,
            state: Mutex::new(state),
            news: (delivery == Delivery::Streamed).then(Notify::new),
        }
    }

    /// Adds `outcome`, and those of the items at `copies`, which are equal to its own.
    pub(crate) fn push(&self, outcome: Outcome, copies: &[u32]) {
        let (original, verdict) = (outcome.index, outcome.verdict());
        let mut state = self.lock();
        state.tally.add(&outcome);
        state.open.push(outcome);
        for copy in copies {
            state.tally.count(verdict);
            state.open.push_copy(*copy, original);
        }
        self.pushed(state);
    }

    /// Adds the item at `index` as a copy of the one at `original`, which was pushed before and came to `verdict`.
    pub(crate) fn push_copy(&self, index: u32, original: u32, verdict: Verdict) {
        let mut state = self.lock();
        state.tally.count(verdict);
        state.open.push_copy(index, original);
        self.pushed(state);
    }

    fn pushed(&self, mut state: MutexGuard<'_, State>) {
        state.last_outcome = Instant::now();
        if state.open.is_full() {
            let batch = state.open.seal();
            state.ready.push_back(batch);
        }
        if let Some(news) = &self.news
            && !state.has_rung
        {
            news.notify_one();
        }
        self.ring(state);
    }

    /// Rings for what there is, now and then. Runs as long as the run does.
    pub(crate) async fn ring_promptly(&self) {
        let Some(news) = &self.news else {
            return pending().await;
        };
        loop {
            news.notified().await;
            // Who was told already, and has not come yet, gets a larger batch.
            let is_told = self.lock().has_rung;
            if !is_told {
                self.hand_over();
            }
            sleep(RING_EVERY).await;
            if self.lock().open.len() >= MANY {
                sleep(RING_LATER).await;
            }
        }
    }

    /// Says that there are `total` items and no more.
    pub(crate) fn close(&self, total: u64) {
        let mut state = self.lock();
        state.total = Some(total);
        self.ring(state);
    }

    /// Says that there is nothing more than what was pushed.
    pub(crate) fn close_here(&self) {
        let mut state = self.lock();
        state.total = Some(state.tally.done());
        self.ring(state);
    }

    /// Makes what there is ready at once.
    pub(crate) fn hand_over(&self) {
        let mut state = self.lock();
        if !state.open.is_empty() {
            let batch = state.open.seal();
            state.ready.push_back(batch);
        }
        self.ring(state);
    }

    /// Says that the run breaks off because of `error`, and that what has no outcome gets none.
    pub(crate) fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.failure.get_or_insert(error);
        self.ring(state);
    }

    /// Why the run broke off, if it did.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.lock().failure.clone()
    }

    /// The next batch that is ready.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut state = self.lock();
        if let Some(batch) = state.ready.pop_front() {
            return Some(batch);
        }
        if state.is_finished() && !state.open.is_empty() {
            return Some(state.open.seal());
        }
        state.has_rung = false;
        if let Some(news) = &self.news
            && !state.open.is_empty()
        {
            news.notify_one();
        }
        None
    }

    /// Every item has its outcome.
    pub(crate) fn is_finished(&self) -> bool {
        self.lock().is_finished()
    }

    /// Every item has its outcome, and nothing is left to take.
    pub(crate) fn is_drained(&self) -> bool {
        let state = self.lock();
        state.is_finished() && state.ready.is_empty() && state.open.is_empty()
    }

    /// The numbers as far as outcomes tell them.
    pub(crate) fn stats(&self) -> Stats {
        let state = self.lock();
        let end = if state.is_finished() {
            state.last_outcome
        } else {
            Instant::now()
        };
        Stats {
            elapsed: end - self.begun,
            ..state.tally.stats()
        }
    }

    /// The numbers of each host.
    pub(crate) fn hosts(&self) -> Vec<(String, HostStats)> {
        self.lock().tally.hosts()
    }

    /// What was spoken, if it was always the same.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        self.lock().tally.protocol()
    }

    /// Rings if there is something to take that nobody was told of.
    fn ring(&self, mut state: MutexGuard<'_, State>) {
        let has_news = !state.ready.is_empty() || state.is_finished() || state.failure.is_some();
        let rings = has_news && !state.has_rung;
        state.has_rung |= rings;
        drop(state);
        if rings {
            (self.wake)();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_finished(&self) -> bool {
        self.total == Some(self.tally.done())
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Code;
    use crate::outcome::Refused;

    fn push(collector: &Collector, index: u32) {
        let refused = Refused {
            index,
            method: None,
            url: String::new(),
            error: Error::new(Code::InvalidUrl, "none"),
        };
        collector.push(Outcome::refused(refused), &[]);
    }

    /// A collector that streams, and how often it rang.
    fn streaming() -> (Arc<Collector>, Arc<AtomicUsize>) {
        let rings = Arc::<AtomicUsize>::default();
        let rung = Arc::clone(&rings);
        let wake = Box::new(move || {
            rung.fetch_add(1, Ordering::Relaxed);
        });
        let collector = Arc::new(Collector::new(wake, Delivery::Streamed));
        let own = Arc::clone(&collector);
        tokio::spawn(async move { own.ring_promptly().await });
        (collector, rings)
    }

    fn rows(collector: &Collector) -> Vec<usize> {
        std::iter::from_fn(|| collector.take())
            .map(|batch| batch.len)
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_while_a_batch_is_read_is_announced_again() {
        let (collector, rings) = streaming();
        push(&collector, 0);
        sleep(RING_EVERY / 2).await;
        assert_eq!(rings.load(Ordering::Relaxed), 1, "the first one at once");
        push(&collector, 1);
        assert_eq!(rows(&collector), [1], "the second one was not announced");
        sleep(RING_EVERY).await;
        assert_eq!(rings.load(Ordering::Relaxed), 2);
        assert_eq!(rows(&collector), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn results_that_come_fast_are_announced_less_often() {
        for (each, later) in [(1, Duration::ZERO), (MANY, RING_LATER)] {
            let (collector, rings) = streaming();
            push(&collector, 0);
            sleep(RING_EVERY / 2).await;
            assert_eq!(rows(&collector), [1]);
            (1..).take(each).for_each(|index| push(&collector, index));
            sleep(later).await;
            assert_eq!(rings.load(Ordering::Relaxed), 1, "{each} of them wait");
            sleep(RING_EVERY).await;
            assert_eq!(rows(&collector), [each]);
        }
    }
}
