//! A body kept in memory: never larger than its cap, and never allocated on the word of a header.

use std::sync::Arc;

use bytes::Bytes;

use super::{Body, Credit, OWN_MEMORY, too_large};
use crate::error::Error;

/// The most that is set aside for a body before its bytes are there.
const MAX_RESERVE: usize = 1 << 20;

/// What a JavaScript buffer can hold on every version of Node.
const MAX_IN_MEMORY: u64 = u32::MAX as u64;

/// Takes the decoded bytes of one body. Dropped unfinished, it gives its credit back.
#[derive(Debug)]
pub(crate) struct MemorySink {
    body: Body,
    size: u64,
    cap: u64,
    expected: u64,
    credit: Arc<Credit>,
}

impl MemorySink {
    /// A sink for at most `max_body_size` bytes. `expected` is what the head announces, and only a hint.
    pub(crate) fn new(
        max_body_size: Option<u64>,
        expected: Option<u64>,
        credit: Arc<Credit>,
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
            credit,
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
    pub(crate) fn write_shared(&mut self, piece: Bytes) -> Result<(), Error> {
        let is_whole = self.size == 0 && piece.len() as u64 == self.expected;
        // A larger one is moved later and not copied again, and so is copied out now.
        if is_whole && piece.len() < OWN_MEMORY {
            self.admit(piece.len())?;
            self.body = Body::Borrowed(piece);
            return Ok(());
        }
        self.write(&piece)
    }

    /// Takes a copy of `piece`.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        if piece.is_empty() {
            return Ok(());
        }
        self.admit(piece.len())?;
        self.owned().extend_from_slice(piece);
        Ok(())
    }

    /// The whole body. Its credit stays used: it is held until the caller lets go of it.
    pub(crate) fn finish(mut self) -> Body {
        self.size = 0;
        let mut body = std::mem::take(&mut self.body);
        if let Body::Owned(bytes) = &mut body {
            bytes.shrink_to_fit();
        }
        body
    }

    fn admit(&mut self, length: usize) -> Result<(), Error> {
        let length = length as u64;
        if self.size + length > self.cap {
            return Err(too_large(self.cap));
        }
        self.credit.take(length)?;
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

impl Drop for MemorySink {
    fn drop(&mut self) {
        self.credit.give_back(self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn sink(max: u64, expected: Option<u64>) -> Result<MemorySink, Error> {
        MemorySink::new(Some(max), expected, Arc::new(Credit::new(100)))
    }

    #[test]
    fn pieces_become_one_body() {
        let mut sink = sink(100, None).expect("nothing is announced");
        sink.write_shared(Bytes::from_static(b"ab"))
            .expect("it fits");
        sink.write(b"cd").expect("it fits");
        assert_eq!(sink.finish().as_ref(), b"abcd");
    }

    #[test]
    fn a_body_in_one_piece_is_not_copied() {
        let mut sink = sink(100, Some(2)).expect("it fits");
        sink.write_shared(Bytes::from_static(b"ab"))
            .expect("it fits");
        assert!(matches!(sink.finish(), Body::Borrowed(_)));
    }

    #[test]
    fn an_announced_body_that_is_too_large_is_refused_at_once() {
        assert_eq!(
            sink(9, Some(10)).err().map(|error| error.code),
            Some(Code::BodyTooLarge)
        );
    }

    #[test]
    fn a_body_cannot_outgrow_its_cap() {
        let mut sink = sink(3, None).expect("nothing is announced");
        sink.write(b"abc").expect("it fits");
        assert_eq!(
            sink.write(b"d").map_err(|error| error.code),
            Err(Code::BodyTooLarge)
        );
    }

    #[test]
    fn nothing_is_allocated_on_the_word_of_a_header() {
        let mut sink = MemorySink::new(None, Some(u64::from(u32::MAX)), Arc::new(Credit::new(9)))
            .expect("it is no more than a hint");
        sink.write(b"a").expect("it fits");
        assert!(matches!(sink.finish(), Body::Owned(bytes) if bytes.capacity() <= MAX_RESERVE));
    }

    #[test]
    fn a_body_that_is_given_up_returns_its_credit() {
        let credit = Arc::new(Credit::new(4));
        let mut sink =
            MemorySink::new(None, None, Arc::clone(&credit)).expect("nothing is announced");
        sink.write(b"abcd").expect("it fits");
        assert!(credit.take(1).is_err());
        drop(sink);
        assert!(credit.take(4).is_ok());
    }
}
