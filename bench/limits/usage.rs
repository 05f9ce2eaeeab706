//! What the work took: time, CPU and memory. What a system does not tell is absent.

use std::time::{Duration, Instant};

/// Runs from its start to its stop.
pub(crate) struct Stopwatch {
    start: Instant,
    cpu: Option<Duration>,
}

/// What was used up to the stop.
pub(crate) struct Usage {
    pub(crate) seconds: f64,
    /// Of the whole process.
    pub(crate) cpu_seconds: Option<f64>,
    /// Since the start.
    pub(crate) work_cpu_seconds: Option<f64>,
    pub(crate) peak_rss_bytes: Option<u64>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            cpu: cpu(),
            start: Instant::now(),
        }
    }

    pub(crate) fn stop(self) -> Usage {
        let seconds = self.start.elapsed().as_secs_f64();
        let cpu = cpu();
        let work = cpu
            .zip(self.cpu)
            .map(|(cpu, before)| cpu.saturating_sub(before));
        Usage {
            seconds,
            cpu_seconds: cpu.map(|cpu| cpu.as_secs_f64()),
            work_cpu_seconds: work.map(|work| work.as_secs_f64()),
            peak_rss_bytes: peak_rss_bytes(),
        }
    }
}

/// User and system time of all threads so far.
#[cfg(unix)]
fn cpu() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ProcessCPUTime).try_into().ok()
}

#[cfg(not(unix))]
fn cpu() -> Option<Duration> {
    None
}

/// Linux alone. Not from getrusage, which counts from before exec and so reports the harness's own peak.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_busy_while_is_seen() {
        let stopwatch = Stopwatch::start();
        let start = Instant::now();
        while cpu() == stopwatch.cpu || start.elapsed() < Duration::from_millis(1) {}
        let usage = stopwatch.stop();
        let work = usage.work_cpu_seconds.unwrap();
        assert!(usage.seconds >= 0.001 && work > 0.0);
        assert!(usage.cpu_seconds.unwrap() >= work);
        assert!(usage.peak_rss_bytes.unwrap() > 100_000);
    }
}
