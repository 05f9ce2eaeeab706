//! What went wrong on the way, apart from what items came to in the end: seldom, and so counted behind a lock of its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The troubles of one run.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<Counts>);

/// How often, by host or by cause.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// What requests were sent again after: an error's code, or a status.
    pub(crate) retried: HashMap<String, u64>,
    /// For how long hosts asked to be left alone.
    pub(crate) paused: HashMap<String, Duration>,
    /// Items that were not sent since their host had asked for too long a pause.
    pub(crate) closed: HashMap<String, u64>,
    /// Items that were not sent since their host could not be reached.
    pub(crate) unreachable: HashMap<String, u64>,
}

impl Troubles {
    /// A request is sent again because of this.
    pub(crate) fn retry(&self, cause: String) {
        *self.lock().retried.entry(cause).or_default() += 1;
    }

    /// `host` is left alone for longer by this.
    pub(crate) fn pause(&self, host: &str, added: Duration) {
        *self.lock().paused.entry(host.to_owned()).or_default() += added;
    }

    /// An item was not sent since `host` had asked for too long a pause.
    pub(crate) fn close(&self, host: &str) {
        *self.lock().closed.entry(host.to_owned()).or_default() += 1;
    }

    /// An item was not sent since `host` could not be reached.
    pub(crate) fn give_up(&self, host: &str) {
        *self.lock().unreachable.entry(host.to_owned()).or_default() += 1;
    }

    /// What there is so far.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
