//! Every reason to wait, behind one type: a [`Permit`] is the right to have one request in flight.
//! It is given back when it is dropped, whatever happens to its holder. Who waits holds no permit, and is no task either.

mod slots;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::options;
pub(crate) use slots::Turn;
use slots::{HostId, Slots};

/// The limits of one run, and the work `J` that waits for them.
#[derive(Debug)]
pub(crate) struct Limits<J>(Arc<Shared<J>>);

#[derive(Debug)]
struct Shared<J> {
    slots: Mutex<Slots<J>>,
    /// Rung when slots came free that nobody took over.
    freed: Notify,
}

/// The right to have one request in flight to one host.
#[derive(Debug)]
pub(crate) struct Permit<J> {
    limits: Limits<J>,
    /// `None` once it is given back.
    host: Option<HostId>,
}

impl<J> Clone for Limits<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J> Limits<J> {
    pub(crate) fn new(limits: options::Limits) -> Self {
        Self(Arc::new(Shared {
            slots: Mutex::new(Slots::new(limits)),
            freed: Notify::new(),
        }))
    }

    /// Lets `job` wait for its turn at `origin`.
    pub(crate) fn enqueue(&self, origin: &str, job: J, turn: Turn) {
        self.lock().enqueue(origin, job, turn);
    }

    /// The next job that may run, with its permit.
    pub(crate) fn next_job(&self) -> Option<(J, Permit<J>)> {
        let (host, job) = self.lock().take()?;
        Some((
            job,
            Permit {
                limits: self.clone(),
                host: Some(host),
            },
        ))
    }

    /// Waits until slots came free that nobody took over.
    pub(crate) async fn freed(&self) {
        self.0.freed.notified().await;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.lock().is_idle()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.lock().in_flight()
    }

    fn lock(&self) -> MutexGuard<'_, Slots<J>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Permit<J> {
    /// Gives this permit back and takes the next job. Nobody is woken unless there is more to do, or nothing.
    pub(crate) fn exchange(mut self) -> Option<(J, Permit<J>)> {
        if let Some(host) = self.host.take() {
            self.limits.lock().release(host);
        }
        let next = self.limits.next_job();
        if next.is_none() || self.limits.lock().has_next() {
            self.limits.0.freed.notify_one();
        }
        next
    }
}

impl<J> Drop for Permit<J> {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            self.limits.lock().release(host);
            self.limits.0.freed.notify_one();
        }
    }
}
