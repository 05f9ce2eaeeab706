//! What one request has to do with the file that its response is saved to: what it asks for, and what the answer means (RFC 9110
//! §13 and §14). Parts that may not belong together are never joined: whatever does not fit exactly begins anew.

use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use url::Url;

use super::notes::Notes;
use super::{BusyTries, Part, Target};
use crate::error::Error;
use crate::journal::JournalEntry;
use crate::options::IfExists;
use crate::sink::{FilePlan, FileStart};
use crate::transport::{Head, Request};

/// How much older than the answer a date must be to tell one version from all others.
const SETTLED: u64 = 60;

/// What one request has to do with a file.
#[derive(Debug)]
pub(crate) struct Saving {
    pub(crate) target: Target,
    /// What an earlier try has left, where it can be continued.
    part: Option<Part>,
    /// The URL that was asked for in the beginning.
    url: String,
    may_resume: bool,
    /// A part of the file is what the caller asked for.
    is_range: bool,
}

/// What an answer means for the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Its body is the file.
    Whole,
    /// Its body is the rest of a file of so many bytes.
    Rest(u64),
    /// The file is complete as far as it has come.
    Complete,
    /// The file that is there is the newest.
    Unchanged,
    /// It fits nothing: the file is to be asked for from its beginning.
    Anew,
    /// It is a part of the file, and nobody asked for one.
    Unasked,
    /// It has nothing to do with the file.
    None,
}

impl Saving {
    /// What `request`, for an item that began at `url`, has to do with `target`.
    pub(crate) fn begin(target: Target, request: &Request, url: String) -> Self {
        let is_range = request.headers.contains_key(RANGE);
        let may_resume =
            request.method == Method::GET && !is_range && target.if_exists == IfExists::Resume;
        Self {
            target,
            part: None,
            url,
            may_resume,
            is_range,
        }
    }

    /// Whether an earlier try may have left something to go on with.
    pub(crate) fn may_resume(&self) -> bool {
        self.may_resume
    }

    /// Takes up what an earlier try has left.
    pub(crate) async fn resume(&mut self) -> Result<(), Error> {
        if let Some(name) = &self.target.name {
            self.part = Some(resumed(&self.target, name, &self.url).await?);
        }
        Ok(())
    }

    /// Asks in `headers` for what is missing, or what is newer.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        if self.may_resume {
            // Bytes of a coding could not be joined to those of another answer.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some((size, notes)) = self.partial()
            && let Ok(validator) = HeaderValue::from_str(&notes.validator)
        {
            headers.insert(RANGE, range_from(size));
            headers.insert(IF_RANGE, validator);
        }
        if let Some(known) = &self.target.known {
            for (said, asked) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
                if let Some(validator) = known.headers.get(said) {
                    headers.entry(asked).or_insert_with(|| validator.clone());
                }
            }
        }
    }

    /// What an answer with `head` means.
    pub(crate) fn read(&self, head: &Head) -> Answer {
        match (head.status, self.partial()) {
            (StatusCode::NOT_MODIFIED, _) if self.target.known.is_some() => Answer::Unchanged,
            (StatusCode::PARTIAL_CONTENT, Some((size, notes))) => rest(head, size, notes),
            (StatusCode::PARTIAL_CONTENT, None) if !self.is_range => Answer::Unasked,
            (StatusCode::RANGE_NOT_SATISFIABLE, Some((size, notes))) => {
                let is_whole = unsatisfied(head) == Some(size)
                    && notes.total.is_none_or(|total| total == size)
                    && is_same_version(&head.headers, notes);
                if is_whole {
                    Answer::Complete
                } else {
                    Answer::Anew
                }
            }
            (status, _) if status.is_success() => Answer::Whole,
            _ => Answer::None,
        }
    }

    /// The plan for the file, after an answer from `url` with `head` that has a part in it.
    pub(crate) fn plan(
        mut self,
        answer: Answer,
        head: &Head,
        url: &Url,
        entry: Option<JournalEntry>,
    ) -> Box<FilePlan> {
        let is_unseen = self.target.name.is_none();
        let name = self.target.name_after(&head.headers, url);
        let start = match self.part.take() {
            None if is_unseen => FileStart::NewAndUnseen,
            None => FileStart::New,
            Some(part) if answer == Answer::Whole => FileStart::Over(part),
            Some(part) => FileStart::At(part),
        };
        Box::new(FilePlan {
            name,
            start,
            notes: self.notes(head).filter(|_| answer == Answer::Whole),
            total: match answer {
                Answer::Rest(total) => Some(total),
                _ => None,
            },
            entry,
            target: self.target,
        })
    }

    /// The file that is there, and is the newest.
    pub(crate) fn unchanged(&self) -> Option<String> {
        let name = self.target.own.as_deref().or(self.target.name.as_deref());
        name.map(|name| self.target.path_of(name))
    }

    /// Lets go of what there is of the file.
    pub(crate) async fn begin_anew(&mut self) -> Result<(), Error> {
        let Some(mut part) = self.part.take() else {
            return Ok(());
        };
        let restarted = self.target.folder.work(move || {
            part.restart()?;
            part.discard();
            Ok(())
        });
        restarted.await
    }

    /// What is to be noted of a file that `head` begins, so that it can be continued.
    fn notes(&self, head: &Head) -> Option<Notes> {
        let is_plain =
            head.status == StatusCode::OK && !head.headers.contains_key(CONTENT_ENCODING);
        let validator = (self.may_resume && is_plain).then(|| validator(&head.headers));
        Some(Notes {
            url: self.url.clone(),
            validator: validator.flatten()?,
            total: number(&head.headers, &CONTENT_LENGTH),
        })
    }

    /// What an earlier try has left, and what is known of it.
    fn partial(&self) -> Option<(u64, &Notes)> {
        let part = self.part.as_ref().filter(|part| part.size() > 0)?;
        Some((part.size(), part.notes()?))
    }
}

