//! What to do with a body, decided from the head before any of it is read.

use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};

use crate::decode::{Coding, Codings};
use crate::error::{Code, Error};
use crate::transport::Head;

/// What to do with a body.
pub(crate) struct BodyPlan {
    /// The codings to be undone, if any are.
    pub(crate) codings: Option<Vec<Coding>>,
    /// The body is handed over without codings.
    pub(crate) is_decoded: bool,
    /// What the head announces, as far as it is the size of what will be kept.
    pub(crate) expected_size: Option<u64>,
}

/// Refuses a response after which another protocol follows, and no body.
pub(crate) fn refuse_switch(head: &Head) -> Result<(), Error> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        let detail = "the server switched protocols, which nobody asked for";
        return Err(Error::new(Code::HttpParse, detail));
    }
    Ok(())
}

impl BodyPlan {
    /// The plan for no body.
    pub(crate) fn nothing() -> Self {
        Self {
            codings: None,
            is_decoded: true,
            expected_size: None,
        }
    }

    /// The plan for the body that follows `head`, in which codings are undone if it `decodes`.
    pub(crate) fn of(method: &Method, head: &Head, decodes: bool) -> Result<Self, Error> {
        if has_no_body(method, head.status) {
            return Ok(Self::nothing());
        }
        Ok(match Codings::of(&head.headers) {
            Ok(Codings::Known(known)) if decodes => Self {
                codings: Some(known),
                is_decoded: true,
                expected_size: None,
            },
            Err(error) if decodes => return Err(error),
            codings => Self {
                codings: None,
                is_decoded: codings == Ok(Codings::Identity),
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
