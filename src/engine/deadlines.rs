//! The limits of time of one hop, held where it waits. Which of two passes first decides what the error says.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Phase};
use crate::options::Timeouts;
use crate::pace::Pace;
use crate::transport::{Stage, Trace};

/// The limits of one hop that has begun.
#[derive(Debug)]
pub(crate) struct Deadlines {
    timeouts: Timeouts,
    /// The limits of the attempt and of the item.
    own: [Option<Due>; 2],
    /// The run's.
    run: Option<Due>,
    /// How long we held the transfer back ourselves, which those of its own do not count.
    held_back: Duration,
}

/// A limit, and the instant at which it passes.
pub(crate) type Due = (Instant, Phase, Duration);

impl Deadlines {
    /// Begins an attempt, or goes on with one of whose time `spent` is used up. `item` is when the item is to be done, `run` when the
    /// run is.
    pub(crate) fn begin(
        timeouts: Timeouts,
        spent: Duration,
        item: Option<Due>,
        run: Option<Due>,
    ) -> Self {
        let attempt = timeouts.request.and_then(|limit| {
            let at = Instant::now().checked_add(limit.saturating_sub(spent))?;
            Some((at, Phase::Request, limit))
        });
        Self {
            timeouts,
            own: [attempt, item],
            run,
            held_back: Duration::ZERO,
        }
    }

    /// Lets `future` wait on our own account: no limit but the run's passes meanwhile.
    pub(crate) async fn hold_back<F: Future>(&mut self, future: F) -> Result<F::Output, Error> {
        let mut future = std::pin::pin!(future);
        // Hardly ever is there anything to wait for.
        let first = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(done) = first {
            return Ok(done);
        }
        let begun = Instant::now();
        let done = hold(self.run, future).await?;
        let waited = begun.elapsed();
        self.held_back += waited;
        for due in &mut self.own {
            *due = due.and_then(|(at, phase, limit)| Some((at.checked_add(waited)?, phase, limit)));
        }
        Ok(done)
    }

    /// How long the transfer was held back so far.
    pub(crate) fn held_back(&self) -> Duration {
        self.held_back
    }

    /// The limit of connecting, which the connector holds.
    pub(crate) fn connect(&self) -> Option<Duration> {
        self.timeouts.connect
    }

    /// Holds `sent` to the limit of the response, which runs from the request's last byte on, and a body that is sent before it to
    /// the limit of silence.
    pub(crate) async fn hold_response<F: Future>(
        &self,
        sent: F,
        trace: &Trace,
    ) -> Result<F::Output, Error> {
        let mut sent = std::pin::pin!(sent);
        loop {
            let now = Instant::now();
            let passes = self.stage_due(trace.stage());
            if let Some((at, phase, limit)) = passes
                && at <= now
            {
                return Err(Error::timed_out(phase, limit));
            }
            // Whatever comes next has a limit too, which cannot pass sooner than this.
            let look_again = self.shortest_wait().and_then(|wait| now.checked_add(wait));
            let next = [passes.map(|(at, ..)| at), look_again];
            let next = next.into_iter().flatten().min();
            let next = next.map(|at| (at, Phase::Response, Duration::ZERO));
            match self.hold(next, sent.as_mut()).await {
                Err(error) if error.phase == Some(Phase::Response) => {}
                done => return done,
            }
        }
    }

    /// When the limit of what is waited for passes, if it has one.
    fn stage_due(&self, stage: Stage) -> Option<Due> {
        match stage {
            Stage::Connecting => None,
            Stage::Sending(since) => due(since, Phase::Idle, self.timeouts.idle),
            Stage::Waiting(since) => due(since, Phase::Response, self.timeouts.response),
        }
    }

    fn shortest_wait(&self) -> Option<Duration> {
        let waits = [self.timeouts.idle, self.timeouts.response];
        // No timer tells less than a millisecond, and who looks again all the time never gets on.
        let shortest = waits.into_iter().flatten().min();
        shortest.map(|wait| wait.max(Duration::from_millis(1)))
    }

    /// Holds the wait for a piece of a body to the limit of silence, and the body to its pace.
    pub(crate) async fn hold_piece(
        &self,
        pace: &mut Pace,
        piece: impl Future<Output = Result<Option<Bytes>, Error>>,
    ) -> Result<Option<Bytes>, Error> {
        let mut piece = std::pin::pin!(piece);
        let mut since = Instant::now();
        let idle = due(since, Phase::Idle, self.timeouts.idle);
        loop {
            let minute = pace.due(since);
            let minute_due = minute.map(|at| (at, Phase::Idle, Duration::ZERO));
            let first = idle
                .into_iter()
                .chain(minute_due)
                .min_by_key(|(at, ..)| *at);
            let held = self.hold(first, piece.as_mut()).await;
            let now = Instant::now();
            let is_idle = idle.is_some_and(|(at, ..)| at <= now);
            match held {
                Ok(piece) => {
                    let piece = piece?;
                    let length = piece.as_ref().map_or(0, Bytes::len);
                    pace.note(now - since, length as u64)?;
                    return Ok(piece);
                }
                // A minute ended in the middle of a wait, which goes on unless too little came in it.
                Err(error)
                    if error.phase == Some(Phase::Idle)
                        && !is_idle
                        && minute.is_some_and(|at| at <= now) =>
                {
                    pace.note(now - since, 0)?;
                    since = now;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets `future` run for `limit` and no longer, as far as the whole has time. Only that it has none is an error.
    pub(crate) async fn try_for<F: Future>(&self, limit: Duration, future: F) -> Result<(), Error> {
        match self
            .hold(due(Instant::now(), Phase::Idle, Some(limit)), future)
            .await
        {
            Err(error) if error.phase != Some(Phase::Idle) => Err(error),
            _ => Ok(()),
        }
    }

    async fn hold<F: Future>(&self, due: Option<Due>, future: F) -> Result<F::Output, Error> {
        let all = self.own.into_iter().flatten().chain(self.run).chain(due);
        hold(all.min_by_key(|(at, ..)| *at), future).await
    }
}

async fn hold<F: Future>(due: Option<Due>, future: F) -> Result<F::Output, Error> {
    let Some((at, phase, limit)) = due else {
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

/// When `limit` passes that runs `since` then. One that no clock can count is none.
pub(crate) fn due(since: Instant, phase: Phase, limit: Option<Duration>) -> Option<Due> {
    let limit = limit?;
    Some((since.checked_add(limit)?, phase, limit))
}
