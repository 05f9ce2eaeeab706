//! reqwest, behind the trait. The only file that names it; everything that reqwest would decide by itself is off.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Version};
use hyper::body::Body as _;
use hyper::ext::ReasonPhrase;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::recent::RecentOrigins;
use super::resolver::{self, Resolver};
use super::trace::TraceLayer;
use super::{BodyStream, Failure, Head, Request, Trace, Transport, fault, tls, trace};
use crate::error::{Code, Error};
use crate::job::origin_key;
use crate::open_files;
use crate::options::ConnectionOptions;

/// Header lines of an HTTP/1 response, at most.
const MAX_HTTP1_LINES: usize = 1_000;

/// Their bytes, at most. A head that does not end is stopped by hyper's own buffer, at 400 KiB at least.
const MAX_HTTP1_HEAD: usize = 128 << 10;

/// The whole head of an HTTP/2 response, at most.
const MAX_HTTP2_HEAD: u32 = 256 << 10;

/// The connections of one client, and how they are made.
#[derive(Debug)]
pub struct HttpTransport {
    /// Keeps its connections. Exchanged as a whole to close those that are idle, for which there is no other way.
    pooled: RwLock<reqwest::Client>,
    is_closing_idle: AtomicBool,
    /// Makes a connection a request, over HTTP/1.
    unpooled: reqwest::Client,
    /// Origins whose kept connections must not be used: hyper keeps one with an ambiguous answer when it can find an end.
    ambiguous: RecentOrigins,
    connector: Connector,
}

/// How the connections of one client are made.
#[derive(Clone, Debug)]
struct Connector {
    tls: rustls::ClientConfig,
    lookup: Arc<Lookup>,
    keep_alive: Duration,
    http2_ping: Duration,
}

/// A body as it comes off the wire.
#[derive(Debug)]
pub struct HttpBody {
    body: reqwest::Body,
    is_http2: bool,
}

impl HttpTransport {
    pub(crate) fn new(options: &ConnectionOptions) -> Result<Self, Error> {
        let connector = Connector {
            tls: tls::config(options)?,
            lookup: Arc::new(Lookup(Resolver::new(options.dns_ttl))),
            keep_alive: options.keep_alive,
            http2_ping: options.http2_ping,
        };
        // Over HTTP/2 nothing would be gained: there a connection that is gone is known to be.
        let mut http1_tls = connector.tls.clone();
        http1_tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let unpooled = connector.builder().http1_only().pool_max_idle_per_host(0);
        Ok(Self {
            pooled: RwLock::new(build(connector.builder())?),
            is_closing_idle: AtomicBool::new(false),
            unpooled: build(unpooled.tls_backend_preconfigured(http1_tls))?,
            ambiguous: RecentOrigins::new(options.keep_alive),
            connector,
        })
    }

    fn client(&self, request: &Request) -> reqwest::Client {
        if request.is_fresh || self.ambiguous.contains(origin_key(&request.url)) {
            return self.unpooled.clone();
        }
        self.pooled
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Closes the connections of the pool that are idle. Requests under way hold theirs themselves.
    fn exchange_pool(&self, client: reqwest::Client) {
        *self.pooled.write().unwrap_or_else(PoisonError::into_inner) = client;
    }
}

impl Connector {
    fn builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::clone(&self.lookup))
            .connector_layer(TraceLayer)
            .pool_idle_timeout(self.keep_alive)
            .http1_max_headers(MAX_HTTP1_LINES)
            .http2_max_header_list_size(MAX_HTTP2_HEAD)
            .http2_keep_alive_interval(self.http2_ping)
            .http2_keep_alive_timeout(self.http2_ping)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .build()
        .map_err(|error| Error::new(Code::Internal, format!("no client: {error}")))
}

impl Transport for HttpTransport {
    type Body = HttpBody;

