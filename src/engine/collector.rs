//! Takes outcomes from all tasks of a run, makes batches of them, and rings when one is ready.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::batch::{Batch, BatchBuilder};
use crate::outcome::{Outcome, Verdict};
use crate::stats::{Stats, Tally};

/// Called from any thread when there is something to take. It must neither block nor call back.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// The outcomes of one run on their way out.
pub(crate) struct Collector {
    begun: Instant,
    wake: Wake,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    open: BatchBuilder,
    ready: VecDeque<Batch>,
    tally: Tally,
    /// Items in all, once the list has ended.
    total: Option<u64>,
    last_outcome: Instant,
    is_broken: bool,
    /// The bell was rung and nobody came yet.
    has_rung: bool,
}

impl Collector {
    pub(crate) fn new(wake: Wake) -> Self {
        let begun = Instant::now();
        let state = State {
            open: BatchBuilder::default(),
            ready: VecDeque::new(),
            tally: Tally::new(),
            total: None,
            last_outcome: begun,
            is_broken: false,
            has_rung: false,
        };
        Self {
            begun,
            wake,
            state: Mutex::new(state),
        }
    }

    pub(crate) fn push(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.tally.add(&outcome);
        state.open.push(outcome);
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
        self.ring(state);
    }

    /// Says that there are `total` items and no more.
    pub(crate) fn close(&self, total: u64) {
        let mut state = self.lock();
        state.total = Some(total);
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

    /// Says that the run broke, and that what has no outcome gets none.
    pub(crate) fn give_up(&self) {
        let mut state = self.lock();
        state.is_broken = true;
        self.ring(state);
    }

    /// The run broke by a bug.
    pub(crate) fn is_broken(&self) -> bool {
        self.lock().is_broken
    }

    /// The next batch that is ready.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut state = self.lock();
        if let Some(batch) = state.ready.pop_front() {
            return Some(batch);
        }
        state.has_rung = false;
        (state.is_finished() && !state.open.is_empty()).then(|| state.open.seal())
    }

    /// Every item has its outcome.
    pub(crate) fn is_finished(&self) -> bool {
        self.lock().is_finished()
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

    fn ring(&self, mut state: MutexGuard<'_, State>) {
        let has_news = !state.ready.is_empty() || state.is_finished() || state.is_broken;
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
