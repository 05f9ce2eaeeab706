//! How large the head of a response may be, and what must be clear in it.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Version};

use crate::error::{Code, Error};

/// Lines over HTTP/1, at most.
pub(super) const MAX_HTTP1_LINES: usize = 1_000;

/// Nearly all heads have fewer. Up to here hyper sets no memory aside for each response; for more, 64 bytes a line.
pub(super) const USUAL_HTTP1_LINES: usize = 100;

/// Bytes of those lines, at most. A head that does not end is stopped by hyper's own buffer, at 400 KiB at least.
const MAX_HTTP1_SIZE: usize = 128 << 10;

/// Bytes of the whole head over HTTP/2, at most: h2 holds it.
pub(super) const MAX_HTTP2_SIZE: u32 = 256 << 10;

/// The names are in the map for each of their values, as they were in the head.
pub(super) fn check_size(version: Version, headers: &HeaderMap) -> Result<(), Error> {
    const AROUND: usize = ": \r\n".len();
    let fields = headers.iter();
    let size: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len() + AROUND)
        .sum();
    if size > MAX_HTTP1_SIZE && version <= Version::HTTP_11 {
        let detail = "the head of the response is too large";
        return Err(Error::new(Code::HeadersTooLarge, detail));
    }
    Ok(())
}

/// Where the body ends must be beyond doubt (RFC 9112 §6.1): a coding that is not understood, or a length beside the chunks,
/// may be an attack on those who share the connection.
pub(super) fn has_ambiguous_end(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return false;
    };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    !is_chunked || headers.contains_key(CONTENT_LENGTH)
}
