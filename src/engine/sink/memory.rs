//! A body kept in memory: never larger than its cap, and never allocated on the word of a header.

use std::sync::Arc;

use bytes::Bytes;

use super::{Account, Body, Credit, OWN_MEMORY, too_large};
use crate::error::Error;

/// The most that is set aside for a body before its bytes are there.
const MAX_RESERVE: usize = 1 << 20;

/// What a JavaScript buffer can hold on every version of Node.
const MAX_IN_MEMORY: u64 = u32::MAX as u64;

/// Takes the decoded bytes of one body.
#[derive(Debug)]
pub(crate) struct MemorySink {
    body: Body,
    size: u64,
    cap: u64,
    expected: u64,
    account: Account,
}

impl MemorySink {
    /// A sink for at most `max_body_size` bytes. `expected` is what the head announces, and only a hint.
    pub(crate) fn new(
        max_body_size: Option<u64>,
        expected: Option<u64>,
        credit: &Arc<Credit>,
    ) -> Result<Self, Error> {
        let cap = max_body_size.unwrap_or(u64::MAX).min(MAX_IN_MEMORY);
        let expected = expected.unwrap_or(0);
        if expected > cap {
            return Err(too_large(cap));
        }
        Ok(Self {
            body: Body::Empty,
            size: 0,
            cap,
            expected,
            account: credit.open(),
        })
    }

    /// Decoded bytes taken at most.
    pub(crate) fn cap(&self) -> u64 {
        self.cap
    }

    /// Decoded bytes taken so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes a piece that may stay where it is until the body is delivered.
    pub(crate) async fn write_shared(&mut self, piece: Bytes) -> Result<(), Error> {
        let is_whole = self.size == 0 && piece.len() as u64 == self.expected;
        // A larger one is moved later and not copied again, and so is copied out now.
        if is_whole && piece.len() < OWN_MEMORY {
            self.admit(piece.len()).await?;
            self.body = Body::Borrowed(piece);
            return Ok(());
        }
        self.write(&piece).await
    }

    /// Takes a copy of `piece`.
    pub(crate) async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        if piece.is_empty() {
            return Ok(());
        }
        self.admit(piece.len()).await?;
        self.owned().extend_from_slice(piece);
        Ok(())
    }

    /// The whole body. Its credit stays used until the caller has it.
    pub(crate) fn finish(self) -> Body {
        self.account.close();
        let mut body = self.body;
        if let Body::Owned(bytes) = &mut body {
            bytes.shrink_to_fit();
        }
        body
    }

    async fn admit(&mut self, length: usize) -> Result<(), Error> {
        let length = length as u64;
        if self.size + length > self.cap {
            return Err(too_large(self.cap));
        }
        self.account.take(length).await?;
        self.size += length;
        Ok(())
    }

    fn owned(&mut self) -> &mut Vec<u8> {
        if !matches!(self.body, Body::Owned(_)) {
            let reserve =
                usize::try_from(self.expected).map_or(MAX_RESERVE, |n| n.min(MAX_RESERVE));
            let mut bytes = Vec::with_capacity(reserve);
            bytes.extend_from_slice(self.body.as_ref());
            self.body = Body::Owned(bytes);
        }
        match &mut self.body {
            Body::Owned(bytes) => bytes,
            Body::Empty | Body::Borrowed(_) => unreachable!("it was made owned above"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn sink(max: u64, expected: Option<u64>) -> Result<MemorySink, Error> {
        MemorySink::new(Some(max), expected, &Arc::new(Credit::refusing(100)))
    }

    #[tokio::test]
    async fn pieces_become_one_body() {
        let mut sink = sink(100, None).expect("nothing is announced");
        sink.write_shared(Bytes::from_static(b"ab"))
            .await
            .expect("it fits");
        sink.write(b"cd").await.expect("it fits");
        assert_eq!(sink.finish().as_ref(), b"abcd");
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let mut sink = sink(100, Some(2)).expect("it fits");
        sink.write_shared(Bytes::from_static(b"ab"))
            .await
            .expect("it fits");
        assert!(matches!(sink.finish(), Body::Borrowed(_)));
    }

    #[tokio::test]
    async fn an_announced_body_that_is_too_large_is_refused_at_once() {
        assert_eq!(
            sink(9, Some(10)).err().map(|error| error.code),
            Some(Code::BodyTooLarge)
        );
    }

    #[tokio::test]
    async fn a_body_cannot_outgrow_its_cap() {
        let mut sink = sink(3, None).expect("nothing is announced");
        sink.write(b"abc").await.expect("it fits");
        assert_eq!(
            sink.write(b"d").await.map_err(|error| error.code),
            Err(Code::BodyTooLarge)
        );
    }

    #[tokio::test]
    async fn nothing_is_allocated_on_the_word_of_a_header() {
        let mut sink = MemorySink::new(
            None,
            Some(u64::from(u32::MAX)),
            &Arc::new(Credit::refusing(9)),
        )
        .expect("it is no more than a hint");
        sink.write(b"a").await.expect("it fits");
        assert!(matches!(sink.finish(), Body::Owned(bytes) if bytes.capacity() <= MAX_RESERVE));
    }
}
