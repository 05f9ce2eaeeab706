//! Work on files, one piece after the other on as few threads as help: the system gives names in a folder one by one in any case, and
//! threads that wait for it burn the time of a core.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::lost;
use crate::error::Error;

type Work = Box<dyn FnOnce() + Send>;

/// Work that waits, and how much is done at once.
#[derive(Clone)]
pub(super) struct Queue(Arc<Mutex<State>>);

struct State {
    waiting: VecDeque<Work>,
    threads: usize,
    most: usize,
}

impl Queue {
    /// A queue that `most` threads work on.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            waiting: VecDeque::new(),
            threads: 0,
            most,
        })))
    }

    /// Does `work` when it is its turn. It is done to its end even if nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, done) = oneshot::channel();
        let work = Box::new(move || drop(sender.send(work())));
        if self.push(work) {
            let queue = self.clone();
            tokio::task::spawn_blocking(move || queue.drain());
        }
        done.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Whether another thread is to work on it.
    fn push(&self, work: Work) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(work);
        let is_new = state.threads < state.most;
        state.threads += usize::from(is_new);
        is_new
    }

    fn drain(&self) {
        while let Some(work) = self.next() {
            // A bug of ours costs one file and not the queue.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        let next = state.waiting.pop_front();
        state.threads -= usize::from(next.is_none());
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[tokio::test]
    async fn work_is_done_in_its_order_and_a_panic_costs_one_piece() {
        let queue = Queue::new(1);
        let order = Arc::<Mutex<Vec<u32>>>::default();
        let pieces = (0..100).map(|number| {
            let order = Arc::clone(&order);
            queue.run(move || {
                order.lock().expect("nobody else has it").push(number);
                assert!(number != 50, "a bug");
                Ok(number)
            })
        });
        let tasks: Vec<_> = pieces.map(Box::pin).collect();
        let done = futures_util::future::join_all(tasks).await;
        let order = order.lock().expect("it is over");
        assert!(order.iter().copied().eq(0..100), "{order:?}");
        for (number, done) in (0..).zip(done) {
            match number {
                50 => assert_eq!(done.map_err(|error| error.code), Err(Code::Internal)),
                _ => assert_eq!(done, Ok(number)),
            }
        }
    }
}
