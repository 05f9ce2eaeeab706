//! A run's numbers as JavaScript gets them: JSON in the shape of the public `Stats`.

use std::collections::BTreeMap;
use std::time::Duration;

use manyfetch_engine::Stats;
use serde_json::json;

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
    })
    .to_string()
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
