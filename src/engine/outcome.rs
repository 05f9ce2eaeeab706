//! What one item came to: a response, a failure, or a response that failed in its body. Always one of them.

use std::time::Duration;

use http::Method;

use crate::error::{Code, Error};
use crate::journal::JournalEntry;
use crate::sink::Body;
use crate::transport::Head;

/// What one item came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The item's place in the caller's list.
    pub(crate) index: u32,
    /// The method it began with, as far as it is known.
    pub(crate) method: Option<Method>,
    /// The URL that was asked for, and those redirected to, without credentials; for an invalid one what is fit to be shown.
    pub(crate) urls: Vec<String>,
    /// The head of the last response, if one came.
    pub(crate) head: Option<Head>,
    /// The body, empty unless it came whole.
    pub(crate) body: Body,
    /// The absolute path of the file that has the body.
    pub(crate) file: Option<String>,
    /// What there was of the body.
    pub(crate) sizes: Sizes,
    /// How often it was tried. An item that was never sent has none.
    pub(crate) attempts: u16,
    /// How often it had been tried when it was redirected away from each of the URLs but the last.
    pub(crate) tries_before: Vec<u16>,
    /// Where the time went.
    pub(crate) timings: Timings,
    /// Why it failed.
    pub(crate) error: Option<Error>,
    /// An earlier run came to this.
    pub(crate) is_from_journal: bool,
    /// The file that is there is the newest, and what was written down of it holds.
    pub(crate) is_unchanged: bool,
    /// Where it is written down.
    pub(crate) entry: Option<JournalEntry>,
}

/// An outcome as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Status 200 to 299, and nothing went wrong.
    pub(crate) is_ok: bool,
    /// The status of the last response, if one came.
    pub(crate) status: Option<u16>,
    /// Why it failed.
    pub(crate) code: Option<Code>,
}

/// The bytes of one body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    /// As handed over.
    pub(crate) decoded: u64,
    /// As they came, without the framing of HTTP.
    pub(crate) wire: u64,
    /// The body is whole, and every coding was undone, or there was none.
    pub(crate) is_decoded: bool,
}

/// Where the time of one item went. Redirects add up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    /// Waiting for permits.
    pub(crate) queue: Duration,
    /// Looking the name up.
    pub(crate) dns: Duration,
    /// TCP and TLS.
    pub(crate) connect: Duration,
    /// From the connection to the head.
    pub(crate) first_byte: Duration,
    /// From the head to the body's end.
    pub(crate) download: Duration,
    /// From the item's arrival to its outcome.
    pub(crate) total: Duration,
    /// The last request went over a connection that was there.
    pub(crate) reused: bool,
}

/// An item that cannot be sent, with the URL as far as it is fit to be shown.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) index: u32,
    /// As far as it is known.
    pub(crate) method: Option<Method>,
    pub(crate) url: String,
    pub(crate) error: Error,
}

impl Outcome {
    /// The outcome of an item that could not be sent.
    pub(crate) fn refused(refused: Refused) -> Self {
        Self {
            index: refused.index,
            method: refused.method,
            urls: vec![refused.url],
            error: Some(refused.error),
            ..Self::nothing()
        }
    }

    /// An outcome of which nothing is known yet.
    pub(crate) fn nothing() -> Self {
        Self {
            index: 0,
            method: None,
            urls: Vec::new(),
            head: None,
            body: Body::Empty,
            file: None,
            sizes: Sizes::default(),
            attempts: 0,
            tries_before: Vec::new(),
            timings: Timings::default(),
            error: None,
            is_from_journal: false,
            is_unchanged: false,
            entry: None,
        }
    }

    /// What the numbers of the run are to know of it.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict {
            is_ok: self.is_ok(),
            status: self.head.as_ref().map(|head| head.status.as_u16()),
            code: self.error.as_ref().map(|error| error.code),
        }
    }

    /// Status 200 to 299, or the file is there; and nothing went wrong.
    fn is_ok(&self) -> bool {
        let head = self.head.as_ref();
        let is_success = head.is_some_and(|head| head.status.is_success());
        self.error.is_none() && (is_success || self.file.is_some())
    }
}
