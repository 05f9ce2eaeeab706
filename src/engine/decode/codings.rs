//! What a head says about a body's codings.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{Code, Error};

/// More layers are an attack.
const MAX_LAYERS: usize = 5;

/// What the head says about a body's codings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Codings {
    /// None.
    Identity,
    /// These, in the order in which they were applied.
    Known(Vec<Coding>),
    /// One at least that is not known here.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// The error of a body that is not in this coding.
    pub(super) fn broken(self) -> impl Fn(std::io::Error) -> Error {
        move |error| {
            Error::new(
                Code::Decode,
                format!("the body is not {}: {error}", self.name()),
            )
        }
    }
}

impl Codings {
    /// Reads the `Content-Encoding` fields.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Codings, Error> {
        let mut known = Vec::new();
        for field in headers.get_all(CONTENT_ENCODING) {
            let Ok(field) = field.to_str() else {
                return Ok(Codings::Unknown);
            };
            for name in field
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
            {
                match name.to_ascii_lowercase().as_str() {
                    "gzip" | "x-gzip" => known.push(Coding::Gzip),
                    "deflate" => known.push(Coding::Deflate),
                    "br" => known.push(Coding::Brotli),
                    "zstd" => known.push(Coding::Zstd),
                    "identity" => {}
                    _ => return Ok(Codings::Unknown),
                }
            }
        }
        if known.len() > MAX_LAYERS {
            let detail = format!(
                "the body has {} codings, more than {MAX_LAYERS}",
                known.len()
            );
            return Err(Error::new(Code::Decode, detail));
        }
        Ok(if known.is_empty() {
            Codings::Identity
        } else {
            Codings::Known(known)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_without_regard_to_case_and_unknown_ones_are_told() {
        let codings = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static(value));
            Codings::of(&headers)
        };
        let known = |list: &[Coding]| Some(Codings::Known(list.to_vec()));
        assert_eq!(codings("GZip").ok(), known(&[Coding::Gzip]));
        assert_eq!(
            codings(" x-gzip , BR").ok(),
            known(&[Coding::Gzip, Coding::Brotli])
        );
        assert_eq!(codings("identity").ok(), Some(Codings::Identity));
        assert_eq!(codings("gzip, compress").ok(), Some(Codings::Unknown));
        let six = codings("gzip,gzip,gzip,gzip,gzip,gzip").map_err(|error| error.code);
        assert_eq!(six, Err(Code::Decode));
    }
}
