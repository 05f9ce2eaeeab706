//! A body in chunks: with a pause after each, and an end that need not be a clean one.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame};

use crate::clock::{self, Sleep};

/// What can go wrong with a body: for hyper, anything.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A body that is sent chunk by chunk, its length unknown beforehand (set `content-length` to announce one).
pub struct Chunks {
    rest: Box<dyn Iterator<Item = Bytes> + Send>,
    pause: Duration,
    waiting: Option<Sleep>,
    end: End,
}

enum End {
    Clean,
    Stall,
    Abort { flushed: bool },
}

impl Chunks {
    /// These chunks, which may go on for ever, then a clean end.
    pub fn new<I>(chunks: I) -> Self
    where
        I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static>,
    {
        Self {
            rest: Box::new(chunks.into_iter().map(Into::into)),
            pause: Duration::ZERO,
            waiting: None,
            end: End::Clean,
        }
    }

    /// Waits this long after each chunk.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Breaks off after the last chunk: HTTP/1.1 closes the connection, HTTP/2 resets the stream.
    #[must_use]
    pub fn then_abort(mut self) -> Self {
        self.end = End::Abort { flushed: false };
        self
    }

    /// Sends nothing more after the last chunk, and never ends.
    #[must_use]
    pub fn then_stall(mut self) -> Self {
        self.end = End::Stall;
        self
    }

    fn poll_end(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.end {
            End::Clean => Poll::Ready(None),
            End::Stall => Poll::Pending,
            End::Abort { flushed: true } => {
                Poll::Ready(Some(Err("the body breaks off here".into())))
            }
            End::Abort { flushed } => {
                // An error discards what hyper has buffered; a pause makes it write that out first.
                *flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(waiting) = &mut self.waiting {
            ready!(Pin::new(waiting).poll(context));
            self.waiting = None;
        }
        match self.rest.next() {
            Some(chunk) => {
                self.waiting = (!self.pause.is_zero()).then(|| clock::sleep(self.pause));
                Poll::Ready(Some(Ok(Frame::data(chunk))))
            }
            None => self.poll_end(context),
        }
    }
}
