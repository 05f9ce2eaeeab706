//! What happens on the way of one request: how long the name and the connection take, whether there was one already, and how
//! far the body has gone.
//! The connector runs inside the request's own task, which is how it finds the request that asked for it.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Extensions;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};
use tokio::time::{Instant, timeout_at};
use tower_layer::Layer;
use tower_service::Service;

use super::handshakes::Line;
use crate::error::{Code, Error, Phase};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    static CURRENT: Arc<Trace>;
    /// Where the request waits before it connects, if it does.
    static LINE: Option<Arc<Line>>;
}

/// Connections of one run.
#[derive(Debug, Default)]
pub(crate) struct ConnectionCounters {
    /// Those established.
    pub(crate) opened: AtomicU64,
    /// Requests that went over a connection that was there.
    pub(crate) reused: AtomicU64,
}

/// The way of one request, written by the connector and read by the download loop.
#[derive(Debug)]
pub struct Trace {
    begun: Instant,
    connect_limit: Option<Duration>,
    counters: Arc<ConnectionCounters>,
    connect: Mutex<Connect>,
    upload: Mutex<Option<Upload>>,
}

/// How far the body of the request has gone.
#[derive(Clone, Copy, Debug)]
struct Upload {
    /// When the last piece was handed over.
    at: Instant,
    /// There are more.
    goes_on: bool,
}

/// What the request waits for, and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    /// Its connection.
    Connecting,
    /// That the next piece of its body can be sent.
    Sending(Instant),
    /// The head of the response.
    Waiting(Instant),
}

#[derive(Debug, Default)]
struct Connect {
    /// Set while the connector works for this request, also in the background.
    begun: Option<Instant>,
    dns: Duration,
    /// What the name was found to be.
    addresses: Arc<[IpAddr]>,
    /// How long, and since when, it waits for others' name lookups.
    in_line: Duration,
    in_line_since: Option<Instant>,
    /// When this request stopped waiting for it: it ended, well or not, or a connection that came free was taken instead.
    ended: Option<Instant>,
    /// The connection that was made for this request.
    made: Option<Made>,
    /// The request went over the connection that was made for it.
    is_own: bool,
}

/// A connection, by what tells it from others: its local address. Those without one cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    local: Option<SocketAddr>,
}

/// The times of one request and its response head.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) dns: Duration,
    pub(crate) connect: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) reused: bool,
}

impl Trace {
    pub(crate) fn begin(
        connect_limit: Option<Duration>,
        counters: Arc<ConnectionCounters>,
    ) -> Arc<Self> {
        let connect = Mutex::default();
        Arc::new(Self {
            begun: Instant::now(),
            connect_limit,
            counters,
            connect,
            upload: Mutex::default(),
        })
    }

    /// Runs `future` as this request: what connects inside of it is written here, and waits in `line`.
    pub(super) async fn scope<F: Future>(
        self: Arc<Self>,
        line: Option<Arc<Line>>,
        future: F,
    ) -> F::Output {
        LINE.scope(line, CURRENT.scope(self, future)).await
    }

