//! A transport without a network: each request is answered by a closure, in virtual time where the test stops the clock.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use manyfetch_engine::transport::{BodyStream, Failure, Head, Repeat, Request, Trace, Transport};
use manyfetch_engine::{Client, Code, Error, Phase};
use tokio::time::Instant;

pub(crate) type Answer = Result<(Head, Pieces), Failure>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A client whose requests are answered by `answer`.
pub(crate) fn client<F>(answer: impl Fn(Request) -> F + Send + Sync + 'static) -> Client<Fake>
where
    F: Future<Output = Answer> + Send + 'static,
{
    Client::over(Fake(Box::new(move |request| Box::pin(answer(request)))))
}

/// The same client, and what came: `answer` is told which request it is, from 0 on.
pub(crate) fn recorded<F>(
    answer: impl Fn(usize, Request) -> F + Send + Sync + 'static,
) -> (Client<Fake>, Log)
where
    F: Future<Output = Answer> + Send + 'static,
{
    let log = Log::default();
    let seen = log.clone();
    let client = client(move |request| {
        let number = seen.add(&request);
        answer(number, request)
    });
    (client, log)
}

/// Every request in its order, and when it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(Instant, Request)>>>);

impl Log {
    fn add(&self, request: &Request) -> usize {
        let mut log = self.0.lock().expect("nobody panicked");
        log.push((Instant::now(), request.clone()));
        log.len() - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("nobody panicked").len()
    }

    pub(crate) fn requests(&self) -> Vec<(Instant, Request)> {
        self.0.lock().expect("nobody panicked").clone()
    }

    /// When requests came, whose host is `host` or any.
    pub(crate) fn times(&self, host: Option<&str>) -> Vec<Instant> {
        let is_meant = |request: &Request| host.is_none_or(|host| host_of(request) == host);
        self.requests()
            .iter()
            .filter(|(_, request)| is_meant(request))
            .map(|(at, _)| *at)
            .collect()
    }

    /// How long after the one before each request came.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let times = self.times(None);
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// Counts what is in flight, by host and in all, and the peaks.
#[derive(Debug, Default)]
pub(crate) struct Gauge(Mutex<HashMap<String, (usize, usize)>>);

impl Gauge {
    pub(crate) fn enter(self: &Arc<Self>, host: &str) -> Inside {
        let names = [host.to_owned(), "all".to_owned()];
        let mut counts = self.0.lock().expect("nobody panicked");
        for name in &names {
            let (now, peak) = counts.entry(name.clone()).or_default();
            *now += 1;
            *peak = (*peak).max(*now);
        }
        Inside(Arc::clone(self), names)
    }

    pub(crate) fn now(&self, name: &str) -> usize {
        let counts = self.0.lock().expect("nobody panicked");
        counts.get(name).map_or(0, |count| count.0)
    }

    pub(crate) fn peak(&self, name: &str) -> usize {
        let counts = self.0.lock().expect("nobody panicked");
        counts.get(name).map_or(0, |count| count.1)
    }
}

/// One request in flight.
pub(crate) struct Inside(Arc<Gauge>, [String; 2]);

impl Drop for Inside {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock().expect("nobody panicked");
        for name in &self.1 {
            counts.get_mut(name).expect("it was entered").0 -= 1;
        }
    }
}

pub(crate) fn host_of(request: &Request) -> String {
    request.url.host_str().expect("it is http").to_owned()
}

/// A machine that lets only so many of something be had at a time.
#[derive(Clone, Debug)]
pub(crate) struct Supply(Arc<AtomicUsize>);

impl Supply {
    pub(crate) fn of(count: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(count)))
    }

    /// One of them, if there is one. It comes back when it is dropped.
    pub(crate) fn take(&self) -> Option<Taken> {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        left.ok().map(|_| Taken(self.clone()))
    }
}

pub(crate) struct Taken(Supply);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) struct Fake(Box<dyn Fn(Request) -> Answering + Send + Sync>);

impl Transport for Fake {
    type Body = Pieces;

    async fn send(&self, request: Request, _trace: Arc<Trace>) -> Result<(Head, Pieces), Failure> {
        (self.0)(request).await
    }
}

/// A body in pieces, with a wait before each.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pieces: VecDeque<(Duration, Bytes)>,
    /// How it ends, if not well.
    end: Option<Code>,
}

impl Pieces {
    pub(crate) fn after(waits: &[Duration]) -> Self {
        Self::sized(waits, 1)
    }

    /// Pieces of `size` bytes.
    pub(crate) fn sized(waits: &[Duration], size: usize) -> Self {
        let piece = Bytes::from(vec![b'x'; size]);
        Self {
            pieces: waits.iter().map(|wait| (*wait, piece.clone())).collect(),
            end: None,
        }
    }

    /// The same, and broken off.
    pub(crate) fn broken(self, code: Code) -> Self {
        let end = Some(code);
        Self { end, ..self }
    }
}

impl BodyStream for Pieces {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        let Some((wait, piece)) = self.pieces.pop_front() else {
            return self.end.map_or(Ok(None), |code| Err(Error::new(code, "")));
        };
        tokio::time::sleep(wait).await;
        Ok(Some(piece))
    }
}

pub(crate) fn head(status: u16) -> Head {
    Head {
        status: StatusCode::from_u16(status).expect("it is a status"),
        version: Version::HTTP_11,
        reason: None,
        headers: HeaderMap::new(),
        remote: None,
    }
}

pub(crate) fn ok() -> Answer {
    status(200, &[])
}

/// A response without a body.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands beside answers that fail"
)]
pub(crate) fn status(status: u16, fields: &[(&'static str, &str)]) -> Answer {
    let mut head = head(status);
    for (name, value) in fields {
        let value = HeaderValue::from_str(value).expect("it is a value");
        head.headers.append(HeaderName::from_static(name), value);
    }
    Ok((head, Pieces::default()))
}

/// A response that asks to be left alone.
pub(crate) fn busy(code: u16, retry_after: &str) -> Answer {
    status(code, &[("retry-after", retry_after)])
}

pub(crate) fn failure(code: Code) -> Answer {
    Err(Error::new(code, "").into())
}

pub(crate) fn timed_out(phase: Phase) -> Answer {
    Err(Error::timed_out(phase, Duration::ZERO).into())
}

/// The connection was gone before the request was worked on.
pub(crate) fn lost(repeat: Repeat) -> Answer {
    Err(Failure {
        error: Error::new(Code::ConnectionReset, ""),
        repeat: Some(repeat),
    })
}

pub(crate) fn redirect(to: &str) -> Answer {
    status(302, &[("location", to)])
}
