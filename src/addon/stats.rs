//! The numbers of runs and clients as JavaScript gets them: JSON in the shape of the public `Stats` and `ClientStats`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use manyfetch_engine::{ClientStats, HostStats, Stats};
use serde_json::{Value, json};

pub(crate) fn to_json(stats: &Stats) -> String {
    let done = stats.ok + stats.failed;
    let seconds = stats.elapsed.as_secs_f64();
    let errors: BTreeMap<_, _> = stats
        .errors
        .iter()
        .map(|(code, count)| (code.name(), count))
        .collect();
    json!({
        "total": stats.total,
        "done": done,
        "ok": stats.ok,
        "failed": stats.failed,
        "inFlight": stats.in_flight,
        "retries": stats.retries,
        "bytes": stats.bytes,
        "wireBytes": stats.wire_bytes,
        "seconds": seconds,
        "requestsPerSecond": if seconds > 0.0 { done as f64 / seconds } else { 0.0 },
        "connections": { "opened": stats.connections_opened, "reused": stats.connections_reused },
        "latency": {
            "p50": milliseconds(stats.latency.p50),
            "p90": milliseconds(stats.latency.p90),
            "p99": milliseconds(stats.latency.p99),
            "max": milliseconds(stats.latency.max),
        },
        "statuses": stats.statuses,
        "errors": errors,
        "advice": stats.advice,
    })
    .to_string()
}

/// The numbers of each host, in the order of their names.
pub(crate) fn hosts_to_json(hosts: Vec<(String, HostStats)>) -> String {
    let hosts: BTreeMap<_, _> = hosts
        .into_iter()
        .map(|(host, stats)| (host, host_to_json(&stats)))
        .collect();
    json!(hosts).to_string()
}

fn host_to_json(stats: &HostStats) -> Value {
    json!({
        "requests": stats.requests,
        "ok": stats.ok,
        "failed": stats.failed,
        "retries": stats.retries,
        "bytes": stats.bytes,
        "p50": milliseconds(stats.p50),
        "p99": milliseconds(stats.p99),
        "pausedMs": milliseconds(stats.paused),
    })
}

/// A client's numbers, in the shape of the public `ClientStats`.
pub(crate) fn client_to_json(stats: &ClientStats) -> String {
    let now = SystemTime::now();
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let hosts: BTreeMap<_, _> = stats
        .hosts
        .iter()
        .map(|(name, host)| {
            let mut shown = json!({ "inFlight": host.in_flight, "queued": host.queued });
            if let Some(left) = host.paused {
                shown["pausedUntil"] = milliseconds(since_epoch + left).round().into();
            }
            (name, shown)
        })
        .collect();
    json!({
        "inFlight": stats.in_flight,
        "queued": stats.queued,
        "connections": {
            "open": stats.connections_open,
            "opened": stats.connections_opened,
            "reused": stats.connections_reused,
        },
        "hosts": hosts,
    })
    .to_string()
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
