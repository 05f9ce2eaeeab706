//! What the journal knows an item by, and what it remembers of one that is finished.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest::{Context, SHA256};
use http::{HeaderMap, Method, Version};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::values;

/// What an item is: a hash of its method, its URL and its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ItemId([u8; 16]);

impl ItemId {
    /// The same in every run for the same request. No body is another item than an empty one.
    pub(crate) fn of(method: &Method, url: &Url, body: Option<&[u8]>) -> Self {
        let mut context = Context::new(&SHA256);
        // Neither a method nor a URL can have a space in it, so that no two requests are joined to the same bytes.
        for part in [method.as_str(), " ", url.as_str(), " "] {
            context.update(part.as_bytes());
        }
        if let Some(body) = body {
            context.update(b"+");
            context.update(body);
        }
        let hash = context.finish();
        Self(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// Reads what is written of an id.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (pairs, odd) = text.as_bytes().as_chunks();
        let mut id = [0; 16];
        if !odd.is_empty() || pairs.len() != id.len() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        for (byte, &[high, low]) in id.iter_mut().zip(pairs) {
            *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is remembered of a finished item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// Whether the response is a good one, and there was no error.
    #[serde(rename = "ok")]
    pub(crate) is_ok: bool,
    /// `None` without a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The name of the error's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The URL that was asked for, and those that redirects led to.
    pub(crate) urls: Vec<String>,
    /// The name of the file that has the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Bytes of the decoded body.
    pub(crate) size: u64,
    /// Bytes of the body as they came.
    pub(crate) wire_size: u64,
    /// Whether `size` is that of a body that came encoded.
    #[serde(rename = "decoded")]
    pub(crate) is_decoded: bool,
    /// The version of HTTP that was spoken.
    #[serde(with = "values::version")]
    pub(crate) version: Version,
    /// The words after the status, as they came.
    #[serde(
        with = "values::reason",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) reason: Option<Vec<u8>>,
    /// The address that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remote: Option<IpAddr>,
    /// The response's fields. Bytes beyond ASCII are written as the latin-1 that they may be.
    #[serde(with = "values::headers")]
    pub(crate) headers: HeaderMap,
}
