//! The three servers, their connections, and the record of what they were asked and what they did.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use http::Method;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::plan::{self, Cut, Deal, Protocol};
use super::{http1, http2};
use crate::certificates::trusted_acceptor;

/// A client that does not close what was closed to it is not waited for longer than this.
const LINGER: Duration = Duration::from_secs(30);

/// The servers.
pub(super) struct Site {
    pub(super) ca: String,
    pub(super) seed: u64,
    /// Scheme, host and port of each, in the order of [`Protocol::ALL`].
    pub(super) origins: [String; 3],
    record: Mutex<Record>,
    /// Connections that are open on this side.
    pub(super) open: watch::Sender<usize>,
    /// Requests that were read.
    pub(super) asked: watch::Sender<usize>,
}

type Record = HashMap<(Protocol, String), Vec<Sight>>;

/// One request that a server read.
pub(super) struct Sight {
    pub(super) method: Method,
    pub(super) deal: Deal,
    pub(super) connection: Arc<Connection>,
}

/// What the check has to know about a connection, and its socket about the end.
#[derive(Default)]
pub(super) struct Connection {
    spoiled: AtomicBool,
    retires: AtomicBool,
    resets: AtomicBool,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing but what was dealt to the requests on it.
    Bears,
    /// It went away when it had answered.
    Retires,
    /// It broke off.
    Spoiled,
}

impl Connection {
    /// Notes, before it happens, that it breaks off in a way that answers to others on it may not survive.
    pub(super) fn spoil(&self) {
        self.spoiled.store(true, Ordering::SeqCst);
    }

    /// Notes, before it happens, that it takes no further requests, and answers those that it has.
    pub(super) fn retire(&self) {
        self.retires.store(true, Ordering::SeqCst);
    }

    pub(super) fn fate(&self) -> Fate {
        if self.spoiled.load(Ordering::SeqCst) {
            Fate::Spoiled
        } else if self.retires.load(Ordering::SeqCst) {
            Fate::Retires
        } else {
            Fate::Bears
        }
    }

    /// It will end with a reset.
    pub(super) fn reset_at_end(&self) {
        self.resets.store(true, Ordering::SeqCst);
    }
}

impl Site {
    pub(super) async fn open(seed: u64) -> Arc<Self> {
        let (acceptor, ca) = trusted_acceptor();
        let mut config = (**acceptor.config()).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptors = [
            None,
            Some(acceptor),
            Some(TlsAcceptor::from(Arc::new(config))),
        ];
        let mut listeners = Vec::new();
        let mut origins = [const { String::new() }; 3];
        for (origin, acceptor) in origins.iter_mut().zip(&acceptors) {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port is free");
            let port = listener.local_addr().expect("it listens").port();
            *origin = match acceptor {
                None => format!("http://127.0.0.1:{port}"),
                Some(_) => format!("https://localhost:{port}"),
            };
            listeners.push(listener);
        }
        let site = Arc::new(Self {
            ca,
            seed,
            origins,
            record: Mutex::default(),
            open: watch::Sender::new(0),
            asked: watch::Sender::new(0),
        });
        for ((protocol, listener), acceptor) in
            Protocol::ALL.into_iter().zip(listeners).zip(acceptors)
        {
            tokio::spawn(listen(Arc::clone(&site), protocol, listener, acceptor));
        }
        site
    }

    /// The servers' own record, which every round begins anew.
    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and says what to do with it.
    pub(super) fn take(
        &self,
        protocol: Protocol,
        method: Method,
        path: &str,
        connection: &Arc<Connection>,
    ) -> (Deal, Rng) {
        let decided = {
            let mut record = self.record();
            let sights = record.entry((protocol, path.to_owned())).or_default();
            let decided = plan::deal(protocol, path, sights.len());
            sights.push(Sight {
                method,
                deal: decided.0,
                connection: Arc::clone(connection),
            });
            decided
        };
        self.asked.send_modify(|asked| *asked += 1);
        decided
    }

