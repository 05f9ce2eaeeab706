//! reqwest, behind the trait. The only file that names it; everything that reqwest would decide by itself is off.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Version};
use hyper::body::Body as _;
use hyper::ext::ReasonPhrase;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::handshakes::{Handshakes, Line, Speaks};
use super::open::OpenConnections;
use super::proxies::Proxies;
use super::recent::RecentOrigins;
use super::resolver::{self, Resolver};
use super::trace::TraceLayer;
use super::upload::Upload;
use super::{
    BodyStream, Failure, Head, Repeat, Request, Trace, Transport, checks, fault, heads, public,
    tls, trace,
};
use crate::error::{Code, Error};
use crate::job::origin_key;
use crate::open_files;
use crate::options::{ConnectionOptions, Http2};

/// An origin that had a longer head is likely to have more of them.
const LONG_HEADS_REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// What an HTTP/2 stream may bring before it is read. This much of each waits in memory while bodies are held back.
const HTTP2_STREAM_WINDOW: u32 = 1 << 20;

/// The same for all streams of a connection, as much as there can be (RFC 9113 §6.9.1): those that are held back must not keep bytes
/// from the others.
const HTTP2_CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// The connections of one client, and how they are made.
#[derive(Debug)]
pub struct HttpTransport {
    pools: RwLock<Pools>,
    is_closing_idle: AtomicBool,
    /// Origins whose heads have more lines than usual, or may have, and that all go to over the same connections.
    long_heads: RecentOrigins,
    /// Makes a connection a request, over HTTP/1.
    unpooled: reqwest::Client,
    /// Origins whose kept connections must not be used: hyper keeps one with an ambiguous answer when it can find an end.
    ambiguous: RecentOrigins,
    handshakes: Handshakes,
    connector: Connector,
}

/// Clients that keep their connections. Exchanged as a whole to close those that are idle, for which there is no other way.
#[derive(Debug)]
struct Pools {
    /// For heads of the usual length.
    usual: reqwest::Client,
    /// For long ones; there is none until the first of them.
    long_heads: Option<reqwest::Client>,
}

/// The client for one request.
struct Choice {
    client: reqwest::Client,
    /// It may go on over a connection that another request has made.
    is_shared: bool,
    /// It takes as many lines of a head as we do.
    takes_long_heads: bool,
}

/// How the connections of one client are made.
#[derive(Clone, Debug)]
struct Connector {
    tls: rustls::ClientConfig,
    http2: Http2,
    lookup: Arc<Lookup>,
    local_address: Option<IpAddr>,
    unix_socket: Option<PathBuf>,
    keep_alive: Option<Duration>,
    http2_ping: Duration,
    open: Arc<OpenConnections>,
}

/// A body as it comes off the wire.
#[derive(Debug)]
pub struct HttpBody {
    body: reqwest::Body,
    is_http2: bool,
}

impl HttpTransport {
    pub(crate) fn new(options: &ConnectionOptions) -> Result<Self, Error> {
        let connector = Connector::new(options)?;
        Ok(Self {
            pools: RwLock::new(Pools::new(build(
                connector.pooled(heads::USUAL_HTTP1_LINES),
            )?)),
            is_closing_idle: AtomicBool::new(false),
            long_heads: RecentOrigins::new(LONG_HEADS_REMEMBERED),
            unpooled: build(connector.unpooled())?,
            ambiguous: RecentOrigins::new(options.keep_alive.unwrap_or(Duration::MAX)),
            handshakes: Handshakes::default(),
            connector,
        })
    }

    fn choose(&self, request: &Request) -> Result<Choice, Error> {
        let origin = origin_key(&request.url);
        if request.is_fresh || self.ambiguous.contains(origin) {
            return Ok(Choice {
                client: self.unpooled.clone(),
                is_shared: false,
                takes_long_heads: true,
            });
        }
        let takes_long_heads = self.expects_long_head(request);
        let usual = self.read_pools().client(takes_long_heads);
        Ok(Choice {
            client: match usual {
                Some(client) => client,
                None => self.begin_long_heads()?,
            },
            is_shared: self.connector.keeps_connections(),
            takes_long_heads,
        })
    }

    /// Whether the response may have a long head, as far as anybody knows before: what is not safe is sent once, and it would be too
    /// late to find out then.
    fn expects_long_head(&self, request: &Request) -> bool {
        let origin = origin_key(&request.url);
        if self.long_heads.contains(origin) {
            return true;
        }
        if request.method.is_safe() {
            return false;
        }
        match self.connector.speaks(&request.url) {
            Speaks::Unknown => {}
            known => return known == Speaks::Http1,
        }
        let speaks = self.handshakes.speaks(origin);
        if speaks == Speaks::Unknown {
            // Over HTTP/2 all share one connection: whoever comes later is to find this one.
            self.long_heads.add(origin);
        }
        speaks != Speaks::Http2
    }

    /// Where requests to `url` wait for each other's connections. Where HTTP/2 is known to be spoken, hyper sees to that itself.
    fn line(&self, url: &Url) -> Option<Arc<Line>> {
        match self.connector.speaks(url) {
            Speaks::Http2 => None,
            speaks => Some(self.handshakes.line(origin_key(url), speaks)),
        }
    }