    /// What the request waits for now.
    pub(crate) fn stage(&self) -> Stage {
        let connect = self.lock();
        let connected = match (connect.begun, connect.ended) {
            (None, _) => self.begun,
            (Some(_), Some(ended)) => ended,
            (Some(_), None) => return Stage::Connecting,
        };
        drop(connect);
        match *self.upload.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Stage::Waiting(connected),
            Some(upload) if upload.goes_on => Stage::Sending(upload.at.max(connected)),
            Some(upload) => Stage::Waiting(upload.at.max(connected)),
        }
    }

    /// A piece of the body was handed over, or none yet; `goes_on` says whether there are more.
    pub(super) fn note_upload(&self, goes_on: bool) {
        let at = Instant::now();
        let mut upload = self.upload.lock().unwrap_or_else(PoisonError::into_inner);
        *upload = Some(Upload { at, goes_on });
    }

    /// The request went over the connection with this local address. The pool may have given it another than the one that was
    /// made for it, and gives no word of that.
    pub(super) fn note_connection(&self, local: Option<SocketAddr>) {
        let mut connect = self.lock();
        connect.is_own = connect.made == Some(Made { local });
    }

    /// A connection was made for this request, and it went over it.
    pub(super) fn has_own_connection(&self) -> bool {
        self.lock().is_own
    }

    /// The times, now that the request has been answered or has failed.
    pub(crate) fn finish(&self, answered: bool) -> Exchange {
        let connect = self.lock();
        let now = Instant::now();
        let is_own = connect.is_own || !answered;
        if let (Some(begun), true) = (connect.begun, is_own) {
            let ended = connect.ended.unwrap_or(now);
            return Exchange {
                dns: connect.dns,
                connect: (ended - begun).saturating_sub(connect.dns),
                first_byte: now - ended,
                reused: false,
            };
        }
        if answered {
            self.counters.reused.fetch_add(1, Ordering::Relaxed);
        }
        Exchange {
            first_byte: now - self.begun,
            reused: answered,
            ..Exchange::default()
        }
    }

    /// Adds the time of a name lookup to the request that waits for it.
    pub(super) fn note_dns(took: Duration) {
        let _ = CURRENT.try_with(|trace| trace.lock().dns += took);
    }

    /// Says to the request that waits for a name what it was found to be.
    pub(super) fn note_addresses(addresses: &Arc<[IpAddr]>) {
        let _ = CURRENT.try_with(|trace| trace.lock().addresses = Arc::clone(addresses));
    }

    /// What the name was found to be: nothing, if none was looked up.
    pub(super) fn addresses(&self) -> Arc<[IpAddr]> {
        Arc::clone(&self.lock().addresses)
    }

    /// Waits for a turn that others have to give. The limit of connecting stands still meanwhile.
    pub(super) async fn wait_in_line(turn: impl Future<Output = ()>) {
        // The pool may finish this in a task of its own, where no request is the current one.
        let trace = CURRENT.try_with(Arc::clone).ok();
        if let Some(trace) = &trace {
            trace.lock().in_line_since = Some(Instant::now());
        }
        turn.await;
        if let Some(trace) = &trace {
            let mut connect = trace.lock();
            if let Some(since) = connect.in_line_since.take() {
                connect.in_line += since.elapsed();
            }
        }
    }

    /// How long it has waited in line so far.
    fn in_line(&self) -> Duration {
        let connect = self.lock();
        let now = connect.in_line_since.map(|since| since.elapsed());
        connect.in_line + now.unwrap_or_default()
    }

    async fn connect<T: Connection>(
        self: Arc<Self>,
        line: Option<Arc<Line>>,
        connecting: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let under_way = UnderWay::begin(&self);
        let connecting = self.in_turn(line.as_deref(), connecting);
        let mut connecting = std::pin::pin!(self.within_limit(connecting));
        let result = poll_fn(|context| {
            under_way.note_task();
            connecting.as_mut().poll(context)
        })
        .await;
        let connection = result?;
        let ends = ends(&connection.connected());
        if ends.is_some_and(|(local, remote)| local == remote) {
            return Err(connected_to_itself().into());
        }
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        self.lock().made = Some(Made {
            local: ends.map(|(local, _)| local),
        });
        Ok(connection)
    }

    /// Connects when it is this request's turn in `line`, unless it has got another connection meanwhile.
    async fn in_turn<T: Connection>(
        &self,
        line: Option<&Line>,
        connecting: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let Some(line) = line else {
            return connecting.await;
        };
        let wanting = line.join();
        let mut turn = None;
        Self::wait_in_line(async { turn = self.while_current(wanting.turn()).await }).await;
        let turn = turn
            .ok_or_else(|| Error::new(Code::ConnectionAborted, "another connection came free"))?;
        let mut connecting = std::pin::pin!(connecting);
        let connected = self.while_current(connecting.as_mut()).await;
        let connected = if let Some(connected) = connected {
            connected
        } else {
            // It goes on for whoever comes next.
            drop(wanting);
            connecting.await
        };
        match connected {
            Ok(connection) => {
                turn.made(connection.connected().is_negotiated_h2());
                Ok(connection)
            }
            Err(error) => {
                turn.failed();
                Err(error)
            }
        }
    }

    /// Waits for `future` as long as it is this request that waits.
    async fn while_current<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        poll_fn(|context| {
            if self.is_current() {
                future.as_mut().poll(context).map(Some)
            } else {
                Poll::Ready(None)
            }
        })
        .await
    }

    async fn within_limit<T>(
        &self,
        connecting: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let begun = Instant::now();
        let mut connecting = std::pin::pin!(connecting);
        loop {
            let in_line = self.in_line();
            let limit = self.connect_limit;
            let Some((limit, until)) = limit
                .and_then(|limit| Some((limit, begun.checked_add(limit.checked_add(in_line)?)?)))
            else {
                return connecting.await;
            };
            match timeout_at(until, connecting.as_mut()).await {
                Ok(connected) => return connected,
                Err(_) if self.in_line() > in_line => {}
                Err(_) => return Err(Error::timed_out(Phase::Connect, limit).into()),
            }
        }
    }

    /// A connection that lost against one that came free is completed in a task of the pool's.
    fn is_current(&self) -> bool {
        CURRENT
            .try_with(|current| std::ptr::eq(&raw const **current, self))
            .unwrap_or(false)
    }

    fn lock(&self) -> MutexGuard<'_, Connect> {
        self.connect.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The local and the remote address of a connection.
pub(super) fn ends(connection: &Connected) -> Option<(SocketAddr, SocketAddr)> {
    let mut extras = Extensions::new();
    connection.get_extras(&mut extras);
    let info: &HttpInfo = extras.get()?;
    Some((info.local_addr(), info.remote_addr()))
}

/// Where nobody listens at a port that the system gives out to clients, it may be given to this one, which TCP then connects
/// with itself (RFC 9293 §3.5, simultaneous open).
fn connected_to_itself() -> Error {
    Error::new(Code::ConnectionRefused, "nobody listens there")
}

/// Marks the time of connecting, also when it is given up.
struct UnderWay<'a>(&'a Trace);

impl<'a> UnderWay<'a> {
    fn begin(trace: &'a Trace) -> Self {
        let mut connect = trace.lock();
        connect.begun = Some(Instant::now());
        connect.ended = None;
        Self(trace)
    }
}

impl UnderWay<'_> {
    /// Whoever runs this in the background, it is not the request any more.
    fn note_task(&self) {
        if !self.0.is_current() {
            self.end();
        }
    }

    fn end(&self) {
        self.0.lock().ended.get_or_insert_with(Instant::now);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Wraps a connector so that it reports to the request that asked for the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceLayer;

/// A connector that reports to the request that asked for the connection.
#[derive(Clone, Debug)]
pub(super) struct TracedConnector<S>(S);

impl<S> Layer<S> for TraceLayer {
    type Service = TracedConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        TracedConnector(connector)
    }
}

impl<S, D> Service<D> for TracedConnector<S>
where
    S: Service<D, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Connection + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, destination: D) -> Self::Future {
        let connecting = self.0.call(destination);
        let line = LINE.try_with(Clone::clone).ok().flatten();
        match CURRENT.try_with(Arc::clone) {
            Ok(trace) => Box::pin(trace.connect(line, connecting)),
            Err(_) => Box::pin(connecting),
        }
    }
}
