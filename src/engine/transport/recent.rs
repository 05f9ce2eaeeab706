//! Origins that something was found out about a short while ago.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Origins that are kept before those whose time is over are swept out.
const SWEEP_AT: usize = 1 << 10;

/// As good as for ever, where a time is too long for the clock.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Origins, each for some time after it was added last.
#[derive(Debug)]
pub(super) struct RecentOrigins {
    time: Duration,
    until: Mutex<HashMap<Box<str>, Instant>>,
    /// So that nobody needs the lock as long as there never was one.
    has_any: AtomicBool,
}

impl RecentOrigins {
    pub(super) fn new(time: Duration) -> Self {
        Self {
            time,
            until: Mutex::default(),
            has_any: AtomicBool::new(false),
        }
    }

    pub(super) fn add(&self, origin: &str) {
        let now = Instant::now();
        let mut origins = self.lock();
        if origins.len() >= SWEEP_AT && origins.len().is_power_of_two() {
            origins.retain(|_, until| *until > now);
        }
        let until = now.checked_add(self.time);
        origins.insert(origin.into(), until.unwrap_or(now + FOR_EVER));
        self.has_any.store(true, Ordering::Relaxed);
    }

    pub(super) fn contains(&self, origin: &str) -> bool {
        self.has_any.load(Ordering::Relaxed)
            && self
                .lock()
                .get(origin)
                .is_some_and(|until| *until > Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_origin_is_remembered_for_its_time() {
        let origins = RecentOrigins::new(Duration::from_secs(4));
        assert!(!origins.contains("http://a"));
        origins.add("http://a");
        assert!(origins.contains("http://a") && !origins.contains("http://b"));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(!origins.contains("http://a"));
    }
}
