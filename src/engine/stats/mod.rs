//! What a run has come to so far, in numbers.

pub(crate) mod advice;
mod hosts;
mod measure;
mod troubles;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use http::Version;
use url::Url;

use crate::error::Code;
use crate::outcome::{Outcome, Verdict};
use advice::Protocol;
pub use hosts::HostStats;
pub(crate) use hosts::authority;
use hosts::{Ended, HostTally};
pub(crate) use measure::{Told, measure};
pub(crate) use troubles::Troubles;

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
    /// Hosts that items ended at.
    pub hosts: u64,
    /// What held the run back, in a few sentences.
    pub advice: Vec<String>,
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
    hosts: HostTally,
    /// Responses over HTTP/1 and over HTTP/2.
    protocols: [u64; 2],
}

impl Tally {
    pub(crate) fn new() -> Self {
        // Two digits are a constant that the library accepts; without them only the percentiles would be missing.
        let latencies =
            Histogram::new(2).unwrap_or_else(|_| unreachable!("0 to 5 digits are valid"));
        Self {
            stats: Stats::default(),
            latencies,
            hosts: HostTally::default(),
            protocols: [0; 2],
        }
    }

    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.count(outcome.verdict());
        if outcome.is_from_journal {
            return;
        }
        let stats = &mut self.stats;
        stats.retries += u64::from(outcome.attempts.saturating_sub(1));
        if outcome.attempts > 0 && !outcome.is_unchanged {
            stats.bytes += outcome.sizes.decoded;
        }
        stats.wire_bytes += outcome.sizes.wire;
        if let Some(head) = &outcome.head {
            self.protocols[usize::from(head.version == Version::HTTP_2)] += 1;
        }
        let took = (outcome.attempts > 0)
            .then(|| outcome.timings.total.saturating_sub(outcome.timings.queue));
        if let Some(took) = took {
            let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            // It grows with the values; one that is out of all bounds is left out.
            let _ = self.latencies.record(microseconds);
        }
        self.add_to_hosts(outcome, took);
    }

    fn add_to_hosts(&mut self, outcome: &Outcome, took: Option<Duration>) {
        let Some((last, before)) = outcome.urls.split_last() else {
            return;
        };
        // Where nothing was sent, it may be no URL.
        if took.is_none() && Url::parse(last).is_err() {
            return;
        }
        let mut begun = 0;
        for (hop, url) in before.iter().enumerate() {
            let tries = outcome.tries_before.get(hop).copied().unwrap_or(begun);
            if let Some(host) = authority(url) {
                self.hosts.count_requests(host, requests(hop, begun, tries));
            }
            begun = tries;
        }
        let (requests, retries) = requests(before.len(), begun, outcome.attempts);
        if let Some(host) = authority(last) {
            let ended = Ended {
                is_ok: outcome.verdict().is_ok,
                requests,
                retries,
                bytes: took
                    .filter(|_| !outcome.is_unchanged)
                    .map_or(0, |_| outcome.sizes.decoded),
                took,
            };
            self.hosts.add(host, ended);
        }
    }

    /// The numbers of each host.
    pub(crate) fn hosts(&self) -> Vec<(String, HostStats)> {
        let all = self.hosts.stats();
        all.map(|(host, stats)| (host.to_owned(), stats)).collect()
    }

    /// What was spoken, if it was always the same.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self.protocols {
            [0, 0] => None,
            [_, 0] => Some(Protocol::Http1),
            [0, _] => Some(Protocol::Http2),
            _ => None,
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
            hosts: self.hosts.len() as u64,
            ..self.stats.clone()
        }
    }
}

/// Requests to the host of one hop, and those of them that were sent again, where tries went from `before` to `after`. All hops but the
/// first begin with one that belongs to a try that was begun.
fn requests(hop: usize, before: u16, after: u16) -> (u64, u64) {
    let tries = u64::from(after.saturating_sub(before));
    if hop == 0 {
        (tries, tries.saturating_sub(1))
    } else {
        (tries + 1, tries)
    }
}
