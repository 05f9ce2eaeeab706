//! Every reason to wait, behind one type: a [`Permit`] is the right to have one request in flight.
//! It is given back when it is dropped, whatever happens to its holder.

mod slots;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::options;
use slots::{HostId, Place, Slots};

/// The limits of one run, and the work `J` that waits for them.
#[derive(Debug)]
pub(crate) struct Limits<J>(Arc<Shared<J>>);

#[derive(Debug)]
struct Shared<J> {
    slots: Mutex<Slots<Waiting<J>>>,
    /// Rung when slots came free that nobody took over.
    freed: Notify,
}

#[derive(Debug)]
enum Waiting<J> {
    /// A job that has not begun.
    Start(J),
    /// A job under way that goes on at another place, as a redirect does.
    Resume(oneshot::Sender<Permit<J>>),
}

/// The right to have one request in flight to one host.
#[derive(Debug)]
pub(crate) struct Permit<J> {
    limits: Limits<J>,
    /// `None` while its holder waits for another one.
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
    pub(crate) fn enqueue(&self, origin: &str, job: J) {
        self.lock()
            .enqueue(origin, Waiting::Start(job), Place::Last);
    }

    /// The next job that may begin, with its permit.
    pub(crate) fn next_job(&self) -> Option<(J, Permit<J>)> {
        loop {
            let (host, work) = self.lock().take()?;
            let permit = Permit {
                limits: self.clone(),
                host: Some(host),
            };
            match work {
                Waiting::Start(job) => return Some((job, permit)),
                // When its holder is gone, the permit comes back with the error and is dropped.
                Waiting::Resume(holder) => drop(holder.send(permit)),
            }
        }
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

    fn lock(&self) -> MutexGuard<'_, Slots<Waiting<J>>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Permit<J> {
    /// Gives this permit back and waits for one of `origin`.
    pub(crate) async fn move_to(&mut self, origin: &str) {
        let (sender, granted) = oneshot::channel();
        self.limits
            .lock()
            .enqueue(origin, Waiting::Resume(sender), Place::First);
        self.give_back();
        // The sender lives in the slots, which live as long as this permit: an answer always comes.
        if let Ok(mut permit) = granted.await {
            self.host = permit.host.take();
        }
    }

    /// Gives this permit back and takes the next job, in one go and without waking anybody.
    pub(crate) fn exchange(mut self) -> Option<(J, Permit<J>)> {
        if let Some(host) = self.host.take() {
            self.limits.lock().release(host);
        }
        let next = self.limits.next_job();
        if next.is_none() {
            self.limits.0.freed.notify_one();
        }
        next
    }

    fn give_back(&mut self) {
        if let Some(host) = self.host.take() {
            self.limits.lock().release(host);
            self.limits.0.freed.notify_one();
        }
    }
}

impl<J> Drop for Permit<J> {
    fn drop(&mut self) {
        self.give_back();
    }
}
