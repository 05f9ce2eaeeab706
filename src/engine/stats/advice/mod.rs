//! What held a run back, in a few plain sentences. Only what was measured is said, each with its figure, and only what matters.

mod findings;
mod holds;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub(crate) use holds::{Hold, Limit, Scope, SetBy};

use crate::error::Code;

/// A shorter run has nothing to gain.
const MIN_ELAPSED: Duration = Duration::from_millis(200);

/// Of fewer items, or requests, shares are chance.
const MIN_COUNT: u64 = 20;

/// Sentences at most.
const MOST: usize = 4;

/// The share of the run from which on it is told what was waited for.
const WAITED: f64 = 0.2;

/// A run, as far as it tells what held it back. What is not known is left at its default. A moment of waiting is counted once, for
/// what it was waited for in the end.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// From the start to the last outcome.
    pub(crate) elapsed: Duration,
    /// Items that are done.
    pub(crate) done: u64,
    /// Hosts that were sent requests.
    pub(crate) hosts: u64,
    /// Limits at which work waited. Those at which none did may be left out.
    pub(crate) holds: Vec<Hold>,
    /// Hosts that asked to be left alone, and for how long in all.
    pub(crate) paused: Vec<(String, Duration)>,
    /// Hosts that asked for a longer pause than `maxRetryAfter`, and the items that failed so.
    pub(crate) closed: Vec<(String, u64)>,
    /// Hosts that could not be connected to, and the items that were given up for that.
    pub(crate) unreachable: Vec<(String, u64)>,
    /// The time in which nothing started since the caller had not taken what is there (`maxBufferedBytes`, the look-ahead).
    pub(crate) loop_waited: Duration,
    /// The time in which there was room for an item, and the list had none ready.
    pub(crate) list_waited: Duration,
    /// The time in which nothing could start since the client's limits, which all its calls share, were reached.
    pub(crate) client_waited: Duration,
    /// Connections established.
    pub(crate) opened: u64,
    /// Requests over a connection that was there.
    pub(crate) reused: u64,
    /// Requests in flight at once at the most, added up over the hosts: so many connections are opened even if all are kept.
    pub(crate) peak: u64,
    /// What was spoken, if it was always the same.
    pub(crate) protocol: Option<Protocol>,
    /// Requests in all, retries included.
    pub(crate) requests: u64,
    /// Requests that were sent again.
    pub(crate) retries: u64,
    /// What they were sent again after, an error's code or a status, and how many.
    pub(crate) retry_causes: Vec<(String, u64)>,
    /// Items that failed, by their error's code.
    pub(crate) errors: BTreeMap<Code, u64>,
    /// The median of the time from the connection to the head.
    pub(crate) first_byte: Duration,
    /// The median of the time that an item took, without waiting for permits.
    pub(crate) total: Duration,
}

/// What was spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.0 or HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// At most four sentences on what held the run back, the most telling first. None for a run of less than 200 ms or of fewer than 20
/// items, and none where nothing stands out.
pub(crate) fn advise(measured: &Measured) -> Vec<String> {
    if measured.elapsed < MIN_ELAPSED || measured.done < MIN_COUNT {
        return Vec::new();
    }
    let mut found = holds::find(measured);
    found.extend(findings::find(measured));
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found.truncate(MOST);
    found.into_iter().map(|finding| finding.text).collect()
}

/// A sentence, and how telling it is.
struct Finding {
    /// The share of the run, or of what was done, that it is about.
    weight: f64,
    text: String,
}

/// From 0 to 1.
#[derive(Clone, Copy)]
struct Share(f64);

impl Share {
    fn of(part: u64, whole: u64) -> Self {
        Self((part as f64 / whole.max(1) as f64).min(1.0))
    }

    fn of_time(part: Duration, whole: Duration) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self::of(nanos(part), nanos(whole))
    }

    /// This share, if it is at least so large.
    fn from(self, least: f64) -> Option<Self> {
        (self.0 >= least).then_some(self)
    }

    fn finding(self, text: String) -> Finding {
        Finding {
            weight: self.0,
            text,
        }
    }
}

/// In whole per cent. What is neither none nor all is not shown as such.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (self.0 * 100.0).round();
        let is_part = self.0 > 0.0 && self.0 < 1.0;
        let percent = if is_part {
            percent.clamp(1.0, 99.0)
        } else {
            percent
        };
        write!(f, "{percent} %")
    }
}

/// The entry with the most; of equal ones the first by name.
fn top<N: Ord + Copy, T: Ord + Copy>(entries: impl IntoIterator<Item = (N, T)>) -> Option<(N, T)> {
    entries
        .into_iter()
        .max_by_key(|&(name, most)| (most, Reverse(name)))
}

/// Hosts as the subject of a sentence: the only one by its name, several by their number.
fn subject(hosts: usize, name: &str) -> String {
    match hosts {
        1 => format!("host {name}"),
        _ => format!("{hosts} hosts"),
    }
}
