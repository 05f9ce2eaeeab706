//! Finished settings: nothing here is undecided, and every default is written here and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};

/// How one request is sent and received.
#[derive(Clone, Debug)]
pub struct RequestOptions {
    /// The method, `GET` by default.
    pub method: Method,
    /// All headers but `Host`, which the URL gives, and those that frame the message.
    pub headers: HeaderMap,
    /// The limits of time.
    pub timeouts: Timeouts,
    /// Decoded bytes of a body, at most: 256 MiB by default. `None` is no limit.
    pub max_body_size: Option<u64>,
    /// Redirects followed, at most: 20 by default, as in the fetch standard.
    pub max_redirects: usize,
}

impl Default for RequestOptions {
    fn default() -> Self {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(
            ACCEPT_ENCODING,
            HeaderValue::from_static("gzip, deflate, br, zstd"),
        );
        let agent = concat!("manyfetch/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        Self {
            method: Method::GET,
            headers,
            timeouts: Timeouts::default(),
            max_body_size: Some(256 << 20),
            max_redirects: 20,
        }
    }
}

/// The limits of time of one attempt; `None` is no limit. Waiting for a permit counts against none of them.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Name, TCP and TLS: 10 s by default.
    pub connect: Option<Duration>,
    /// From the request's last byte to the whole head: 30 s by default.
    pub response: Option<Duration>,
    /// Between two pieces of the body: 30 s by default.
    pub idle: Option<Duration>,
    /// The whole attempt, redirects included: none by default.
    pub request: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            response: Some(Duration::from_secs(30)),
            idle: Some(Duration::from_secs(30)),
            request: None,
        }
    }
}

/// How many requests are in flight.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In all: 100 by default.
    pub concurrency: usize,
    /// To one origin (scheme, host and port): 10 by default.
    pub concurrency_per_host: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 100,
            concurrency_per_host: 10,
        }
    }
}

/// One run: its limits, and what its requests have in common.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many requests are in flight.
    pub limits: Limits,
    /// What every item starts from.
    pub request: Arc<RequestOptions>,
    /// Bytes of bodies that the run may hold: 1 GiB by default.
    pub max_buffered_bytes: u64,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            request: Arc::new(RequestOptions::default()),
            max_buffered_bytes: 1 << 30,
        }
    }
}

/// How connections are made. They belong to a client.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Whom to trust.
    pub trust: Trust,
    /// Accept certificates of the trusted alone: `true` by default.
    pub reject_unauthorized: bool,
    /// How long an idle connection is kept: 4 s by default, less than most servers do.
    pub keep_alive: Duration,
    /// How long a resolved name is believed: 10 s by default.
    pub dns_ttl: Duration,
}

impl ConnectionOptions {
    /// The defaults, with `trust`, which has none: the list comes from Node.
    pub fn trusting(trust: Trust) -> Self {
        Self {
            trust,
            reject_unauthorized: true,
            keep_alive: Duration::from_secs(4),
            dns_ttl: Duration::from_secs(10),
        }
    }
}

/// Which servers' certificates are accepted.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Signed by one of these, in PEM. A text that is not a certificate is passed over.
    Roots(Arc<str>),
    /// Signed by one of these, in PEM, or one of these itself.
    Only(Vec<String>),
}
