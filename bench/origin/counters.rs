//! What a server counts: connections and requests, how many there were and how many at once.

use std::iter::successors;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hyper::Version;

/// The live counters of one or more listeners. What they say is read with [`Counters::counts`].
#[derive(Debug, Default)]
pub struct Counters {
    connections: AtomicU64,
    open_connections: AtomicU64,
    http10: AtomicU64,
    http11: AtomicU64,
    http2: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    whole: Option<Arc<Counters>>,
}

/// What the counters said at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// Requests received.
    pub requests: Requests,
    /// Requests whose head has arrived and whose response has not been handed over yet.
    pub in_flight: u64,
    /// The most there were of these at once.
    pub peak_in_flight: u64,
}

/// Requests by protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// HTTP/1.0.
    pub http10: u64,
    /// HTTP/1.1.
    pub http11: u64,
    /// HTTP/2.
    pub http2: u64,
}

impl Requests {
    /// All of them.
    pub fn total(self) -> u64 {
        self.http10 + self.http11 + self.http2
    }
}

impl Counters {
    /// Counters whose every count goes to `whole` too.
    pub fn part_of(whole: Arc<Self>) -> Self {
        Self {
            whole: Some(whole),
            ..Self::default()
        }
    }

    /// What they say now.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.connections.load(Relaxed),
            open_connections: self.open_connections.load(Relaxed),
            requests: Requests {
                http10: self.http10.load(Relaxed),
                http11: self.http11.load(Relaxed),
                http2: self.http2.load(Relaxed),
            },
            in_flight: self.in_flight.load(Relaxed),
            peak_in_flight: self.peak_in_flight.load(Relaxed),
        }
    }

    /// Begins again at zero; the peak begins at what is in flight.
    pub fn reset(&self) {
        for counter in [&self.connections, &self.http10, &self.http11, &self.http2] {
            counter.store(0, Relaxed);
        }
        self.peak_in_flight
            .store(self.in_flight.load(Relaxed), Relaxed);
    }

    pub(crate) fn connection(self: &Arc<Self>) -> OpenConnection {
        for counters in self.levels() {
            counters.connections.fetch_add(1, Relaxed);
            counters.open_connections.fetch_add(1, Relaxed);
        }
        OpenConnection(Arc::clone(self))
    }

    pub(crate) fn request(self: &Arc<Self>, version: Version) -> InFlight {
        for counters in self.levels() {
            counters.of(version).fetch_add(1, Relaxed);
            let in_flight = counters.in_flight.fetch_add(1, Relaxed) + 1;
            counters.peak_in_flight.fetch_max(in_flight, Relaxed);
        }
        InFlight(Arc::clone(self))
    }

    fn of(&self, version: Version) -> &AtomicU64 {
        match version {
            Version::HTTP_2 => &self.http2,
            Version::HTTP_11 => &self.http11,
            _ => &self.http10,
        }
    }

    fn levels(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |counters| counters.whole.as_deref())
    }
}

/// A connection, counted as open until this is dropped.
pub(crate) struct OpenConnection(Arc<Counters>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        for counters in self.0.levels() {
            counters.open_connections.fetch_sub(1, Relaxed);
        }
    }
}

/// A request, counted as in flight until this is dropped.
pub(crate) struct InFlight(Arc<Counters>);

impl Drop for InFlight {
    fn drop(&mut self) {
        for counters in self.0.levels() {
            counters.in_flight.fetch_sub(1, Relaxed);
        }
    }
}