async fn resumed(target: &Target, name: &str, url: &str) -> Result<Part, Error> {
    let mut tries = BusyTries::default();
    loop {
        let (name, url) = (name.to_owned(), url.to_owned());
        let folder = Arc::clone(&target.folder);
        let part = target
            .folder
            .work(move || Part::resume(&folder, &name, &url));
        match part.await {
            Err(error) if tries.wait_after(&error).await => {}
            done => return done,
        }
    }
}

fn range_from(size: u64) -> HeaderValue {
    let range = HeaderValue::try_from(format!("bytes={size}-"));
    range.unwrap_or_else(|_| unreachable!("letters and digits are a value"))
}

/// A 206 for all from `size` on: exactly there, of the same version, as far as the server says, and not encoded. Where nobody knows how
/// many bytes there are, nobody could tell whether they have come.
fn rest(head: &Head, size: u64, notes: &Notes) -> Answer {
    let is_plain = !head.headers.contains_key(CONTENT_ENCODING);
    let Some((start, end, said)) = content_range(&head.headers).filter(|_| is_plain) else {
        return Answer::Anew;
    };
    let Some(total) = said.or(notes.total) else {
        return Answer::Anew;
    };
    let is_there = start == size && start <= end && end < total;
    let is_same_total = notes.total.is_none_or(|noted| noted == total);
    if is_there && is_same_total && is_same_version(&head.headers, notes) {
        Answer::Rest(total)
    } else {
        Answer::Anew
    }
}

/// Whether `headers` say nothing else of the version than what is noted.
fn is_same_version(headers: &HeaderMap, notes: &Notes) -> bool {
    let is_tag = notes.validator.starts_with('"');
    let said = headers.get(if is_tag { ETAG } else { LAST_MODIFIED });
    said.is_none_or(|said| said.as_bytes() == notes.validator.as_bytes())
}

/// First byte, last byte, and all of them: `bytes 5-9/10` or `bytes 5-9/*`.
fn content_range(headers: &HeaderMap) -> Option<(u64, u64, Option<u64>)> {
    let text = only(headers, &CONTENT_RANGE)?;
    let (range, total) = bytes_of(text)?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let total = match total {
        "*" => None,
        total => Some(digits(total)?),
    };
    Some((digits(start)?, digits(end)?, total))
}

/// How many bytes there are, as a 416 says: `bytes */10`.
fn unsatisfied(head: &Head) -> Option<u64> {
    digits(bytes_of(only(&head.headers, &CONTENT_RANGE)?)?.strip_prefix("*/")?)
}

fn bytes_of(text: &str) -> Option<&str> {
    let (unit, rest) = text.trim().split_once(' ')?;
    unit.eq_ignore_ascii_case("bytes").then_some(rest.trim())
}

/// What tells this version of the file from all others: a strong tag, or a date that was past long enough when the answer was made.
fn validator(headers: &HeaderMap) -> Option<String> {
    if let Some(tag) = only(headers, &ETAG) {
        let is_strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
        return is_strong.then(|| tag.to_owned());
    }
    let date = |name| httpdate::parse_http_date(only(headers, &name)?).ok();
    let age = date(DATE)?.duration_since(date(LAST_MODIFIED)?).ok()?;
    let modified = only(headers, &LAST_MODIFIED)?;
    (age.as_secs() >= SETTLED).then(|| modified.to_owned())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    digits(only(headers, name)?.trim())
}