    pub(super) fn location(&self, deal: Deal, path: &str, rng: &mut Rng) -> String {
        match deal {
            Deal::Redirect if rng.bool() => format!(
                "{}{path}/to",
                rng.choice(&self.origins).expect("there are three")
            ),
            Deal::Redirect => format!("{path}/to"),
            Deal::Loop if path.ends_with(plan::LOOP) => path.to_owned(),
            Deal::Loop => format!("{path}{}", plan::LOOP),
            Deal::RedirectToNobody => "http://127.0.0.1:1/".to_owned(),
            _ => "http://[::1".to_owned(),
        }
    }
}

async fn listen(
    site: Arc<Site>,
    protocol: Protocol,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
) {
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        let cut = plan::cut(protocol, site.seed, number);
        let stream = Fused::new(stream, cut, Open::new(&site));
        tokio::spawn(attend(
            Arc::clone(&site),
            protocol,
            stream,
            number,
            acceptor.clone(),
        ));
    }
}

async fn attend(
    site: Arc<Site>,
    protocol: Protocol,
    stream: Fused,
    number: u64,
    acceptor: Option<TlsAcceptor>,
) {
    if stream.left == Some(0) {
        return;
    }
    let connection = Arc::clone(&stream.connection);
    let Some(acceptor) = acceptor else {
        return http1::serve(stream, &site, protocol, &connection).await;
    };
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    if protocol == Protocol::Http2 {
        let most = plan::streams(site.seed, number);
        http2::serve(stream, site, connection, most).await;
    } else {
        http1::serve(stream, &site, protocol, &connection).await;
    }
}

/// Counts itself among the open connections.
struct Open(Arc<Site>);

impl Open {
    fn new(site: &Arc<Site>) -> Self {
        site.open.send_modify(|open| *open += 1);
        Self(Arc::clone(site))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

/// A socket that breaks after its share of bytes, and that ends as its connection says.
pub(super) struct Fused {
    /// With its place among the open connections, until it is dropped.
    stream: Option<(TcpStream, Open)>,
    connection: Arc<Connection>,
    left: Option<u64>,
    resets: bool,
}

impl Fused {
    fn new(stream: TcpStream, cut: Option<Cut>, open: Open) -> Self {
        stream.set_nodelay(true).expect("it is open");
        let connection = Arc::<Connection>::default();
        if cut.is_some_and(|cut| cut.after == 0 && cut.resets) {
            connection.reset_at_end();
        }
        Self {
            stream: Some((stream, open)),
            connection,
            left: cut.map(|cut| cut.after),
            resets: cut.is_some_and(|cut| cut.resets),
        }
    }

    fn stream(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(
            &mut self
                .stream
                .as_mut()
                .expect("it is taken only by the drop")
                .0,
        )
    }

    fn blow(&self) -> io::Error {
        self.connection.spoil();
        if self.resets {
            self.connection.reset_at_end();
        }
        io::ErrorKind::ConnectionReset.into()
    }
}

impl AsyncRead for Fused {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl AsyncWrite for Fused {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(left) = self.left else {
            return self.stream().poll_write(context, bytes);
        };
        if left == 0 {
            return Poll::Ready(Err(self.blow()));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let written = std::task::ready!(self.stream().poll_write(context, &bytes[..most]))?;
        self.left = Some(left - written as u64);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

impl Drop for Fused {
    fn drop(&mut self) {
        let Some((mut stream, open)) = self.stream.take() else {
            return;
        };
        if self.connection.resets.load(Ordering::SeqCst) {
            // It can fail only where the other side has reset it already.
            let _ = stream.set_zero_linger();
            return;
        }
        // Closed with bytes unread, the kernel would send a reset, and that may overtake the last answer.
        tokio::spawn(async move {
            let _ = stream.shutdown().await;
            let mut rest = [0; 4096];
            let _ = timeout(LINGER, async {
                while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            })
            .await;
            drop(stream);
            drop(open);
        });
    }
}
