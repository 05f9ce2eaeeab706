//! The body of a request on its way out: in pieces, so that the limits of time can see that it goes on.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::Trace;

/// Bytes handed over at once.
const PIECE: usize = 64 << 10;

/// What is left to be sent of one body.
pub(super) struct Upload {
    left: Bytes,
    /// The next piece waits until the system was asked for news: an answer may come early, with the end of the connection right
    /// behind it, and is lost to whoever writes into that.
    news: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    trace: Arc<Trace>,
}

impl Upload {
    /// The body of the request that `trace` is of.
    pub(super) fn begin(body: Bytes, trace: Arc<Trace>) -> Self {
        trace.note_upload(!body.is_empty());
        Self {
            left: body,
            news: None,
            trace,
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(news) = &mut self.news {
            ready!(news.as_mut().poll(context));
        }
        self.news = Some(Box::pin(tokio::task::yield_now()));
        let size = self.left.len().min(PIECE);
        let piece = self.left.split_to(size);
        self.trace.note_upload(!self.left.is_empty());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
