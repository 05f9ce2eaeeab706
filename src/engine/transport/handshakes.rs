//! Who connects, and who waits for what others are about to have. A request that finds no free connection would make one, and go
//! on over whatever comes free before that: over HTTP/2 all that come at once would make one each and share the first, and over
//! HTTP/1.1 connections would be made that nobody wants any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long a new connection of HTTP/2 may take to reach those who wait for their share of it. After that, it is taken for lost.
const SHARING: Duration = Duration::from_millis(50);

/// How long anybody waits for others: one bad connection must not hold up a good host.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a connection may take to come free, and until it is known who has got it.
const HANDOVER: Duration = Duration::from_millis(2);

/// Origins that are kept before those that nobody connects to are swept out.
const SWEEP_AT: usize = 1 << 12;

/// What the origins of one client speak, and who wants to speak to them.
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
    /// Requests that have no connection yet.
    wanting: usize,
    /// Connections that are being made, also for those who have gone on without.
    connecting: usize,
    /// How often connecting failed.
    failures: u64,
    /// When the last connection was there.
    made: Option<Instant>,
    /// Who waited last for a connection to come free has got none.
    waits_in_vain: bool,
}

/// What an origin speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speaks {
    /// One finds it out, and the others wait.
    #[default]
    Unknown,
    /// A connection for each.
    Http1,
    /// One connection for all.
    Http2,
}

/// A request without a connection. Dropped, it has one, or wants none any more.
#[derive(Debug)]
pub(super) struct Wanting<'a>(&'a Line);

/// A connection that is being made, until it is there or is given up.
#[derive(Debug)]
pub(super) struct Connecting<'a>(&'a Line);

impl Handshakes {
    /// The line of `origin`, which `speaks` as far as it is known without asking.
    pub(super) fn line(&self, origin: &str, speaks: Speaks) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(origin) {
            return Arc::clone(line);
        }
        if lines.len() >= SWEEP_AT && lines.len().is_power_of_two() {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        let line = Arc::new(Line::of(speaks));
        lines.insert(origin.into(), Arc::clone(&line));
        line
    }

    /// What `origin` was last found to speak.
    pub(super) fn speaks(&self, origin: &str) -> Speaks {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.get(origin);
        line.map_or(Speaks::Unknown, |line| line.lock().speaks)
    }
}

impl Line {
    fn of(speaks: Speaks) -> Self {
        let line = Self::default();
        line.lock().speaks = speaks;
        line
    }

    /// Says that a request wants a connection.
    pub(super) fn join(&self) -> Wanting<'_> {
        self.lock().wanting += 1;
        Wanting(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Wanting<'a> {
    /// It has got a connection that came free.
    pub(super) fn served(self) {
        self.0.lock().waits_in_vain = false;
    }

    /// Waits until it is time to connect.
    pub(super) async fn turn(&self) -> Connecting<'a> {
        let line = self.0;
        let arrival = line.lock().arrive();
        loop {
            let mut changed = std::pin::pin!(line.changed.notified());
            // So that no change is missed between the look and the wait.
            changed.as_mut().enable();
            let next = line.lock().next_move(&arrival);
            match next {
                Move::Connect => return Connecting(line),
                Move::Wait(until) => {
                    // Either is a reason to look again.
                    let _ = timeout_at(until, changed).await;
                }
            }
        }
    }
}

/// When a request came to want a connection, and what there was then.
struct Arrival {
    at: Instant,
    failures: u64,
}

/// What a request without a connection is to do.
enum Move {
    Connect,
    /// Wait for a change, until then at most.
    Wait(Instant),
}

impl State {
    fn arrive(&self) -> Arrival {
        Arrival {
            at: Instant::now(),
            failures: self.failures,
        }
    }

    fn next_move(&mut self, arrival: &Arrival) -> Move {
        // Where one fails, all others would wait in vain, one after the other.
        let has_failed = self.failures != arrival.failures;
        let patient_until = arrival.at + PATIENCE;
        if has_failed || patient_until <= Instant::now() {
            self.connecting += 1;
            return Move::Connect;
        }
        let at_once = match self.speaks {
            Speaks::Http1 => self.wanting,
            Speaks::Unknown | Speaks::Http2 => 1,
        };
        if self.connecting >= at_once {
            return Move::Wait(patient_until);
        }
        match self.may_be_served_until(arrival) {
            Some(until) if until > Instant::now() => return Move::Wait(until),
            Some(_) => self.waits_in_vain = true,
            None => {}
        }
        self.connecting += 1;
        Move::Connect
    }

    /// Until when a connection may be on its way to a request that came like this.
    fn may_be_served_until(&self, arrival: &Arrival) -> Option<Instant> {
        match self.speaks {
            // There may be one that is just done with a response. Some servers close them all.
            Speaks::Http1 if self.waits_in_vain || arrival.at <= self.made? => None,
            Speaks::Http1 => Some(arrival.at + HANDOVER),
            Speaks::Unknown | Speaks::Http2 => {
                let made = self.made?;
                let has_waited_for_it = arrival.at <= made;
                Some(made + if has_waited_for_it { SHARING } else { HANDOVER })
            }
        }
    }
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        self.0.lock().wanting -= 1;
    }
}

