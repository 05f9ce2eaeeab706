//! The bytes of bodies that one run may hold. Every body has an account, which draws on the run's credit piece by piece: from its
//! first byte until the caller has the body.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::{Code, Error};

/// What is left of the bytes that a run may hold, and what becomes of those who find too little.
#[derive(Debug)]
pub(crate) enum Credit {
    /// They are refused: nothing comes back before the run's end.
    Refusing {
        /// Bytes in all.
        limit: u64,
        /// Bytes that are held.
        used: AtomicU64,
    },
    /// They wait until something comes back.
    Waiting(WaitingCredit),
}

/// Credit that comes back as the caller takes bodies.
#[derive(Debug)]
pub(crate) struct WaitingCredit {
    limit: u64,
    books: Mutex<Books>,
    /// Wakes those who wait.
    freed: Notify,
    /// Rung when new work may be started again.
    bell: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Books {
    /// Bytes that are held, in bodies of both kinds.
    used: u64,
    /// Bytes of bodies that are not whole yet.
    unfinished: u64,
    /// Those bodies, the oldest first, and what each holds.
    open: BTreeMap<u64, u64>,
    opened: u64,
    waiting: usize,
}

/// What one body holds. Dropped, it gives everything back.
#[derive(Debug)]
pub(crate) struct Account {
    credit: Arc<Credit>,
    held: u64,
    /// Its place among the bodies of a credit that waits.
    number: Option<u64>,
}

impl Credit {
    /// Credit of `limit` bytes that refuses.
    pub(crate) fn refusing(limit: u64) -> Self {
        let used = AtomicU64::new(0);
        Self::Refusing { limit, used }
    }

    /// Credit of `limit` bytes that waits. `bell` is rung when work may be started that had to wait.
    pub(crate) fn waiting(limit: u64, bell: Arc<Notify>) -> Self {
        Self::Waiting(WaitingCredit {
            limit,
            books: Mutex::default(),
            freed: Notify::new(),
            bell,
        })
    }

    /// An account for one body.
    pub(crate) fn open(self: &Arc<Self>) -> Account {
        Account {
            credit: Arc::clone(self),
            held: 0,
            number: None,
        }
    }

    /// The caller has bodies of `bytes`.
    pub(crate) fn give_back(&self, bytes: u64) {
        match self {
            Self::Refusing { used, .. } => drop(used.fetch_sub(bytes, Ordering::Relaxed)),
            Self::Waiting(credit) => credit.change(|books| books.used -= bytes),
        }
    }

    /// No new work is to be started: what there is finds no room.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Refusing { .. } => false,
            Self::Waiting(credit) => credit.is_full(&credit.lock()),
        }
    }
}

impl WaitingCredit {
    fn is_full(&self, books: &Books) -> bool {
        books.used >= self.limit || books.waiting > 0
    }

    /// Takes `bytes` for the body with this number, if there is room. The oldest body does not ask whether the unfinished ones
    /// behind it leave any, for they wait for it; and what is larger than the limit gets through when it is alone.
    fn take(&self, number: u64, bytes: u64) -> bool {
        let books = &mut *self.lock();
        let own = books.open.get(&number).copied().unwrap_or(0);
        let is_oldest = books
            .open
            .keys()
            .next()
            .is_none_or(|first| *first >= number);
        let whole = books.used - books.unfinished;
        let fits = books.used + bytes <= self.limit
            || is_oldest && (whole == 0 || whole + own + bytes <= self.limit);
        if fits {
            books.used += bytes;
            books.unfinished += bytes;
            books.open.insert(number, own + bytes);
        }
        fits
    }

