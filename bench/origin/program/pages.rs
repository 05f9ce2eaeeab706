//! The bytes that are served: pages that differ by host and link, and plain bytes of any length. Both are made once, at the
//! start, so that serving them costs a copy at most.

use hyper::body::Bytes;

use super::random::SplitMix64;

/// What a letter of a page is drawn from; one in 64 ends a line.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n";

/// How many places in the letters a page may begin at.
const OFFSETS: usize = 4093;

/// What `/bytes/N` repeats. A prime: a piece that ends up in a wrong place shows.
const PATTERN: usize = 251;

/// The longest `/bytes/N`.
const MAX_BYTES: usize = 64 << 20;

/// The content of both hosts.
pub(crate) struct Pages {
    seed: u64,
    page_bytes: usize,
    letters: Box<[u8]>,
    bytes: Bytes,
}

impl Pages {
    /// Prepares pages of `page_bytes` bytes, the same for the same seed.
    pub(crate) fn new(page_bytes: usize, seed: u64) -> Self {
        let mut random = SplitMix64(seed);
        let pattern: Vec<u8> = (0..=u8::MAX).take(PATTERN).collect();
        Self {
            seed,
            page_bytes,
            letters: (0..page_bytes + OFFSETS)
                .map(|_| LETTERS[random.below(LETTERS.len())])
                .collect(),
            bytes: pattern.repeat(MAX_BYTES.div_ceil(PATTERN)).into(),
        }
    }

    /// The page of one link of one host. Its first bytes name both, so no two are alike.
    pub(crate) fn page(&self, host: char, link: u64) -> Vec<u8> {
        let mut page = Vec::with_capacity(self.page_bytes);
        page.extend_from_slice(format!("<!doctype html><title>{host} {link}</title>").as_bytes());
        let offset = SplitMix64(self.seed ^ u64::from(host) ^ link << 32).below(OFFSETS);
        page.extend_from_slice(&self.letters[offset..offset + self.page_bytes - page.len()]);
        page
    }

    /// The first `length` of the bytes, as far as there are so many.
    pub(crate) fn bytes(&self, length: usize) -> Option<Bytes> {
        (length <= MAX_BYTES).then(|| self.bytes.slice(..length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_differ_by_host_and_link_and_not_by_run() {
        let [pages, again] = [1, 1].map(|seed| Pages::new(64, seed));
        assert_ne!(pages.page('a', 1), pages.page('b', 1));
        assert_ne!(pages.page('a', 1), pages.page('a', 2));
        assert_eq!(pages.page('a', 1), again.page('a', 1));
    }

    #[test]
    fn a_page_is_ascii_of_the_length_asked_for() {
        let page = Pages::new(64, 1).page('a', u64::MAX);
        assert_eq!((page.len(), page.is_ascii()), (64, true));
    }

    #[test]
    fn bytes_come_up_to_their_limit() {
        let pages = Pages::new(64, 1);
        assert_eq!(
            pages.bytes(MAX_BYTES).map(|bytes| bytes.len()),
            Some(MAX_BYTES)
        );
        assert_eq!(pages.bytes(MAX_BYTES + 1), None);
    }
}
