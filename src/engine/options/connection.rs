//! What makes the connections of a client, and what it remembers of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

pub use crate::transport::PROXY_VARIABLES;

/// How connections are made, and what is remembered of them. They belong to a client.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Whom to trust.
    pub trust: Trust,
    /// Accept certificates of the trusted alone: `true` by default.
    pub reject_unauthorized: bool,
    /// The certificate that the client shows to servers that ask: none by default.
    pub identity: Option<Identity>,
    /// Speak nothing older: TLS 1.2 by default.
    pub min_tls: TlsVersion,
    /// When HTTP/2 is spoken: where the server wants to, by default.
    pub http2: Http2,
    /// Through whom requests go: nobody by default.
    pub proxy: Proxy,
    /// How long an idle connection is kept: 4 s by default, less than most servers do. `None` is for ever.
    pub keep_alive: Option<Duration>,
    /// How long a resolved name is believed: 10 s by default. `None` is for ever.
    pub dns_ttl: Option<Duration>,
    /// Addresses of names that are not looked up: none by default.
    pub dns_overrides: Vec<(String, Vec<IpAddr>)>,
    /// The address that connections come from: whichever the system chooses, by default.
    pub local_address: Option<IpAddr>,
    /// The socket in the file system that all connections go to: none by default.
    pub unix_socket: Option<PathBuf>,
    /// Keep cookies, and send them back: `false` by default.
    pub cookies: bool,
    /// Headers that are dropped on the way to another origin besides those that always are: none by default.
    pub sensitive_headers: Vec<HeaderName>,
    /// Connect to public addresses alone: `false` by default.
    pub deny_private_networks: bool,
    /// How long an HTTP/2 connection in use may be silent before it is asked whether it lives, and how long the answer may take:
    /// 10 s each by default. One that does not answer is dropped (RFC 9113 §6.7).
    pub http2_ping: Duration,
}

impl ConnectionOptions {
    /// The defaults, with `trust`, which has none: the list comes from Node.
    pub fn trusting(trust: Trust) -> Self {
        Self {
            trust,
            reject_unauthorized: true,
            identity: None,
            min_tls: TlsVersion::Tls12,
            http2: Http2::Negotiated,
            proxy: Proxy::None,
            keep_alive: Some(Duration::from_secs(4)),
            dns_ttl: Some(Duration::from_secs(10)),
            dns_overrides: Vec::new(),
            local_address: None,
            unix_socket: None,
            cookies: false,
            sensitive_headers: Vec::new(),
            deny_private_networks: false,
            http2_ping: Duration::from_secs(10),
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

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, and those between it and its root.
    pub cert: String,
    /// The private key, not encrypted.
    pub key: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A version of TLS that may be the oldest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// When HTTP/2 is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http2 {
    /// Over TLS with servers that choose it (ALPN, RFC 7301).
    Negotiated,
    /// Never.
    Never,
    /// Always, also without TLS (RFC 9113 §3.3).
    PriorKnowledge,
}

/// Through whom requests go.
#[derive(Clone)]
pub enum Proxy {
    /// Nobody.
    None,
    /// Whom these variables name, by curl's rules: those of [`PROXY_VARIABLES`] that are set.
    Environment(HashMap<String, String>),
    /// The proxy at this URL.
    Url(String),
}

/// Without credentials.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}
