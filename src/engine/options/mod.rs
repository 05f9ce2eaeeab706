//! Finished settings: nothing here is undecided, and every default is written here and nowhere else.

mod connection;
mod save;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};

use crate::checksum::Checksum;
use crate::error::Code;
use crate::host_rules::HostRules;
use crate::rate::Rate;
pub use connection::{
    ConnectionOptions, Http2, Identity, PROXY_VARIABLES, Proxy, TlsVersion, Trust,
};
pub use save::{IfExists, Naming, SaveOptions};

/// The content codings that are undone, as they are asked for.
pub(crate) const KNOWN_CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// How one request is sent and received.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestOptions {
    /// The method, `GET` by default.
    pub method: Method,
    /// All headers but `Host`, which the URL gives, and those that frame the message.
    pub headers: HeaderMap,
    /// Those of `headers` that the item itself gives: they win over those of a rule for its host.
    pub own_headers: HashSet<HeaderName>,
    /// The body: none by default.
    pub body: Option<Bytes>,
    /// What the body says of itself, where `headers` say nothing.
    pub content_type: Option<ContentType>,
    /// The limits of time.
    pub timeouts: Timeouts,
    /// Decoded bytes of a body that is kept in memory, at most: 256 MiB by default. `None` is no limit.
    pub max_body_size: Option<u64>,
    /// The same of a body that is dropped, or saved: no limit by default.
    pub max_dropped_size: Option<u64>,
    /// What becomes of a response's body: it is kept by default.
    pub response_type: ResponseType,
    /// Undo content codings: `true` by default.
    pub decompress: bool,
    /// What the decoded body of a successful response must hash to: anything by default.
    pub checksum: Option<Checksum>,
    /// What becomes of a redirect: it is followed by default.
    pub redirect: RedirectMode,
    /// Redirects followed, at most: 20 by default, as in the fetch standard.
    pub max_redirects: usize,
    /// What is tried again, and when.
    pub retry: Arc<Retry>,
    /// Bytes of a body in a second, as a mean over a minute in which the server is waited for: 100 by default. `None` is no
    /// limit.
    pub min_speed: Option<f64>,
}

impl Default for RequestOptions {
    fn default() -> Self {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, KNOWN_CODINGS);
        let agent = concat!("manyfetch/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        Self {
            method: Method::GET,
            headers,
            own_headers: HashSet::new(),
            body: None,
            content_type: None,
            timeouts: Timeouts::default(),
            max_body_size: Some(256 << 20),
            max_dropped_size: None,
            response_type: ResponseType::Buffer,
            decompress: true,
            checksum: None,
            redirect: RedirectMode::Follow,
            max_redirects: 20,
            retry: Arc::default(),
            min_speed: Some(100.0),
        }
    }
}

/// What a body says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// The value of the field.
    pub value: HeaderValue,
    /// Whatever else is said of it, by a rule for its host too, says more.
    pub is_default: bool,
}

/// What becomes of the body of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// It is decoded, and kept in memory.
    Buffer,
    /// It is decoded to its end, and dropped: its size, its wholeness and its checksum count.
    None,
    /// The head is enough: a little of the body is read for the sake of the connection, and nothing of it counts.
    Head,
}

/// What becomes of a redirect (fetch standard, "redirect mode").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectMode {
    /// It is followed.
    Follow,
    /// It is a response as any other.
    Manual,
    /// It is [`Code::Redirect`].
    Error,
}

/// The limits of time; `None` is no limit. Waiting for a permit counts against `total`, and the run's deadline, alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeouts {
    /// Name, TCP and TLS: 10 s by default.
    pub connect: Option<Duration>,
    /// From the request's last byte to the whole head: 30 s by default.
    pub response: Option<Duration>,
    /// Between two pieces of a body, sent or received: 30 s by default.
    pub idle: Option<Duration>,
    /// The whole attempt, redirects included: none by default.
    pub request: Option<Duration>,
    /// The whole item, with its retries and all its waiting: none by default.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            response: Some(Duration::from_secs(30)),
            idle: Some(Duration::from_secs(30)),
            request: None,
            total: None,
        }
    }
}

