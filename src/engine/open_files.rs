//! How many files and sockets the process may still open, so that a run keeps clear of the limit: at it, the program that we are a
//! guest in could open no file either.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Left to the program and to name lookups: a quarter, and no fewer than these.
const MIN_LEFT: usize = 16;

/// Requests that may be in flight at once. Never none.
pub(crate) fn room() -> usize {
    let room = || Some(limit()?.saturating_sub(open()? + left(limit()?)));
    // Each may leave a connection behind that is kept, and one more until that is found out and closed.
    room().map_or(usize::MAX, |room| (room / 3).max(1))
}

/// Counts a request that was answered over a connection of its own. Whether there are so many files open by now that idle connections should be closed:
/// asked of the system now and then, since nobody else knows.
pub(crate) fn are_scarce_after_one_more() -> bool {
    static OPENED: AtomicUsize = AtomicUsize::new(0);
    let opened = OPENED.fetch_add(1, Ordering::Relaxed);
    let are_scarce = || {
        let limit = limit()?;
        // It takes a while until idle connections are closed, in which new ones come.
        let is_time = opened.is_multiple_of(left(limit) / 8);
        // Where there is no descriptor left to look with, there are too many.
        Some(is_time && open().is_none_or(|open| open > limit - left(limit)))
    };
    are_scarce().unwrap_or(false)
}

fn left(limit: usize) -> usize {
    (limit / 4).max(MIN_LEFT).min(limit)
}

/// What the system allows this process.
#[cfg(unix)]
fn limit() -> Option<usize> {
    let (soft, _hard) = rlimit::Resource::NOFILE.get().ok()?;
    usize::try_from(soft).ok()
}

/// What it has open. The folder's own handle is among them.
#[cfg(unix)]
fn open() -> Option<usize> {
    let folder = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    Some(std::fs::read_dir(folder).ok()?.count())
}

#[cfg(not(unix))]
fn limit() -> Option<usize> {
    None
}

#[cfg(not(unix))]
fn open() -> Option<usize> {
    None
}
