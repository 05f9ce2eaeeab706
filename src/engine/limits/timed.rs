//! Work and time: work that has to be done by a time, and leaves its queue from the middle when that passes; and work that waits
//! for a time before it waits for its turn.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use tokio::time::Instant;

/// Where work stands: in its queue itself, or under its key because it may leave early.
#[derive(Debug)]
pub(crate) enum Place<W> {
    Here(W),
    Timed(u64),
}

/// Work that has a time to be done by.
#[derive(Debug)]
pub(crate) struct Timed<W> {
    works: HashMap<u64, W>,
    /// Those that were done in time are still listed.
    expiries: BinaryHeap<Reverse<(Instant, u64)>>,
    next_key: u64,
}

/// Work that waits for a time.
#[derive(Debug)]
pub(crate) struct Delayed<W> {
    heap: BinaryHeap<Entry<W>>,
    next_order: u64,
}

#[derive(Debug)]
struct Entry<W> {
    until: Instant,
    order: u64,
    origin: Arc<str>,
    place: Place<W>,
}

impl<W> Timed<W> {
    pub(crate) fn new() -> Self {
        Self {
            works: HashMap::new(),
            expiries: BinaryHeap::new(),
            next_key: 0,
        }
    }

    /// A place for `work`, which is there until `expires` at most.
    pub(crate) fn place(&mut self, work: W, expires: Option<Instant>) -> Place<W> {
        let Some(at) = expires else {
            return Place::Here(work);
        };
        let key = self.next_key;
        self.next_key += 1;
        self.works.insert(key, work);
        self.expiries.push(Reverse((at, key)));
        Place::Timed(key)
    }

    /// The work at `place`, unless it has left.
    pub(crate) fn take(&mut self, place: Place<W>) -> Option<W> {
        match place {
            Place::Here(work) => Some(work),
            Place::Timed(key) => self.works.remove(&key),
        }
    }

    /// Whether the work at `place` is still there.
    pub(crate) fn holds(&self, place: &Place<W>) -> bool {
        match place {
            Place::Here(_) => true,
            Place::Timed(key) => self.works.contains_key(key),
        }
    }

    /// Work whose time has passed.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<W> {
        while self.next_expiry()? <= now {
            let Reverse((_, key)) = self.expiries.pop()?;
            if let Some(work) = self.works.remove(&key) {
                return Some(work);
            }
        }
        None
    }

    /// When the next work leaves that is still there.
    pub(crate) fn next_expiry(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, key))) = self.expiries.peek() {
            if self.works.contains_key(key) {
                return Some(*at);
            }
            self.expiries.pop();
        }
        None
    }
}

impl<W> Delayed<W> {
    pub(crate) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            next_order: 0,
        }
    }

    /// Lets the work at `place` wait until `until`.
    pub(crate) fn push(&mut self, until: Instant, origin: &str, place: Place<W>) {
        self.heap.push(Entry {
            until,
            order: self.next_order,
            origin: origin.into(),
            place,
        });
        self.next_order += 1;
    }

    /// A place whose time has come, and the origin where it is to wait for its turn.
    pub(crate) fn due(&mut self, now: Instant) -> Option<(Arc<str>, Place<W>)> {
        if self.next_due()? > now {
            return None;
        }
        let entry = self.heap.pop()?;
        Some((entry.origin, entry.place))
    }

    /// When the next time comes.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.heap.peek().map(|entry| entry.until)
    }
}

// A heap has the greatest on top: here the one that is due first.
impl<W> Ord for Entry<W> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.until, other.order).cmp(&(self.until, self.order))
    }
}

impl<W> PartialOrd for Entry<W> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<W> PartialEq for Entry<W> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<W> Eq for Entry<W> {}
