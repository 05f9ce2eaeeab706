//! Work on files, one piece after the other on as few threads as help: the system gives names in a folder one by one in any case, and
//! threads that wait for it burn the time of a core. To hand a piece over and back costs as much as a small file: those that come
//! together go together.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::lost;
use crate::error::Error;

/// Nobody waits much longer than this for those that are done in the same round.
const ROUND: Duration = Duration::from_millis(1);

/// Work that waits, and how much is done at once.
#[derive(Clone)]
pub(super) struct Queue(Arc<Mutex<State>>);

struct State {
    waiting: VecDeque<Box<dyn Piece>>,
    servers: usize,
    most: usize,
}

/// Some work, and whoever waits for it.
trait Piece: Send {
    fn work(&mut self);
    fn tell(self: Box<Self>);
}

struct Order<W, T> {
    work: Option<W>,
    done: Option<Result<T, Error>>,
    teller: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send, W: FnOnce() -> Result<T, Error> + Send> Piece for Order<W, T> {
    fn work(&mut self) {
        let done = self.work.take().map(|work| work());
        // What is dropped may be a file, and is dropped here, where the disk may be waited for.
        self.done = done.filter(|_| !self.teller.is_closed());
    }

    fn tell(self: Box<Self>) {
        if let Some(done) = self.done {
            // Who was cancelled just now is not told.
            let _ = self.teller.send(done);
        }
    }
}

impl Queue {
    /// A queue that `most` threads work on.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            waiting: VecDeque::new(),
            servers: 0,
            most,
        })))
    }

    /// Does `work` when it is its turn. It is done to its end even if nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (teller, done) = oneshot::channel();
        let order = Order {
            work: Some(work),
            done: None,
            teller,
        };
        if let Some(server) = self.push(Box::new(order)) {
            tokio::spawn(server.serve());
        }
        done.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Adds `piece`, and returns who is to work on it, unless enough are at it.
    fn push(&self, piece: Box<dyn Piece>) -> Option<Server> {
        let mut state = self.lock();
        state.waiting.push_back(piece);
        let is_new = state.servers < state.most;
        state.servers += usize::from(is_new);
        is_new.then(|| Server {
            queue: self.clone(),
            is_counted: true,
        })
    }

    /// Works for a while, and returns what is done.
    fn round(&self) -> Vec<Box<dyn Piece>> {
        let begun = Instant::now();
        let mut done = Vec::new();
        while let Some(mut piece) = self.next() {
            // A bug of ours costs one file and not the queue.
            let _ = catch_unwind(AssertUnwindSafe(|| piece.work()));
            done.push(piece);
            if begun.elapsed() >= ROUND {
                break;
            }
        }
        done
    }

    fn next(&self) -> Option<Box<dyn Piece>> {
        self.lock().waiting.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who work on a queue.
struct Server {
    queue: Queue,
    is_counted: bool,
}

impl Server {
    /// Works until nothing waits.
    async fn serve(mut self) {
        while self.is_counted {
            // Whoever else is ready now comes along.
            tokio::task::yield_now().await;
            let queue = self.queue.clone();
            let Ok(done) = tokio::task::spawn_blocking(move || queue.round()).await else {
                return;
            };
            for piece in done {
                piece.tell();
            }
            self.retire();
        }
    }

    /// Makes room for another, unless there is more to do.
    fn retire(&mut self) {
        let mut state = self.queue.lock();
        self.is_counted = !state.waiting.is_empty();
        state.servers -= usize::from(!self.is_counted);
    }
}

impl Drop for Server {
    /// Where it could not do its work, those who wait for the last one are not left waiting.
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        let mut state = self.queue.lock();
        state.servers -= 1;
        let left = (state.servers == 0).then(|| std::mem::take(&mut state.waiting));
        drop(state);
        drop(left);
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

    fn order(
        work: impl FnOnce() + Send + 'static,
    ) -> (Box<dyn Piece>, oneshot::Receiver<Result<(), Error>>) {
        let (teller, done) = oneshot::channel();
        let work = move || {
            work();
            Ok(())
        };
        let order = Order {
            work: Some(work),
            done: None,
            teller,
        };
        (Box::new(order), done)
    }

    #[test]
    fn what_has_come_is_done_in_one_round_as_far_as_it_is_quick() {
        let queue = Queue::new(1);
        let slow = || {
            let begun = Instant::now();
            while begun.elapsed() < ROUND {}
        };
        let server = queue.push(order(|| {}).0);
        assert!(server.is_some());
        assert!(queue.push(order(slow).0).is_none());
        assert!(queue.push(order(|| {}).0).is_none());
        let rounds = [
            queue.round().len(),
            queue.round().len(),
            queue.round().len(),
        ];
        assert_eq!(rounds, [2, 1, 0]);
    }

    #[tokio::test]
    async fn nobody_is_left_waiting_for_a_thread_that_is_not_to_be_had() {
        let queue = Queue::new(1);
        let (piece, done) = order(|| {});
        drop(queue.push(piece));
        assert!(done.await.is_err());
        assert_eq!(queue.run(|| Ok(1)).await, Ok(1));
    }
}
