//! Serving on the current Tokio runtime: from an accepted connection to its last response.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder as Http;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::body::Body;
use crate::counters::Counters;
use crate::tls::Tls;
use crate::wide_area::stretch;

/// What a server speaks: by ALPN over TLS, and without it by what the client sends first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 and HTTP/1.0.
    Http1,
    /// HTTP/2.
    Http2,
    /// Whichever the client chooses.
    #[default]
    Both,
}

impl Protocols {
    pub(crate) fn alpn(self) -> &'static [&'static [u8]] {
        match self {
            Self::Http1 => &[b"http/1.1"],
            Self::Http2 => &[b"h2"],
            Self::Both => &[b"h2", b"http/1.1"],
        }
    }
}

/// How long to wait when a connection cannot be accepted: the usual reason is too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Boxed, so that hyper's machinery is compiled once and not for every test's closure.
pub(crate) type Handler = Box<
    dyn Fn(Request<Incoming>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send + Sync,
>;

/// What every connection of a server shares.
pub(crate) struct Server {
    pub(crate) tls: Option<Tls>,
    pub(crate) protocols: Protocols,
    pub(crate) round_trip: Duration,
    pub(crate) counters: Arc<Counters>,
    pub(crate) handler: Handler,
}

impl Server {
    pub(crate) async fn accept_from(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((socket, peer)) if peer.ip().is_loopback() => {
                    tokio::spawn(Arc::clone(&self).connected(socket));
                }
                Ok(_stranger) => {}
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    async fn connected(self: Arc<Self>, socket: TcpStream) {
        let _open = self.counters.connection();
        // A socket that refuses is one whose client is gone, which reading from it will say.
        let _ = socket.set_nodelay(true);
        let Ok(address) = socket.local_addr() else {
            return;
        };
        let tls = self.tls.as_ref().map(|tls| tls.acceptor(address.ip()));
        if self.round_trip.is_zero() {
            self.secure(socket, tls).await;
        } else {
            let near = stretch(socket, self.round_trip);
            self.secure(near, tls).await;
        }
    }

    async fn secure<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: Arc<Self>,
        stream: S,
        tls: Option<TlsAcceptor>,
    ) {
        let Some(tls) = tls else {
            let protocols = self.protocols;
            return self.converse(stream, protocols).await;
        };
        // A client that does not trust the certificate is no concern of the server's.
        let Ok(stream) = tls.accept(stream).await else {
            return;
        };
        let protocols = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Protocols::Http2,
            Some(_) => Protocols::Http1,
            None => self.protocols,
        };
        self.converse(stream, protocols).await;
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: Arc<Self>,
        stream: S,
        protocols: Protocols,
    ) {
        let service = service_fn(move |request| Arc::clone(&self).answer(request));
        // Clients come and go as they like: an error here is theirs.
        let _ = http(protocols)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let in_flight = self.counters.request(request.version());
        let response = (self.handler)(request).await;
        Ok(response.map(|body| body.counted(in_flight)))
    }
}

fn http(protocols: Protocols) -> Http<TokioExecutor> {
    let http = Http::new(TokioExecutor::new());
    match protocols {
        Protocols::Http1 => http.http1_only(),
        Protocols::Http2 => http.http2_only(),
        Protocols::Both => http,
    }
}
