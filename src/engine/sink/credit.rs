//! The bytes of bodies that one run may hold. Every body draws on it, piece by piece.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Code, Error};

/// What is left of the bytes that a run may hold.
#[derive(Debug)]
pub(crate) struct Credit {
    limit: u64,
    used: AtomicU64,
}

impl Credit {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
        }
    }

    /// Takes `bytes`, or says that they are too many.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Error> {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used <= self.limit {
            return Ok(());
        }
        self.give_back(bytes);
        let detail = format!(
            "the bodies of this run would take more than {} bytes of memory: fetch fewer URLs in one call",
            self.limit
        );
        Err(Error::new(Code::BufferLimit, detail))
    }

    /// Gives `bytes` back that were taken and are not held any more.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_piece_takes_nothing() {
        let credit = Credit::new(10);
        assert!(credit.take(8).is_ok());
        assert_eq!(
            credit.take(3).map_err(|error| error.code),
            Err(Code::BufferLimit)
        );
        assert!(credit.take(2).is_ok());
        credit.give_back(10);
        assert!(credit.take(10).is_ok());
    }
}