    /// The client for long heads, which nobody needed so far.
    fn begin_long_heads(&self) -> Result<reqwest::Client, Error> {
        let client = build(self.connector.pooled(heads::MAX_HTTP1_LINES))?;
        let mut pools = self.write_pools();
        Ok(pools.long_heads.get_or_insert(client).clone())
    }

    /// `failure` at `url`, and how it is mended if the head had more lines than usual.
    fn expecting_long_heads(&self, url: Option<&Url>, failure: Failure) -> Failure {
        match url {
            Some(url) if failure.error.code == Code::HeadersTooLarge => {
                self.long_heads.add(origin_key(url));
                Failure {
                    repeat: Some(Repeat::LongHead),
                    ..failure
                }
            }
            _ => failure,
        }
    }

    /// Closes the connections of the pools that are idle. Requests under way hold theirs themselves.
    fn exchange_pools(&self, usual: reqwest::Client) {
        *self.write_pools() = Pools::new(usual);
    }

    fn read_pools(&self) -> RwLockReadGuard<'_, Pools> {
        self.pools.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_pools(&self) -> RwLockWriteGuard<'_, Pools> {
        self.pools.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pools {
    fn new(usual: reqwest::Client) -> Self {
        Self {
            usual,
            long_heads: None,
        }
    }

    /// `None` where it is still to be made.
    fn client(&self, takes_long_heads: bool) -> Option<reqwest::Client> {
        if takes_long_heads {
            self.long_heads.clone()
        } else {
            Some(self.usual.clone())
        }
    }
}

impl Connector {
    fn new(options: &ConnectionOptions) -> Result<Self, Error> {
        let proxies = checks::proxies(options)?;
        checks::refuse_unheeded(options, &proxies)?;
        let resolver = Resolver::new(options.dns_ttl, &options.dns_overrides)?;
        Ok(Self {
            tls: tls::config(options)?,
            http2: options.http2,
            lookup: Arc::new(Lookup {
                resolver,
                proxies,
                denies_private: options.deny_private_networks,
            }),
            local_address: options.local_address,
            unix_socket: options.unix_socket.clone(),
            keep_alive: options.keep_alive,
            http2_ping: options.http2_ping,
            open: Arc::new(OpenConnections::new(
                options.keep_alive.unwrap_or(Duration::MAX),
            )),
        })
    }

    /// Keeps connections for a while, and takes heads of so many lines.
    fn pooled(&self, max_lines: usize) -> reqwest::ClientBuilder {
        let builder = self.builder().http1_max_headers(max_lines);
        if self.keeps_connections() {
            builder.pool_idle_timeout(self.keep_alive)
        } else {
            builder.pool_max_idle_per_host(0)
        }
    }

    fn keeps_connections(&self) -> bool {
        self.keep_alive != Some(Duration::ZERO)
    }

    /// Makes a connection a request. Over HTTP/2 nothing would be gained, where there is a choice: there a connection that is gone
    /// is known to be.
    fn unpooled(&self) -> reqwest::ClientBuilder {
        let builder = self
            .builder()
            .pool_max_idle_per_host(0)
            .http1_max_headers(heads::MAX_HTTP1_LINES);
        if self.http2 == Http2::PriorKnowledge {
            return builder;
        }
        let mut http1_tls = self.tls.clone();
        http1_tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        builder.http1_only().tls_backend_preconfigured(http1_tls)
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::clone(&self.lookup))
            .connector_layer(TraceLayer::new(&self.open))
            .local_address(self.local_address)
            .http2_max_header_list_size(heads::MAX_HTTP2_SIZE)
            .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW)
            .http2_initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
            .http2_keep_alive_interval(self.http2_ping)
            .http2_keep_alive_timeout(self.http2_ping)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        let builder = match self.http2 {
            Http2::Negotiated => builder,
            Http2::Never => builder.http1_only(),
            Http2::PriorKnowledge => builder.http2_prior_knowledge(),
        };
        let builder = match &self.unix_socket {
            Some(path) => over_socket(builder, path),
            None => builder,
        };
        if self.lookup.proxies.is_empty() {
            return builder.no_proxy();
        }
        let lookup = Arc::clone(&self.lookup);
        builder.proxy(reqwest::Proxy::custom(move |url| {
            lookup.proxies.for_url(url).cloned()
        }))
    }

    /// What is spoken at `url`, where nobody needs to find it out.
    fn speaks(&self, url: &Url) -> Speaks {
        match self.http2 {
            Http2::PriorKnowledge => Speaks::Http2,
            Http2::Negotiated if url.scheme() == "https" => Speaks::Unknown,
            Http2::Negotiated | Http2::Never => Speaks::Http1,
        }
    }
}

#[cfg(unix)]
fn over_socket(builder: reqwest::ClientBuilder, path: &Path) -> reqwest::ClientBuilder {
    builder.unix_socket(path)
}