fn digits(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The value of a field that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    value.to_str().ok().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields<'a> = &'a [(&'a str, &'a str)];

    fn headers(fields: Fields<'_>) -> HeaderMap {
        let field = |(name, value): &(&str, &str)| {
            let name = HeaderName::try_from(*name).expect("it is a name");
            (name, HeaderValue::try_from(*value).expect("it is a value"))
        };
        fields.iter().map(field).collect()
    }

    fn head(status: u16, fields: Fields<'_>) -> Head {
        Head {
            status: StatusCode::from_u16(status).expect("it is a status"),
            version: http::Version::HTTP_11,
            reason: None,
            headers: headers(fields),
            remote: None,
        }
    }

    fn notes(total: Option<u64>) -> Notes {
        Notes {
            url: "http://a.test/".into(),
            validator: "\"one\"".into(),
            total,
        }
    }

    #[test]
    fn a_rest_that_fits_exactly_is_joined_and_nothing_else_is() {
        let cases: &[(Fields, Answer)] = &[
            (&[("content-range", "bytes 5-9/10")], Answer::Rest(10)),
            (&[("content-range", "bytes 5-7/10")], Answer::Rest(10)),
            (&[("content-range", "bytes 5-9/*")], Answer::Rest(10)),
            (
                &[("content-range", "Bytes 5-9/10"), ("etag", "\"one\"")],
                Answer::Rest(10),
            ),
            (&[], Answer::Anew),
            (&[("content-range", "bytes 4-9/10")], Answer::Anew),
            (&[("content-range", "bytes 6-9/10")], Answer::Anew),
            (&[("content-range", "bytes 5-9/11")], Answer::Anew),
            (&[("content-range", "bytes 5-4/10")], Answer::Anew),
            (&[("content-range", "bytes 5-10/10")], Answer::Anew),
            (&[("content-range", "items 5-9/10")], Answer::Anew),
            (&[("content-range", "bytes +5-9/10")], Answer::Anew),
            (
                &[("content-range", "bytes 5-9/99999999999999999999")],
                Answer::Anew,
            ),
            (
                &[
                    ("content-range", "bytes 5-9/10"),
                    ("content-range", "bytes 0-9/10"),
                ],
                Answer::Anew,
            ),
            (
                &[("content-range", "bytes 5-9/10"), ("etag", "\"two\"")],
                Answer::Anew,
            ),
            (
                &[
                    ("content-range", "bytes 5-9/10"),
                    ("content-encoding", "gzip"),
                ],
                Answer::Anew,
            ),
            (
                &[
                    ("content-range", "bytes 5-9/10"),
                    ("last-modified", "whenever"),
                ],
                Answer::Rest(10),
            ),
            (
                &[("content-type", "multipart/byteranges; boundary=x")],
                Answer::Anew,
            ),
        ];
        for (fields, expected) in cases {
            let answer = rest(&head(206, fields), 5, &notes(Some(10)));
            assert_eq!(answer, *expected, "{fields:?}");
        }
    }

    #[test]
    fn a_rest_of_unknown_length_begins_anew() {
        let known = head(206, &[("content-range", "bytes 5-9/10")]);
        assert_eq!(rest(&known, 5, &notes(None)), Answer::Rest(10));
        let unknown = head(206, &[("content-range", "bytes 5-9/*")]);
        assert_eq!(rest(&unknown, 5, &notes(None)), Answer::Anew);
    }

    #[test]
    fn only_strong_validators_are_noted() {
        const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let cases: &[(Fields, Option<&str>)] = &[
            (&[("etag", "\"a\"")], Some("\"a\"")),
            (&[("etag", "W/\"a\"")], None),
            (&[("etag", "a")], None),
            (&[("etag", "\"a\""), ("etag", "\"b\"")], None),
            (
                &[("last-modified", "Sun, 06 Nov 1994 08:48:37 GMT"), DATE],
                Some("Sun, 06 Nov 1994 08:48:37 GMT"),
            ),
            (
                &[("last-modified", "Sun, 06 Nov 1994 08:49:00 GMT"), DATE],
                None,
            ),
            (&[("last-modified", "Sun, 06 Nov 1994 08:48:37 GMT")], None),
            (&[("last-modified", "yesterday"), DATE], None),
            (&[], None),
        ];
        for (fields, expected) in cases {
            assert_eq!(
                validator(&headers(fields)).as_deref(),
                *expected,
                "{fields:?}"
            );
        }
    }
}
