//! A body that is read and dropped: what counts is how large it is, and that it ends.

use super::too_large;
use crate::error::Error;

/// Counts the decoded bytes of one body.
#[derive(Debug)]
pub(super) struct DropSink {
    size: u64,
    cap: u64,
}

impl DropSink {
    /// A sink for at most `max_size` bytes. `expected` is what the head announces.
    pub(super) fn new(max_size: Option<u64>, expected: Option<u64>) -> Result<Self, Error> {
        let cap = max_size.unwrap_or(u64::MAX);
        if expected.is_some_and(|expected| expected > cap) {
            return Err(too_large(cap));
        }
        Ok(Self { size: 0, cap })
    }

    pub(super) fn cap(&self) -> u64 {
        self.cap
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let size = self.size.saturating_add(piece.len() as u64);
        if size > self.cap {
            return Err(too_large(self.cap));
        }
        self.size = size;
        Ok(())
    }
}