impl Connecting<'_> {
    /// The connection is there.
    pub(super) fn made(self, is_http2: bool) {
        let mut state = self.0.lock();
        state.made = Some(Instant::now());
        state.speaks = if is_http2 {
            Speaks::Http2
        } else {
            Speaks::Http1
        };
    }

    /// There is none to be had.
    pub(super) fn failed(self) {
        self.0.lock().failures += 1;
    }
}

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.lock().connecting -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;

    use futures_util::FutureExt;

    use super::*;

    type Turn<'a> = Pin<Box<dyn Future<Output = Connecting<'a>> + 'a>>;

    fn turn<'a>(wanting: &'a Wanting<'a>) -> Turn<'a> {
        Box::pin(wanting.turn())
    }

    fn now<'a>(turn: &mut Turn<'a>) -> Option<Connecting<'a>> {
        turn.as_mut().now_or_never()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_one_finds_out_and_over_http_1_the_others_then_connect_too() {
        let line = Line::default();
        let [first, second, third] = [line.join(), line.join(), line.join()];
        let mut turns = [turn(&first), turn(&second), turn(&third)];
        let found = now(&mut turns[0]).expect("nobody is before it");
        assert!(now(&mut turns[1]).is_none() && now(&mut turns[2]).is_none());
        found.made(false);
        let [_, second, third] = turns;
        let _both = (second.await, third.await);
    }

    #[tokio::test(start_paused = true)]
    async fn over_http_2_the_others_connect_only_if_they_get_no_share_and_one_at_a_time() {
        let line = Line::default();
        let [first, second, third] = [line.join(), line.join(), line.join()];
        let found = first.turn().await;
        let mut turns = [turn(&second), turn(&third)];
        assert!(now(&mut turns[0]).is_none() && now(&mut turns[1]).is_none());
        found.made(true);
        assert!(now(&mut turns[0]).is_none() && now(&mut turns[1]).is_none());
        tokio::time::advance(SHARING).await;
        let _connecting = now(&mut turns[0]).expect("it has got no share");
        assert!(now(&mut turns[1]).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_after_a_connection_of_http_2_was_made_hardly_waits_for_it() {
        let line = Line::default();
        line.join().turn().await.made(true);
        tokio::time::advance(HANDOVER).await;
        let second = line.join();
        let mut waits = turn(&second);
        tokio::time::advance(HANDOVER).await;
        assert!(now(&mut waits).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn over_http_1_nobody_connects_while_there_are_connections_coming_that_nobody_wants() {
        let line = Line::default();
        let first = line.join();
        turn(&first).await.made(false);
        drop(first);
        let second = line.join();
        let coming = second.turn().await;
        // It went on over another one.
        drop(second);
        let third = line.join();
        let mut third_waits = turn(&third);
        tokio::time::advance(HANDOVER).await;
        assert!(
            now(&mut third_waits).is_none(),
            "one is coming, and one wants it"
        );
        let fourth = line.join();
        let mut fourth_waits = turn(&fourth);
        assert!(now(&mut fourth_waits).is_none(), "one may come free");
        tokio::time::advance(HANDOVER).await;
        let _connecting = now(&mut fourth_waits).expect("one is coming, and two want one");
        coming.made(false);
        assert!(now(&mut third_waits).is_some(), "somebody else has got it");
    }

    #[tokio::test(start_paused = true)]
    async fn over_http_1_nobody_waits_before_there_is_a_connection() {
        let line = Line::of(Speaks::Http1);
        let all = [line.join(), line.join(), line.join()];
        let connecting = all.each_ref().map(|wanting| now(&mut turn(wanting)));
        assert!(connecting.iter().all(Option::is_some));
    }

    #[tokio::test(start_paused = true)]
    async fn over_http_1_it_is_waited_for_one_to_come_free_until_that_was_in_vain() {
        let line = Line::of(Speaks::Http1);
        turn(&line.join()).await.made(false);
        tokio::time::advance(HANDOVER).await;
        let second = line.join();
        let mut second_waits = turn(&second);
        assert!(now(&mut second_waits).is_none(), "one may come free");
        tokio::time::advance(HANDOVER).await;
        assert!(now(&mut second_waits).is_some(), "it did not");
        let third = line.join();
        assert!(now(&mut turn(&third)).is_some(), "none will");
        third.served();
        let fourth = line.join();
        assert!(now(&mut turn(&fourth)).is_none(), "one did");
    }

    #[tokio::test(start_paused = true)]
    async fn where_one_fails_nobody_waits_any_longer() {
        let line = Line::default();
        let [first, second, third] = [line.join(), line.join(), line.join()];
        let failing = turn(&first).await;
        let mut turns = [turn(&second), turn(&third)];
        assert!(now(&mut turns[0]).is_none() && now(&mut turns[1]).is_none());
        failing.failed();
        let both = turns.map(|mut turn| now(&mut turn));
        assert!(both.iter().all(Option::is_some));
        let fourth = line.join();
        assert!(
            now(&mut turn(&fourth)).is_none(),
            "who comes later waits again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_first_one_is_given_up_the_next_one_takes_its_turn() {
        let line = Line::default();
        let [first, second, third] = [line.join(), line.join(), line.join()];
        let given_up = first.turn().await;
        let mut turns = [turn(&second), turn(&third)];
        assert!(now(&mut turns[0]).is_none() && now(&mut turns[1]).is_none());
        drop(given_up);
        let _connecting = now(&mut turns[0]).expect("it is its turn");
        assert!(now(&mut turns[1]).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_for_a_handshake_that_stalls() {
        let line = Line::default();
        let [first, second, third] = [line.join(), line.join(), line.join()];
        let _stalls = first.turn().await;
        let mut turns = [turn(&second), turn(&third)];
        assert!(now(&mut turns[0]).is_none() && now(&mut turns[1]).is_none());
        tokio::time::advance(PATIENCE).await;
        let both = turns.map(|mut turn| now(&mut turn));
        assert!(both.iter().all(Option::is_some));
    }
}