/// What is tried again, how often, and after how long. By default as in curl and got: methods that may be repeated (RFC 9110
/// §9.2.2), and failures that pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Tries after the first one, at most: 2 by default. With 0 nothing is tried again but what is never counted: a request whose
    /// connection was gone, and one that the machine had no descriptor or port for.
    pub limit: u32,
    /// The methods that may be sent again.
    pub methods: Vec<Method>,
    /// The statuses that are worth another try.
    pub status_codes: Vec<u16>,
    /// The errors that are worth another try.
    pub error_codes: Vec<Code>,
    /// How long to wait between two tries.
    pub backoff: Backoff,
    /// Wait for a random part of the back-off ("full jitter"), so that many clients do not come back together: `true` by default.
    pub jitter: bool,
    /// The longest wait that a server may ask for: a minute by default, `None` is any. One that asks for more is left alone until
    /// then.
    pub max_retry_after: Option<Duration>,
    /// Retries of a whole run, at most: ten, and this part of the requests so far. 0.2 by default, `None` is no limit.
    pub budget: Option<f64>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            limit: 2,
            methods: vec![
                Method::GET,
                Method::HEAD,
                Method::OPTIONS,
                Method::PUT,
                Method::DELETE,
                Method::TRACE,
            ],
            status_codes: vec![408, 429, 500, 502, 503, 504, 521, 522, 524],
            error_codes: vec![
                Code::ConnectionRefused,
                Code::ConnectionReset,
                Code::BrokenPipe,
                Code::HostUnreachable,
                Code::NetworkUnreachable,
                Code::NameTryAgain,
                Code::TimedOut,
                Code::BodyTruncated,
            ],
            backoff: Backoff::default(),
            jitter: true,
            max_retry_after: Some(Duration::from_secs(60)),
            budget: Some(0.2),
        }
    }
}

/// Waits that grow: `base`, and `factor` times as long after each further try, up to `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Before the second try: half a second by default.
    pub base: Duration,
    /// 2 by default.
    pub factor: f64,
    /// 30 s by default; `None` is no limit.
    pub max: Option<Duration>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            factor: 2.0,
            max: Some(Duration::from_secs(30)),
        }
    }
}

/// How much is done at once, and how fast.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests in flight in all: 100 by default.
    pub concurrency: Concurrency,
    /// Requests in flight to one origin (scheme, host and port): 10 by default.
    pub concurrency_per_host: Concurrency,
    /// Requests started in a second in all: no limit by default.
    pub rate: Option<Rate>,
    /// Requests started in a second to one origin: no limit by default.
    pub rate_per_host: Option<Rate>,
    /// What holds for some origins instead of `concurrency_per_host` and `rate_per_host`.
    pub hosts: HostRules<HostLimits>,
    /// The same, asked where `hosts` says nothing.
    pub other_hosts: HostRules<HostLimits>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: Concurrency::Fixed(100),
            concurrency_per_host: Concurrency::Fixed(10),
            rate: None,
            rate_per_host: None,
            hosts: HostRules::default(),
            other_hosts: HostRules::default(),
        }
    }
}

impl Limits {
    /// No limit at all.
    pub fn none() -> Self {
        Self {
            concurrency: Concurrency::Fixed(usize::MAX),
            concurrency_per_host: Concurrency::Fixed(usize::MAX),
            rate: None,
            rate_per_host: None,
            hosts: HostRules::default(),
            other_hosts: HostRules::default(),
        }
    }
}

/// How many requests are in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// This many at most; with none, nothing would ever run.
    Fixed(usize),
    /// As many as pay: few at first, more while throughput grows, half as many when a server is busy.
    Auto,
}

/// What holds for an origin that a rule matches, where the rule says something.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostLimits {
    /// Requests in flight.
    pub concurrency: Option<Concurrency>,
    /// Requests started in a second: `Some(None)` is no limit.
    pub rate: Option<Option<Rate>>,
}

/// How the results of a run are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All of them are wanted in the end: in batches that are full, and a body that finds no room is an error.
    Collected,
    /// Each is wanted as soon as it is there, and may take its time to be used: a body that finds no room waits for it.
    Streamed,
}

impl Delivery {
    /// Bytes of bodies that a run may hold by default: 1 GiB if they are collected, 64 MiB if they are streamed.
    pub const fn max_buffered_bytes(self) -> Option<u64> {
        match self {
            Self::Collected => Some(1 << 30),
            Self::Streamed => Some(64 << 20),
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
    /// Headers for some hosts, which no other host sees: those of the client, then those of the run, which win.
    pub host_headers: Vec<Arc<HostRules<HeaderMap>>>,
    /// Send equal requests once: `false` by default.
    pub dedupe: bool,
    /// How results are handed over: collected by default.
    pub delivery: Delivery,
    /// Bytes of bodies that the run may hold: by default what [`Delivery::max_buffered_bytes`] says. `None` is no limit.
    pub max_buffered_bytes: Option<u64>,
    /// How long the run may take: no limit by default. What is not done then is [`Code::TimedOut`].
    pub deadline: Option<Duration>,
    /// Where bodies are saved: nowhere by default.
    pub save: Option<SaveOptions>,
    /// Where it is written down what is finished: nowhere by default.
    pub journal: Option<PathBuf>,
    /// The first item that fails ends the run: `false` by default.
    pub stop_on_error: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            request: Arc::new(RequestOptions::default()),
            host_headers: Vec::new(),
            dedupe: false,
            delivery: Delivery::Collected,
            max_buffered_bytes: Delivery::Collected.max_buffered_bytes(),
            deadline: None,
            save: None,
            journal: None,
            stop_on_error: false,
        }
    }
}
