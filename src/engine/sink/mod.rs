//! Where the bytes of a body go, and the credit that they use up there.

mod credit;
mod memory;

pub(crate) use credit::Credit;
pub(crate) use memory::MemorySink;

use bytes::Bytes;

/// A body at least this large has memory of its own, from its sink into its batch; smaller ones are copied next to each other.
pub(crate) const OWN_MEMORY: usize = 64 << 10;

/// A body as its sink leaves it.
#[derive(Debug, Default)]
pub(crate) enum Body {
    /// No bytes.
    #[default]
    Empty,
    /// One piece, still in the transport's read buffer: to be copied out soon.
    Borrowed(Bytes),
    /// Bytes with a home of their own.
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        match self {
            Body::Empty => &[],
            Body::Borrowed(bytes) => bytes,
            Body::Owned(bytes) => bytes,
        }
    }
}
