//! What to do with a body, decided from the head before any of it is read.

use http::header::{CONTENT_LENGTH, RANGE};
use http::{Method, StatusCode};

use crate::decode::{Coding, Codings};
use crate::error::{Code, Error};
use crate::transport::{Head, Request};

/// What to do with a body.
pub(crate) struct BodyPlan {
    /// The codings to be undone, if any are.
    pub(crate) codings: Option<Vec<Coding>>,
    /// The body is handed over without codings.
    pub(crate) is_decoded: bool,
    /// What the head announces, as far as it is the size of what will be kept.
    pub(crate) expected_size: Option<u64>,
}

impl BodyPlan {
    pub(crate) fn of(request: &Request, head: &Head) -> Result<Self, Error> {
        // What follows is another protocol's, and no body.
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let detail = "the server switched protocols, which nobody asked for";
            return Err(Error::new(Code::HttpParse, detail));
        }
        if has_no_body(&request.method, head.status) {
            return Ok(Self {
                codings: None,
                is_decoded: true,
                expected_size: None,
            });
        }
        let codings = Codings::of(&head.headers)?;
        // A part of an encoded body cannot be decoded, and who asks for a part wants its bytes.
        let wants_part = request.headers.contains_key(RANGE);
        Ok(match codings {
            Codings::Known(known) if !wants_part => Self {
                codings: Some(known),
                is_decoded: true,
                expected_size: None,
            },
            codings => Self {
                codings: None,
                is_decoded: codings == Codings::Identity,
                expected_size: announced_size(head),
            },
        })
    }
}

fn announced_size(head: &Head) -> Option<u64> {
    head.headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// RFC 9110 §6.4.1.
fn has_no_body(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status.as_u16(), 204 | 205 | 304)
}
