//! The hosts that asked to be left alone, for all runs of one client. A rest is only ever made longer, so that nobody has to
//! be told: whoever has work for the host looks here first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest that a host is closed: a server may say any number.
const MAX_CLOSED: Duration = Duration::from_secs(24 * 60 * 60);

/// Rests that are kept before those that are over are swept out for the first time.
const MIN_SWEEP: usize = 1 << 10;

/// What a host asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Its work waits until then.
    Pause(Instant),
    /// Its work is not to be done at all until then.
    Closed(Instant),
}

/// The rests of one client's hosts, by origin.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    hosts: Mutex<Hosts>,
    /// How many there are, so that nobody needs the lock while there are none.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Hosts {
    rests: HashMap<Box<str>, Rest>,
    /// How many there are when those that are over are swept out.
    sweep_at: usize,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            rests: HashMap::new(),
            sweep_at: MIN_SWEEP,
        }
    }
}

impl Rest {
    fn until(self) -> Instant {
        match self {
            Self::Pause(until) | Self::Closed(until) => until,
        }
    }
}

impl Rests {
    /// Nothing is sent to `origin` for the time of `wait`. Returns by how much its rest became longer.
    pub(crate) fn pause(&self, origin: &str, wait: Duration) -> Duration {
        let wait = wait.min(MAX_CLOSED);
        let until = Instant::now() + wait;
        let before = self.set(origin, Rest::Pause(until));
        wait.min(until.saturating_duration_since(before))
    }

    /// What waits for `origin`, or comes in the time of `wait`, is given up.
    pub(crate) fn close(&self, origin: &str, wait: Duration) {
        let wait = wait.min(MAX_CLOSED);
        self.set(origin, Rest::Closed(Instant::now() + wait));
    }

    /// The rest of `origin` that is not over.
    pub(crate) fn of(&self, origin: &str, now: Instant) -> Option<Rest> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let rests = &mut self.lock().rests;
        let rest = *rests.get(origin)?;
        if rest.until() > now {
            return Some(rest);
        }
        rests.remove(origin);
        self.count.store(rests.len(), Ordering::Relaxed);
        None
    }

    /// Those that are not over.
    pub(crate) fn all(&self) -> Vec<(Box<str>, Instant)> {
        let now = Instant::now();
        let hosts = self.lock();
        let rests = hosts
            .rests
            .iter()
            .map(|(origin, rest)| (origin.clone(), rest.until()));
        rests.filter(|(_, until)| *until > now).collect()
    }

    /// Returns until when it had a rest before.
    fn set(&self, origin: &str, rest: Rest) -> Instant {
        let now = Instant::now();
        let Hosts { rests, sweep_at } = &mut *self.lock();
        if rests.len() >= *sweep_at {
            rests.retain(|_, rest| rest.until() > now);
            // As many must come as are left before it pays again.
            *sweep_at = (2 * rests.len()).max(MIN_SWEEP);
        }
        let before = rests.get(origin).map_or(now, |rest| rest.until());
        match rests.entry(origin.into()) {
            // Of two wishes of one burst the longer one holds.
            Entry::Occupied(mut known) => {
                if known.get().until() < rest.until() {
                    // One that is closed stays so: nobody waits for it in the end.
                    let is_closed = matches!(known.get(), Rest::Closed(until) if *until > now);
                    known.insert(if is_closed {
                        Rest::Closed(rest.until())
                    } else {
                        rest
                    });
                }
            }
            Entry::Vacant(unknown) => {
                unknown.insert(rest);
            }
        }
        self.count.store(rests.len(), Ordering::Relaxed);
        before
    }

    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_longer_of_two_wishes_holds() {
        let rests = Rests::default();
        let now = Instant::now();
        rests.pause("http://a", 2 * SECOND);
        rests.pause("http://a", SECOND);
        assert_eq!(
            rests.of("http://a", now),
            Some(Rest::Pause(now + 2 * SECOND))
        );
        rests.close("http://a", 3 * SECOND);
        assert_eq!(
            rests.of("http://a", now),
            Some(Rest::Closed(now + 3 * SECOND))
        );
        assert_eq!(rests.of("http://b", now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_opens_no_host_that_is_closed() {
        let rests = Rests::default();
        let now = Instant::now();
        rests.close("http://a", SECOND);
        rests.pause("http://a", 2 * SECOND);
        let rest = rests.of("http://a", now);
        assert_eq!(rest, Some(Rest::Closed(now + 2 * SECOND)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_ends_and_leaves_nothing_behind() {
        let rests = Rests::default();
        rests.pause("http://a", SECOND);
        assert_eq!(rests.of("http://a", Instant::now() + SECOND), None);
        assert_eq!(rests.count.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_number_beyond_all_bounds_is_a_day() {
        let rests = Rests::default();
        let now = Instant::now();
        rests.close("http://a", Duration::MAX);
        assert_eq!(
            rests.of("http://a", now),
            Some(Rest::Closed(now + MAX_CLOSED))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_never_come_again_are_forgotten() {
        let rests = Rests::default();
        for host in 0..100_000 {
            rests.pause(&format!("http://host-{host}"), SECOND);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(rests.count.load(Ordering::Relaxed) <= 2 * MIN_SWEEP);
    }
}