    async fn send(&self, request: Request, trace: Arc<Trace>) -> Result<(Head, HttpBody), Failure> {
        let client = self.client(&request);
        let mut outgoing = reqwest::Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        if says_that_there_is_no_body(outgoing.method()) {
            outgoing
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let sent = Arc::clone(&trace).scope(client.execute(outgoing)).await;
        let mut response = sent.map_err(|error| failure(&error, &trace))?;
        let info: Option<&HttpInfo> = response.extensions().get();
        trace.note_connection(info.map(HttpInfo::local_addr));
        if trace.has_own_connection() && open_files::are_scarce_after_one_more() {
            self.close_idle();
        }
        check_size(&response)?;
        if has_ambiguous_end(&response) {
            self.ambiguous.add(origin_key(response.url()));
            let detail = "the end of the response's body is ambiguous";
            return Err(Error::new(Code::HttpParse, detail).into());
        }
        let head = Head {
            status: response.status(),
            version: response.version(),
            reason: response
                .extensions_mut()
                .remove::<ReasonPhrase>()
                .map(|r| Bytes::copy_from_slice(r.as_bytes())),
            headers: std::mem::take(response.headers_mut()),
        };
        let is_http2 = head.version == Version::HTTP_2;
        let body = response.into();
        Ok((head, HttpBody { body, is_http2 }))
    }

    fn room(&self) -> usize {
        open_files::room()
    }

    fn close_idle(&self) {
        if self.is_closing_idle.swap(true, Ordering::Relaxed) {
            return;
        }
        // It takes a while to make a new pool. Those who come meanwhile leave no connection behind.
        self.exchange_pool(self.unpooled.clone());
        if let Ok(client) = build(self.connector.builder()) {
            self.exchange_pool(client);
        }
        self.is_closing_idle.store(false, Ordering::Relaxed);
    }
}

/// As the fetch standard has it (HTTP-network-or-cache fetch): some servers want to be told.
fn says_that_there_is_no_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT)
}

fn failure(error: &reqwest::Error, trace: &Trace) -> Failure {
    if error.is_builder() {
        // The grammar of HTTP is narrower than the URL standard's.
        let detail = "the URL has a character or a length that HTTP does not allow";
        return Error::new(Code::InvalidUrl, detail).into();
    }
    if error.is_connect() {
        return Failure {
            error: fault::classify(error, fault::Stage::Connect),
            repeat: fault::repeat_unconnected(error),
        };
    }
    let connection = fault::connection_of(error);
    trace.note_connection(connection.and_then(trace::ends).map(|(local, _)| local));
    Failure {
        error: fault::classify(error, fault::Stage::Response),
        repeat: fault::repeat(
            error,
            trace.has_own_connection(),
            connection.is_some_and(Connected::is_negotiated_h2),
        ),
    }
}

/// The names are in the map for each of their values, as they were in the head.
fn check_size(response: &reqwest::Response) -> Result<(), Error> {
    const AROUND: usize = ": \r\n".len();
    let fields = response.headers().iter();
    let size: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len() + AROUND)
        .sum();
    // HTTP/2 has a limit of its own, which h2 holds.
    if size > MAX_HTTP1_HEAD && response.version() <= Version::HTTP_11 {
        let detail = "the head of the response is too large";
        return Err(Error::new(Code::HeadersTooLarge, detail));
    }
    Ok(())
}

/// Where the body ends must be beyond doubt (RFC 9112 §6.1): a coding that is not understood, or a length beside the chunks,
/// may be an attack on those who share the connection.
fn has_ambiguous_end(response: &reqwest::Response) -> bool {
    let mut codings = response.headers().get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return false;
    };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    !is_chunked || response.headers().contains_key(CONTENT_LENGTH)
}

impl BodyStream for HttpBody {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|error| fault::classify(&error, fault::Stage::Body))?;
            // Trailers are passed over.
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
        // hyper takes a reset with NO_ERROR for the end, wherever it comes.
        if self.is_http2 && !self.body.is_end_stream() {
            let detail = "HTTP/2: the stream was reset before the body's end";
            return Err(Error::new(Code::BodyTruncated, detail));
        }
        Ok(None)
    }
}

#[derive(Debug)]
struct Lookup(Resolver);

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let mut lookup = self.0.lookup(name.as_str());
        Box::pin(async move {
            let begun = tokio::time::Instant::now();
            Trace::wait_in_line(resolver::wait_in_line(&mut lookup)).await;
            let addresses = resolver::answer(lookup).await;
            Trace::note_dns(begun.elapsed());
            let addresses = addresses?;
            // Port 0 stands for the port of the URL.
            let addresses = (0..addresses.len()).map(move |i| SocketAddr::new(addresses[i], 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
