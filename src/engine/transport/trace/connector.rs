//! Makes a connection for the request that asked for it: in its turn, within its limit of time, and on its record.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::Connection;
use tokio::time::{Instant, timeout_at};
use tower_layer::Layer;
use tower_service::Service;

use super::{CURRENT, LINE, Made, Trace, ends};
use crate::error::{Code, Error, Phase};
use crate::transport::handshakes::Line;
use crate::transport::open::OpenConnections;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Trace {
    async fn connect<T: Connection>(
        self: Arc<Self>,
        line: Option<Arc<Line>>,
        connecting: impl Future<Output = Result<T, BoxError>>,
        open: Arc<OpenConnections>,
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
        self.counters.count_opened();
        if let Some((local, _)) = ends {
            open.note(local);
        }
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
        let Some(turn) = turn else {
            wanting.served();
            let detail = "another connection came free";
            return Err(Error::new(Code::ConnectionAborted, detail).into());
        };
        let mut connecting = std::pin::pin!(connecting);
        let connected = self.while_current(connecting.as_mut()).await;
        let connected = if let Some(connected) = connected {
            connected
        } else {
            // It goes on for whoever comes next.
            wanting.served();
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
#[derive(Clone, Debug)]
pub(in crate::transport) struct TraceLayer(Arc<OpenConnections>);

impl TraceLayer {
    /// What is connected is noted in `open`.
    pub(in crate::transport) fn new(open: &Arc<OpenConnections>) -> Self {
        Self(Arc::clone(open))
    }
}

/// A connector that reports to the request that asked for the connection.
///
/// hyper clones its connector several times a request, whether it connects or not. The one inside is boxed more than once, and is
/// cloned only to connect.
#[derive(Debug)]
pub(in crate::transport) struct TracedConnector<S> {
    connector: Arc<S>,
    open: Arc<OpenConnections>,
}

impl<S> Clone for TracedConnector<S> {
    fn clone(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
            open: Arc::clone(&self.open),
        }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TracedConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        TracedConnector {
            connector: Arc::new(connector),
            open: Arc::clone(&self.0),
        }
    }
}

impl<S, D> Service<D> for TracedConnector<S>
where
    D: Send + 'static,
    S: Service<D, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Response: Connection + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The clone that connects is asked itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: D) -> Self::Future {
        let mut connector = S::clone(&self.connector);
        let connecting = async move {
            poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(destination).await
        };
        let line = LINE.try_with(Clone::clone).ok().flatten();
        match CURRENT.try_with(Arc::clone) {
            Ok(trace) => {
                let open = Arc::clone(&self.open);
                Box::pin(trace.connect(line, connecting, open))
            }
            Err(_) => Box::pin(connecting),
        }
    }
}
