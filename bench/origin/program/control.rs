//! The control port: what the hosts have counted, as JSON, and a way to count afresh. It is neither delayed nor counted.

use std::sync::Arc;

use hyper::{Method, Request, Response, StatusCode};
use manyfetch_origin::{Body, Counters, Counts};
use serde_json::{Value, json};

use super::routes::status;

/// The counters of each host, and of both together.
pub(crate) struct Control {
    pub(crate) a: Arc<Counters>,
    pub(crate) b: Arc<Counters>,
    pub(crate) total: Arc<Counters>,
}

impl Control {
    /// `GET /counters` reads, `POST /reset` begins again.
    pub(crate) fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/counters") => Response::new(self.counts().to_string().into()),
            (&Method::POST, "/reset") => {
                for counters in [&self.a, &self.b, &self.total] {
                    counters.reset();
                }
                status(StatusCode::NO_CONTENT)
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    fn counts(&self) -> Value {
        let [a, b, total] =
            [&self.a, &self.b, &self.total].map(|counters| to_json(&counters.counts()));
        json!({ "hosts": { "a": a, "b": b }, "total": total })
    }
}

fn to_json(counts: &Counts) -> Value {
    json!({
        "connections": counts.connections,
        "openConnections": counts.open_connections,
        "requests": { "1.0": counts.requests.http10, "1.1": counts.requests.http11, "2": counts.requests.http2 },
        "inFlight": counts.in_flight,
        "peakInFlight": counts.peak_in_flight,
    })
}
