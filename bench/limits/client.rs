//! A client as the loop sees it, and what it makes of a body.

use std::error::Error;

/// Whatever goes wrong ends the program, with its words.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Something that can get an address.
pub(crate) trait Client: Send + Sync + 'static {
    /// Reads the answer to its end into `body`, and says its status.
    fn get(
        &self,
        url: &str,
        body: &mut Received,
    ) -> impl Future<Output = Result<u16, BoxError>> + Send;
}

/// A body as it arrives: its length, and its bytes where they are kept.
pub(crate) struct Received {
    length: u64,
    kept: Option<Vec<u8>>,
}

impl Received {
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            length: 0,
            kept: keep.then(Vec::new),
        }
    }

    /// Makes room for exactly as much as is announced.
    pub(crate) fn expect(&mut self, length: Option<u64>) {
        let length = length.and_then(|length| usize::try_from(length).ok());
        if let (Some(kept), Some(length)) = (&mut self.kept, length) {
            kept.reserve_exact(length);
        }
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) {
        self.length += chunk.len() as u64;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(chunk);
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes, in no more memory than they need.
    pub(crate) fn into_kept(self) -> Option<Vec<u8>> {
        self.kept.map(|mut kept| {
            kept.shrink_to_fit();
            kept
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(keep: bool, announced: Option<u64>) -> Received {
        let mut body = Received::new(keep);
        body.expect(announced);
        body.add(b"so");
        body.add(b"me");
        body
    }

    #[test]
    fn what_is_dropped_is_counted() {
        let body = received(false, Some(4));
        assert_eq!((body.length(), body.into_kept()), (4, None));
    }

    #[test]
    fn what_is_kept_takes_no_more_than_its_length() {
        for announced in [Some(4), Some(400), None] {
            let kept = received(true, announced).into_kept().unwrap();
            assert_eq!((kept.as_slice(), kept.capacity()), (&b"some"[..], 4));
        }
    }
}
