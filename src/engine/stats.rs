//! What a run has come to so far, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::error::Code;
use crate::outcome::{Outcome, Verdict};

/// A run in numbers.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Items known so far.
    pub total: u64,
    /// Status 200 to 299, and nothing went wrong.
    pub ok: u64,
    /// All others that are done.
    pub failed: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Decoded bytes of bodies.
    pub bytes: u64,
    /// Bytes of bodies as they came.
    pub wire_bytes: u64,
    /// From the start to the last outcome, or to now.
    pub elapsed: Duration,
    /// Connections established.
    pub connections_opened: u64,
    /// Requests that went over a connection that was there.
    pub connections_reused: u64,
    /// Of the items that were sent, waiting for permits left out.
    pub latency: Latency,
    /// Responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Errors by code.
    pub errors: BTreeMap<Code, u64>,
}

/// How long items took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Half of them took at most this long.
    pub p50: Duration,
    /// Nine of ten.
    pub p90: Duration,
    /// Ninety-nine of a hundred.
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
}

/// Counts outcomes.
#[derive(Debug)]
pub(crate) struct Tally {
    stats: Stats,
    /// In microseconds, to within one percent.
    latencies: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        // Two digits are a constant that the library accepts; without them only the percentiles would be missing.
        let latencies =
            Histogram::new(2).unwrap_or_else(|_| unreachable!("0 to 5 digits are valid"));
        Self {
            stats: Stats::default(),
            latencies,
        }
    }

    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.count(outcome.verdict());
        let stats = &mut self.stats;
        stats.retries += u64::from(outcome.attempts.saturating_sub(1));
        stats.bytes += outcome.sizes.decoded;
        stats.wire_bytes += outcome.sizes.wire;
        if outcome.attempts > 0 {
            let took = outcome.timings.total.saturating_sub(outcome.timings.queue);
            let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            // It grows with the values; one that is out of all bounds is left out.
            let _ = self.latencies.record(microseconds);
        }
    }

    /// Counts an item, and nothing of what it took: it is a copy, or the rest is counted by itself.
    pub(crate) fn count(&mut self, verdict: Verdict) {
        let stats = &mut self.stats;
        if verdict.is_ok {
            stats.ok += 1;
        } else {
            stats.failed += 1;
        }
        if let Some(status) = verdict.status {
            *stats.statuses.entry(status).or_default() += 1;
        }
        if let Some(code) = verdict.code {
            *stats.errors.entry(code).or_default() += 1;
        }
    }

    /// Outcomes counted.
    pub(crate) fn done(&self) -> u64 {
        self.stats.ok + self.stats.failed
    }

    /// The numbers so far, as far as outcomes tell them.
    pub(crate) fn stats(&self) -> Stats {
        let quantile = |q| Duration::from_micros(self.latencies.value_at_quantile(q));
        let latency = Latency {
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: quantile(1.0),
        };
        Stats {
            latency,
            ..self.stats.clone()
        }
    }
}
