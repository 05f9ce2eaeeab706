//! The seam to the network: one request out, a head and a body in, or an error with a code.
//! Behind the trait stands reqwest, in `http.rs` alone; tests of scheduling put a fake here.

mod checks;
mod fault;
mod handshakes;
mod heads;
mod http;
mod no_proxy;
mod open;
pub(crate) mod proxies;
mod public;
mod recent;
mod resolver;
mod tls;
mod trace;
mod upload;

pub use self::http::HttpTransport;
pub use proxies::PROXY_VARIABLES;
pub use trace::Trace;
pub(crate) use trace::{ConnectionCounters, Stage};

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use ::http::{HeaderMap, Method, StatusCode, Version};
use bytes::Bytes;
use url::Url;

use crate::error::Error;

/// One request as it goes on the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes, without credentials and fragment.
    pub url: Url,
    /// All header fields but those that frame the message.
    pub headers: HeaderMap,
    /// The body, if there is one.
    pub body: Option<Bytes>,
    /// Not over a connection that was used before.
    pub is_fresh: bool,
}

/// Why there is no response.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// How the request may be sent again at once, when the server never worked on it as far as anybody can tell.
    pub repeat: Option<Repeat>,
}

/// How a request is sent again whose connection was gone, or not made for what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Over any connection, whatever the method: it was never sent, or the server says that it did not look at it.
    Unsent,
    /// Over any connection: a bad one is known to be bad by now.
    Pooled,
    /// Over a new one. The others may be as stale, and over HTTP/1.1 nobody knows before a request is lost.
    Fresh,
    /// Over one that takes longer heads, as all do from now on that go there. Of safe methods alone (RFC 9110 §9.2.1).
    LongHead,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            repeat: None,
        }
    }
}

/// The head of a response.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status code, 100 to 999.
    pub status: StatusCode,
    /// The version of HTTP that was spoken.
    pub version: Version,
    /// The reason phrase where it is another than the standard one. HTTP/2 has none.
    pub reason: Option<Bytes>,
    /// The header fields, names in lower case.
    pub headers: HeaderMap,
    /// The address at the other end of the connection: the server's, or the proxy's.
    pub remote: Option<IpAddr>,
}

/// Sends one request. It neither redirects nor retries nor decodes, and has no limit of time but that of connecting,
/// which the trace carries.
pub trait Transport: Send + Sync + 'static {
    /// The body of a response.
    type Body: BodyStream;

    /// Sends `request` and waits for the head of its response.
    fn send(
        &self,
        request: Request,
        trace: Arc<Trace>,
    ) -> impl Future<Output = Result<(Head, Self::Body), Failure>> + Send;

    /// How many requests of a run may be in flight at once, by what the machine allows.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// How many connections are open, as far as the system tells.
    fn open_connections(&self) -> usize {
        0
    }

    /// Closes the connections that nobody uses: the machine is out of descriptors or ports.
    fn close_idle(&self) {}
}

/// The bytes of a body as they come. Dropped before its end, it gives the connection up.
pub trait BodyStream: Send {
    /// The next piece, or `None` after the last one. A body that was cut is an error.
    fn next_piece(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;
}
