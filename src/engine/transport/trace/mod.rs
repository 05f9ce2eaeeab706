//! What happens on the way of one request: how long the name and the connection take, whether there was one already, and how
//! far the body has gone.
//! The connector runs inside the request's own task, which is how it finds the request that asked for it.

mod connector;

pub(super) use connector::TraceLayer;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Extensions;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};
use tokio::time::Instant;

use super::handshakes::Line;

tokio::task_local! {
    static CURRENT: Arc<Trace>;
    /// Where the request waits before it connects, if it does.
    static LINE: Option<Arc<Line>>;
}

/// Connections of one run, which are its client's too.
#[derive(Debug, Default)]
pub(crate) struct ConnectionCounters {
    /// Those established.
    pub(crate) opened: AtomicU64,
    /// Requests that went over a connection that was there.
    pub(crate) reused: AtomicU64,
    client: Option<Arc<ConnectionCounters>>,
}

impl ConnectionCounters {
    /// Those of a run of the client with these.
    pub(crate) fn of(client: &Arc<Self>) -> Self {
        Self {
            client: Some(Arc::clone(client)),
            ..Self::default()
        }
    }

    pub(super) fn count_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        if let Some(client) = &self.client {
            client.count_opened();
        }
    }

    fn count_reused(&self) {
        self.reused.fetch_add(1, Ordering::Relaxed);
        if let Some(client) = &self.client {
            client.count_reused();
        }
    }
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
            self.counters.count_reused();
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