    async fn wait(&self, number: u64, bytes: u64) {
        // Counted as long as it waits, even if it is given up meanwhile.
        let _waiter = Waiter::begin(self);
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if self.take(number, bytes) {
                return;
            }
            freed.await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Books)) {
        let mut books = self.lock();
        let was_full = self.is_full(&books);
        change(&mut books);
        let (has_waiters, is_full) = (books.waiting > 0, self.is_full(&books));
        drop(books);
        if has_waiters {
            self.freed.notify_waiters();
        }
        if was_full && !is_full {
            self.bell.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Waiter<'a>(&'a WaitingCredit);

impl<'a> Waiter<'a> {
    fn begin(credit: &'a WaitingCredit) -> Self {
        credit.lock().waiting += 1;
        Self(credit)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.change(|books| books.waiting -= 1);
    }
}

impl Account {
    /// Takes `bytes`. Waits for them, or says that they are too many.
    pub(crate) async fn take(&mut self, bytes: u64) -> Result<(), Error> {
        match &*self.credit {
            Credit::Refusing { limit, used } => {
                if used.fetch_add(bytes, Ordering::Relaxed) + bytes > *limit {
                    used.fetch_sub(bytes, Ordering::Relaxed);
                    return Err(refused(*limit));
                }
            }
            Credit::Waiting(credit) => {
                let number = *self.number.get_or_insert_with(|| {
                    let books = &mut *credit.lock();
                    books.opened += 1;
                    books.open.insert(books.opened, 0);
                    books.opened
                });
                if !credit.take(number, bytes) {
                    credit.wait(number, bytes).await;
                }
            }
        }
        self.held += bytes;
        Ok(())
    }

    /// The body is whole: what it holds is given back when the caller has it.
    pub(crate) fn close(mut self) {
        if let (Credit::Waiting(credit), Some(number)) = (&*self.credit, self.number.take()) {
            credit.change(|books| {
                books.open.remove(&number);
                books.unfinished -= self.held;
            });
        }
        self.held = 0;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        match &*self.credit {
            Credit::Refusing { used, .. } => drop(used.fetch_sub(self.held, Ordering::Relaxed)),
            Credit::Waiting(credit) => {
                let Some(number) = self.number else { return };
                credit.change(|books| {
                    books.open.remove(&number);
                    books.used -= self.held;
                    books.unfinished -= self.held;
                });
            }
        }
    }
}

fn refused(limit: u64) -> Error {
    let detail = format!(
        "the bodies of this run would take more than {limit} bytes of memory: fetch them with downloadEach, save them with \
         saveTo, or drop them with responseType 'none'"
    );
    Error::new(Code::BufferLimit, detail)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Whether the piece is taken at once.
    fn takes(account: &mut Account, bytes: u64) -> bool {
        account
            .take(bytes)
            .now_or_never()
            .is_some_and(|taken| taken.is_ok())
    }

    fn waiting(limit: u64) -> (Arc<Credit>, Arc<Notify>) {
        let bell = Arc::<Notify>::default();
        (Arc::new(Credit::waiting(limit, Arc::clone(&bell))), bell)
    }

    #[test]
    fn a_refused_piece_takes_nothing() {
        let credit = Arc::new(Credit::refusing(10));
        let mut body = credit.open();
        assert!(takes(&mut body, 8));
        let error = body.take(3).now_or_never().expect("it does not wait");
        assert_eq!(error.map_err(|error| error.code), Err(Code::BufferLimit));
        assert!(takes(&mut body, 2));
        drop(body);
        assert!(takes(&mut credit.open(), 10));
    }

    #[test]
    fn what_finds_no_room_waits_until_the_caller_has_taken_something() {
        let (credit, _) = waiting(10);
        let mut first = credit.open();
        assert!(takes(&mut first, 8));
        first.close();
        let mut second = credit.open();
        assert!(!takes(&mut second, 3));
        credit.give_back(8);
        assert!(takes(&mut second, 3));
    }

    #[test]
    fn the_oldest_unfinished_body_goes_on_when_all_room_is_taken_by_unfinished_ones() {
        let (credit, _) = waiting(10);
        let (mut oldest, mut other) = (credit.open(), credit.open());
        assert!(takes(&mut oldest, 2) && takes(&mut other, 8));
        assert!(!takes(&mut other, 1), "it is not the oldest");
        assert!(takes(&mut oldest, 8), "nobody else could make room");
        oldest.close();
        assert!(!takes(&mut other, 1), "the caller is to take the first one");
        credit.give_back(10);
        assert!(takes(&mut other, 1));
    }

    #[test]
    fn a_body_larger_than_the_limit_gets_through_alone() {
        let (credit, _) = waiting(10);
        let mut before = credit.open();
        assert!(takes(&mut before, 6));
        before.close();
        let mut large = credit.open();
        assert!(takes(&mut large, 4) && !takes(&mut large, 1));
        credit.give_back(6);
        assert!(takes(&mut large, 90));
    }

    #[test]
    fn a_body_that_is_given_up_makes_room() {
        let (credit, _) = waiting(10);
        let (mut first, mut second) = (credit.open(), credit.open());
        assert!(takes(&mut first, 10) && !takes(&mut second, 1));
        drop(first);
        assert!(takes(&mut second, 10));
    }

    #[tokio::test]
    async fn new_work_is_held_while_a_piece_waits_and_called_for_afterwards() {
        let (credit, bell) = waiting(10);
        let mut first = credit.open();
        assert!(takes(&mut first, 9));
        first.close();
        assert!(!credit.is_full());
        let mut second = credit.open();
        let mut piece = Box::pin(second.take(2));
        assert!(piece.as_mut().now_or_never().is_none());
        assert!(credit.is_full(), "though a byte is left");
        credit.give_back(9);
        piece.await.expect("there is room");
        assert!(!credit.is_full());
        bell.notified().await;
    }
}
