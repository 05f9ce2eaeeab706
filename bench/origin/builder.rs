//! How an origin serves, said by its caller.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};

use crate::address_certificates::AddressCertificates;
use crate::body::Body;
use crate::certificate::Certificate;
use crate::counters::Counters;
use crate::listen::Listeners;
use crate::origin::Origin;
use crate::server::{Handler, Protocols, Server};
use crate::tls::Tls;

/// Says how an origin serves. By default: plain, both protocols, no distance, counters of its own.
#[derive(Debug, Default)]
pub struct Builder {
    tls: Option<Tls>,
    protocols: Protocols,
    round_trip: Duration,
    counters: Arc<Counters>,
}

impl Builder {
    /// Serves over TLS, with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: &Certificate) -> Self {
        self.tls = Some(Tls::with_one(certificate));
        self
    }

    /// Serves over TLS, with the certificate of the address that a client connects to.
    #[must_use]
    pub fn tls_by_address(mut self, certificates: AddressCertificates) -> Self {
        self.tls = Some(Tls::by_address(certificates));
        self
    }

    /// Speaks these protocols only.
    #[must_use]
    pub fn protocols(mut self, protocols: Protocols) -> Self {
        self.protocols = protocols;
        self
    }

    /// Stands this round trip away from its clients: a request costs one, connecting another, and TLS 1.3 another.
    #[must_use]
    pub fn wide_area(mut self, round_trip: Duration) -> Self {
        self.round_trip = round_trip;
        self
    }

    /// Counts here, where others may count too.
    #[must_use]
    pub fn counters(mut self, counters: Arc<Counters>) -> Self {
        self.counters = counters;
        self
    }

    /// Serves on a thread of its own, until the origin is dropped.
    ///
    /// # Panics
    ///
    /// When the system gives no port or no thread.
    pub fn serve<H, F, B>(self, handler: H) -> Origin
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Into<Body>,
    {
        Origin::start(self, boxed(handler))
    }

    /// Serves on the current Tokio runtime, for as long as that lives.
    pub fn serve_on<H, F, B>(self, listeners: Listeners, handler: H)
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Into<Body>,
    {
        self.start(listeners, boxed(handler));
    }

    pub(crate) fn base(&self, port: u16) -> String {
        match self.tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        }
    }

    pub(crate) fn shared_counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    pub(crate) fn start(self, listeners: Listeners, handler: Handler) {
        let tls = self.tls.map(|mut tls| {
            tls.offer(self.protocols.alpn());
            tls
        });
        let server = Arc::new(Server {
            tls,
            protocols: self.protocols,
            round_trip: self.round_trip,
            counters: self.counters,
            handler,
        });
        for socket in listeners.sockets {
            tokio::spawn(Arc::clone(&server).accept_from(socket));
        }
    }
}

fn boxed<H, F, B>(handler: H) -> Handler
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Into<Body>,
{
    Box::new(move |request| {
        let response = handler(request);
        Box::pin(async move { response.await.map(Into::into) })
    })
}
