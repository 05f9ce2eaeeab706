//! Bodies of requests as JavaScript sends them: those of a chunk of items next to each other, and each by its place there.

use bytes::Bytes;
use napi::bindgen_prelude::Buffer;
use serde::Deserialize;

/// The bodies of a chunk of items, or the one of a run.
#[derive(Debug, Default)]
pub(crate) struct Bodies(Bytes);

/// Where the body of one item stands, and what it says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawBody {
    start: usize,
    end: usize,
    pub(crate) content_type: Option<String>,
    /// Any type that was given before says more than this one.
    pub(crate) is_plain: bool,
}

impl Bodies {
    /// A copy: what the caller changes afterwards changes nothing.
    pub(crate) fn copy(block: Option<Buffer>) -> Self {
        Self(block.map_or_else(Bytes::new, |block| Bytes::copy_from_slice(&block)))
    }

    /// The body at its place. `src/js/bodies.js` made both.
    pub(crate) fn get(&self, body: &RawBody) -> Bytes {
        let end = body.end.min(self.0.len());
        self.0.slice(body.start.min(end)..end)
    }
}
