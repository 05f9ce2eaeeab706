//! What this process holds: descriptors and memory, where Linux tells.

use std::time::{Duration, Instant};

/// Descriptors that are open.
pub(super) fn descriptors() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Resident memory, in MiB.
pub(super) fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes >> 10)
}

/// Waits until no more descriptors are open than `before`: the last ones are closed by tasks that nobody can wait for.
pub(super) async fn returns_to(before: Option<usize>, limit: Duration) -> Result<(), String> {
    let begun = Instant::now();
    while descriptors() > before {
        if begun.elapsed() > limit {
            return Err(format!(
                "{:?} descriptors, {before:?} before",
                descriptors()
            ));
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}
