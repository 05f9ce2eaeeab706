//! The limits of time of one attempt, held where it waits. Which of two passes first decides what the error says.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Phase};
use crate::options::Timeouts;
use crate::transport::Trace;

/// The limits of one attempt that has begun.
#[derive(Debug)]
pub(crate) struct Deadlines {
    timeouts: Timeouts,
    /// When the limit for the whole attempt passes.
    whole: Option<Instant>,
}

/// A limit, and the instant at which it passes.
type Due = (Instant, Phase, Duration);

impl Deadlines {
    /// Begins an attempt, or goes on with one of whose time `spent` is used up.
    pub(crate) fn begin(timeouts: Timeouts, spent: Duration) -> Self {
        let left = timeouts.request.map(|limit| limit.saturating_sub(spent));
        let whole = left.and_then(|left| Instant::now().checked_add(left));
        Self { timeouts, whole }
    }

    /// The limit of connecting, which the connector holds.
    pub(crate) fn connect(&self) -> Option<Duration> {
        self.timeouts.connect
    }

    /// Holds `sent` to the limit of the response, which does not run while the connection is being made.
    pub(crate) async fn hold_response<F: Future>(
        &self,
        sent: F,
        trace: &Trace,
    ) -> Result<F::Output, Error> {
        let mut sent = std::pin::pin!(sent);
        let mut since = Instant::now();
        loop {
            let due = due(since, Phase::Response, self.timeouts.response);
            let passed = match self.hold(due, sent.as_mut()).await {
                Err(error) if error.phase == Some(Phase::Response) => error,
                done => return done,
            };
            // Still connecting, or connected meanwhile: the limit begins there.
            since = trace.waiting_since().unwrap_or_else(Instant::now);
            let next = self
                .timeouts
                .response
                .and_then(|limit| since.checked_add(limit));
            if next.is_none_or(|next| next <= Instant::now()) {
                return Err(passed);
            }
        }
    }

    /// Holds the wait for a piece of a body to the limit of silence.
    pub(crate) async fn hold_piece<F: Future>(&self, piece: F) -> Result<F::Output, Error> {
        self.hold(due(Instant::now(), Phase::Idle, self.timeouts.idle), piece)
            .await
    }

    /// Lets `future` run for `limit` and no longer, as far as the attempt has time. Only that it has none is an error.
    pub(crate) async fn try_for<F: Future>(&self, limit: Duration, future: F) -> Result<(), Error> {
        match self
            .hold(due(Instant::now(), Phase::Idle, Some(limit)), future)
            .await
        {
            Err(error) if error.phase == Some(Phase::Request) => Err(error),
            _ => Ok(()),
        }
    }

    async fn hold<F: Future>(&self, due: Option<Due>, future: F) -> Result<F::Output, Error> {
        let whole = self.whole.zip(self.timeouts.request);
        let whole = whole.map(|(at, limit)| (at, Phase::Request, limit));
        let Some((at, phase, limit)) = due.into_iter().chain(whole).min_by_key(|(at, ..)| *at)
        else {
            return Ok(future.await);
        };
        // What is always ready would never let the timer speak.
        if at <= Instant::now() {
            return Err(Error::timed_out(phase, limit));
        }
        timeout_at(at, future)
            .await
            .map_err(|_| Error::timed_out(phase, limit))
    }
}

fn due(since: Instant, phase: Phase, limit: Option<Duration>) -> Option<Due> {
    let limit = limit?;
    Some((since.checked_add(limit)?, phase, limit))
}
