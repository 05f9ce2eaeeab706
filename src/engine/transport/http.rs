//! reqwest, behind the trait. The only file that names it; everything that reqwest would decide by itself is off.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method};
use hyper::ext::ReasonPhrase;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::resolver::Resolver;
use super::trace::TraceLayer;
use super::{BodyStream, Head, Request, Trace, Transport, fault, tls};
use crate::error::{Code, Error};
use crate::options::ConnectionOptions;

/// Header lines of an HTTP/1 response, at most. Their bytes are limited by hyper's own buffer, to 400 KiB at least.
const MAX_HTTP1_LINES: usize = 1_000;

/// The whole head of an HTTP/2 response, at most.
const MAX_HTTP2_HEAD: u32 = 256 << 10;

/// The connections of one client, and how they are made.
#[derive(Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

/// A body as it comes off the wire.
#[derive(Debug)]
pub struct HttpBody(reqwest::Response);

impl HttpTransport {
    pub(crate) fn new(options: &ConnectionOptions) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(options)?)
            .dns_resolver(Arc::new(Lookup(Arc::new(Resolver::new(options.dns_ttl)))))
            .connector_layer(TraceLayer)
            .pool_idle_timeout(options.keep_alive)
            .http1_max_headers(MAX_HTTP1_LINES)
            .http2_max_header_list_size(MAX_HTTP2_HEAD)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .build()
            .map_err(|error| Error::new(Code::Internal, format!("no client: {error}")))?;
        Ok(Self { client })
    }
}

impl Transport for HttpTransport {
    type Body = HttpBody;

    async fn send(&self, request: Request, trace: Arc<Trace>) -> Result<(Head, HttpBody), Error> {
        let mut outgoing = reqwest::Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        if says_that_there_is_no_body(outgoing.method()) {
            outgoing
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let sent = trace.scope(self.client.execute(outgoing)).await;
        let mut response = sent.map_err(|error| not_sent(&error))?;
        check_framing(&response)?;
        let head = Head {
            status: response.status(),
            version: response.version(),
            reason: response
                .extensions_mut()
                .remove::<ReasonPhrase>()
                .map(|r| Bytes::copy_from_slice(r.as_bytes())),
            headers: std::mem::take(response.headers_mut()),
        };
        Ok((head, HttpBody(response)))
    }
}

/// As the fetch standard has it (HTTP-network-or-cache fetch): some servers want to be told.
fn says_that_there_is_no_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT)
}

fn not_sent(error: &reqwest::Error) -> Error {
    if error.is_builder() {
        // The grammar of HTTP is narrower than the URL standard's.
        return Error::new(
            Code::InvalidUrl,
            "the URL has a character or a length that HTTP does not allow",
        );
    }
    let stage = if error.is_connect() {
        fault::Stage::Connect
    } else {
        fault::Stage::Response
    };
    fault::classify(error, stage)
}

/// Where the body ends must be beyond doubt (RFC 9112 §6.1): a coding that is not understood, or a length beside the chunks,
/// may be an attack on those who share the connection, which is closed.
fn check_framing(response: &reqwest::Response) -> Result<(), Error> {
    let mut codings = response.headers().get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    if is_chunked && !response.headers().contains_key(CONTENT_LENGTH) {
        return Ok(());
    }
    Err(Error::new(
        Code::HttpParse,
        "the end of the response's body is ambiguous",
    ))
}

impl BodyStream for HttpBody {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.0
            .chunk()
            .await
            .map_err(|error| fault::classify(&error, fault::Stage::Body))
    }
}

struct Lookup(Arc<Resolver>);

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move {
            let begun = tokio::time::Instant::now();
            let addresses = resolver.resolve(name.as_str()).await;
            Trace::note_dns(begun.elapsed());
            let addresses = addresses?;
            // Port 0 stands for the port of the URL.
            let addresses = (0..addresses.len()).map(move |i| SocketAddr::new(addresses[i], 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
