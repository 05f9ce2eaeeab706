//! A batch as JavaScript gets it: its blocks are handed over, not copied.

use manyfetch_engine::Batch;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

/// Finished items as columns; `src/engine/batch.rs` describes the layout.
#[napi(object, object_from_js = false)]
pub struct JsBatch {
    /// Rows.
    pub length: u32,
    /// The block of numbers.
    pub columns: Buffer,
    /// The block of text.
    pub text: Buffer,
    /// The bodies.
    pub slabs: Vec<Buffer>,
}

impl From<Batch> for JsBatch {
    fn from(batch: Batch) -> Self {
        Self {
            length: u32::try_from(batch.len).unwrap_or(u32::MAX),
            columns: batch.columns.into(),
            text: batch.text.into(),
            slabs: batch.slabs.into_iter().map(Buffer::from).collect(),
        }
    }
}
