//! Who connects first. Requests that come at once to an origin without a connection would make one each, and over HTTP/2 throw
//! all but one of them away: so the first one finds out what the origin speaks, and the others wait for that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long a new connection may take to reach those who wait for their share of it. After that, it is taken for lost.
const SHARING: Duration = Duration::from_millis(100);

/// Origins that are kept before those that nobody connects to are swept out.
const SWEEP_AT: usize = 1 << 12;

/// What the origins of one client speak over TLS.
#[derive(Debug, Default)]
pub(super) struct Handshakes(Mutex<HashMap<Box<str>, Arc<Line>>>);

/// Those who want a connection to one origin.
#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    speaks: Speaks,
    is_connecting: bool,
    /// How often connecting failed.
    failures: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Speaks {
    #[default]
    Unknown,
    /// A connection a request: nobody waits for another's.
    Http1,
    /// All share one connection, the last of which was made then.
    Http2(Instant),
}

/// The right to connect first. Dropped without a connection, it has failed.
#[derive(Debug)]
pub(super) struct FirstTurn<'a> {
    line: &'a Line,
    has_connected: bool,
}

/// What whoever waits is to do.
enum Move<'a> {
    Connect(Option<FirstTurn<'a>>),
    /// Wait for a change, until then at most.
    Wait(Option<Instant>),
}

impl Handshakes {
    /// The line of `origin`.
    pub(super) fn line(&self, origin: &str) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(origin) {
            return Arc::clone(line);
        }
        if lines.len() >= SWEEP_AT && lines.len().is_power_of_two() {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        let line = Arc::<Line>::default();
        lines.insert(origin.into(), Arc::clone(&line));
        line
    }
}

impl Line {
    /// Waits until it is time to connect, and says whether others wait for how that goes.
    pub(super) async fn wait(&self) -> Option<FirstTurn<'_>> {
        let failures = self.lock().failures;
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // So that no change is missed between the look and the wait.
            changed.as_mut().enable();
            match self.next_move(failures) {
                Move::Connect(turn) => return turn,
                Move::Wait(None) => changed.await,
                Move::Wait(Some(until)) => {
                    // Either is a reason to look again.
                    let _ = timeout_at(until, changed).await;
                }
            }
        }
    }

    fn next_move(&self, failures: u64) -> Move<'_> {
        let mut state = self.lock();
        // Where one fails, all others would wait in vain, one after the other.
        if matches!(state.speaks, Speaks::Http1) || state.failures != failures {
            return Move::Connect(None);
        }
        if state.is_connecting {
            return Move::Wait(None);
        }
        match state.speaks {
            Speaks::Http2(made) if made.elapsed() < SHARING => Move::Wait(Some(made + SHARING)),
            _ => {
                state.is_connecting = true;
                Move::Connect(Some(FirstTurn {
                    line: self,
                    has_connected: false,
                }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FirstTurn<'_> {
    /// The connection is there.
    pub(super) fn connected(mut self, is_http2: bool) {
        self.has_connected = true;
        self.line.lock().speaks = if is_http2 {
            Speaks::Http2(Instant::now())
        } else {
            Speaks::Http1
        };
    }
}

impl Drop for FirstTurn<'_> {
    fn drop(&mut self) {
        let mut state = self.line.lock();
        state.is_connecting = false;
        if !self.has_connected {
            state.failures += 1;
        }
        drop(state);
        self.line.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn is_ready<'a>(
        wait: &mut std::pin::Pin<&mut impl Future<Output = Option<FirstTurn<'a>>>>,
    ) -> bool {
        wait.as_mut().now_or_never().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn over_http_1_all_others_connect_once_the_first_one_has() {
        let line = Line::default();
        let first = line.wait().await.expect("nobody is before it");
        let mut second = std::pin::pin!(line.wait());
        let mut third = std::pin::pin!(line.wait());
        assert!(!is_ready(&mut second) && !is_ready(&mut third));
        first.connected(false);
        assert!(second.await.is_none() && third.await.is_none());
        assert!(line.wait().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn over_http_2_the_others_connect_only_if_they_get_no_share() {
        let line = Line::default();
        line.wait()
            .await
            .expect("nobody is before it")
            .connected(true);
        let mut second = std::pin::pin!(line.wait());
        let mut third = std::pin::pin!(line.wait());
        assert!(!is_ready(&mut second) && !is_ready(&mut third));
        tokio::time::advance(SHARING).await;
        let turn = second.await;
        assert!(turn.is_some() && !is_ready(&mut third));
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_first_one_fails_nobody_waits_any_longer() {
        let line = Line::default();
        let first = line.wait().await;
        let (mut second, mut third) = (Box::pin(line.wait()), Box::pin(line.wait()));
        assert!(!is_ready(&mut second.as_mut()) && !is_ready(&mut third.as_mut()));
        drop(first);
        assert!(second.await.is_none() && third.await.is_none());
        assert!(
            line.wait().await.is_some(),
            "who comes later is first again"
        );
    }
}
