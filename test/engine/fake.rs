//! A transport without a network: each request is answered by a closure, in virtual time where the test stops the clock.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use manyfetch_engine::transport::{BodyStream, Failure, Head, Request, Trace, Transport};
use manyfetch_engine::{Client, Error};

type Answer = Result<(Head, Pieces), Failure>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A client whose requests are answered by `answer`.
pub(crate) fn client<F>(answer: impl Fn(Request) -> F + Send + Sync + 'static) -> Client<Fake>
where
    F: Future<Output = Answer> + Send + 'static,
{
    Client::over(Fake(Box::new(move |request| Box::pin(answer(request)))))
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
pub(crate) struct Pieces(VecDeque<(Duration, Bytes)>);

impl Pieces {
    pub(crate) fn after(waits: &[Duration]) -> Self {
        Self(
            waits
                .iter()
                .map(|wait| (*wait, Bytes::from_static(b"x")))
                .collect(),
        )
    }
}

impl BodyStream for Pieces {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        let Some((wait, piece)) = self.0.pop_front() else {
            return Ok(None);
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
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands beside answers that fail"
)]
pub(crate) fn ok() -> Answer {
    Ok((head(200), Pieces::default()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands beside answers that fail"
)]
pub(crate) fn redirect(to: &str) -> Answer {
    let mut head = head(302);
    let location = HeaderValue::from_str(to).expect("it is a URL");
    head.headers.insert(http::header::LOCATION, location);
    Ok((head, Pieces::default()))
}