#[cfg(not(unix))]
fn over_socket(builder: reqwest::ClientBuilder, _path: &Path) -> reqwest::ClientBuilder {
    builder
}

/// The address of IPv6 that a URL has in place of a name.
fn bracketed(host: &str) -> Option<IpAddr> {
    let address = host.strip_prefix('[')?.strip_suffix(']')?;
    address.parse().ok()
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .build()
        .map_err(|error| Error::new(Code::Internal, format!("no client: {error}")))
}

impl Transport for HttpTransport {
    type Body = HttpBody;

    async fn send(&self, request: Request, trace: Arc<Trace>) -> Result<(Head, HttpBody), Failure> {
        if self.connector.lookup.denies_private {
            public::check_url(&request.url)?;
        }
        let choice = self.choose(&request)?;
        let line = choice.is_shared.then(|| self.line(&request.url)).flatten();
        let is_proxied = self
            .connector
            .lookup
            .proxies
            .for_url(&request.url)
            .is_some();
        let outgoing = outgoing(request, &trace);
        let sent = Arc::clone(&trace)
            .scope(line, choice.client.execute(outgoing))
            .await;
        let mut response = sent.map_err(|error| {
            let failure = failure(&error, &trace, is_proxied);
            if choice.takes_long_heads {
                failure
            } else {
                self.expecting_long_heads(error.url(), failure)
            }
        })?;
        let info: Option<&HttpInfo> = response.extensions().get();
        let remote = info.map(|info| info.remote_addr().ip());
        let local = info.map(HttpInfo::local_addr);
        trace.note_connection(local);
        if let Some(local) = local {
            self.connector.open.note(local);
        }
        if trace.has_own_connection() && open_files::are_scarce_after_one_more() {
            self.close_idle();
        }
        heads::check_size(response.version(), response.headers())?;
        if heads::has_ambiguous_end(response.headers()) {
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
            remote,
        };
        let is_http2 = head.version == Version::HTTP_2;
        let body = response.into();
        Ok((head, HttpBody { body, is_http2 }))
    }

    fn room(&self) -> usize {
        open_files::room()
    }

    fn open_connections(&self) -> usize {
        self.connector.open.count()
    }

    fn close_idle(&self) {
        if self.is_closing_idle.swap(true, Ordering::Relaxed) {
            return;
        }
        // It takes a while to make a new pool. Those who come meanwhile leave no connection behind.
        self.exchange_pools(self.unpooled.clone());
        if let Ok(client) = build(self.connector.pooled(heads::USUAL_HTTP1_LINES)) {
            self.exchange_pools(client);
        }
        self.is_closing_idle.store(false, Ordering::Relaxed);
    }
}

fn outgoing(request: Request, trace: &Arc<Trace>) -> reqwest::Request {
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    if let Some(body) = request.body.filter(|body| !body.is_empty()) {
        let upload = Upload::begin(body, Arc::clone(trace));
        *outgoing.body_mut() = Some(reqwest::Body::wrap(upload));
    } else if says_that_there_is_no_body(outgoing.method()) {
        outgoing
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    outgoing
}

/// As the fetch standard has it (HTTP-network-or-cache fetch): some servers want to be told.
fn says_that_there_is_no_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn failure(error: &reqwest::Error, trace: &Trace, is_proxied: bool) -> Failure {
    if error.is_builder() {
        // The grammar of HTTP is narrower than the URL standard's.
        let detail = "the URL has a character or a length that HTTP does not allow";
        return Error::new(Code::InvalidUrl, detail).into();
    }
    if error.is_connect() {
        let stage = if is_proxied {
            fault::Stage::ConnectThroughProxy
        } else {
            fault::Stage::Connect
        };
        return Failure {
            error: fault::at_addresses(fault::classify(error, stage), &trace.addresses()),
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

/// Names as one client looks them up, and whom else it may connect to.
#[derive(Debug)]
struct Lookup {
    resolver: Resolver,
    proxies: Proxies,
    denies_private: bool,
}

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        // So SOCKS asks for the address in a URL, which was checked when there was no name.
        if let Some(address) = bracketed(name.as_str()) {
            let addresses = [SocketAddr::new(address, 0)].into_iter();
            return Box::pin(async move { Ok(Box::new(addresses) as Addrs) });
        }
        let mut lookup = self.resolver.lookup(name.as_str());
        let is_proxy = self.proxies.hosts().any(|host| host == name.as_str());
        let denies_private = self.denies_private;
        Box::pin(async move {
            let begun = tokio::time::Instant::now();
            Trace::wait_in_line(resolver::wait_in_line(&mut lookup)).await;
            let addresses = resolver::answer(lookup).await;
            Trace::note_dns(begun.elapsed());
            let addresses = addresses.map_err(|error| {
                if is_proxy {
                    Error::new(Code::Proxy, format!("the proxy: {}", error.detail))
                } else {
                    error
                }
            })?;
            Trace::note_addresses(&addresses);
            if denies_private {
                public::check_all(&addresses)?;
            }
            // Port 0 stands for the port of the URL.
            let addresses = (0..addresses.len()).map(move |i| SocketAddr::new(addresses[i], 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
