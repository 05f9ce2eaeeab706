//! Finished items as columns, ready to cross into JavaScript in one go: a block of numbers, a block of text, and a few slabs
//! with the bodies. `src/js/batch.js` reads this layout; the two change together.
//!
//! The block of numbers holds one column after the other, each with a value for every row, in the machine's byte order:
//!
//! | type | columns |
//! |---|---|
//! | f64 | size, wire size |
//! | f32 | milliseconds: queue, dns, connect, first byte, download, total |
//! | u32 | index; ends of the row's URLs, head and error in the text; body: slab, start, length |
//! | u16 | status (0: no response), attempts |
//! | u8 | HTTP version (10, 11, 20; 0: none), flags, code and phase of the error (their number + 1) |
//!
//! The flags: 1, over a connection that was there; 2, decoded; 4, a copy: all else is that of the item whose index stands in the
//! place of the slab; 8, the body is text that is not in UTF-8; 16, the body is in a file; 32, it is known from the journal.
//!
//! A row's text is three parts without gaps: its URLs in UTF-8, a line each, the first asked for and the others redirected
//! to; the head in Latin-1, a line each, first the reason phrase, then the address at the other end, then `name: value`; the
//! error's message in UTF-8, or, where the body is in a file, its path.

use std::io::Write as _;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode, Version};

use crate::charset;
use crate::error::{Code, Phase};
use crate::outcome::Outcome;
use crate::sink::{Body, OWN_MEMORY};
use crate::transport::Head;

/// Rows after which a batch is handed over.
const MAX_ROWS: usize = 512;

/// Bytes of bodies and text after which a batch is handed over.
const MAX_BYTES: usize = 1 << 20;

/// The slab number of an empty body.
const NO_SLAB: u32 = u32::MAX;

const REUSED: u8 = 1;
const DECODED: u8 = 2;
const COPY: u8 = 4;
const OTHER_CHARSET: u8 = 8;
const SAVED: u8 = 16;
const FROM_JOURNAL: u8 = 32;

/// Finished items as columns.
#[derive(Debug)]
pub struct Batch {
    /// Rows.
    pub len: usize,
    /// The block of numbers.
    pub columns: Vec<u8>,
    /// The block of text.
    pub text: Vec<u8>,
    /// The bodies.
    pub slabs: Vec<Vec<u8>>,
}

impl Batch {
    /// Bytes of all its bodies.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.slabs.iter().map(|slab| slab.len() as u64).sum()
    }
}

/// A batch that still takes rows.
#[derive(Debug, Default)]
pub(crate) struct BatchBuilder {
    rows: Vec<Row>,
    text: Vec<u8>,
    slabs: Vec<Vec<u8>>,
    /// The slab that small bodies share.
    shared: Option<usize>,
    /// Bytes of bodies.
    bytes: usize,
}

#[derive(Debug)]
struct Row {
    sizes: [f64; 2],
    timings: [f32; 6],
    places: [u32; 7],
    counts: [u16; 2],
    kinds: [u8; 4],
}

impl BatchBuilder {
    pub(crate) fn push(&mut self, outcome: Outcome) {
        let texts = self.push_text(&outcome);
        let is_other_charset = !is_utf8(&outcome);
        let body = self.push_body(outcome.body);
        let timings = &outcome.timings;
        let status = outcome.head.as_ref().map(|head| head.status);
        let error = outcome.error.as_ref();
        let flags = if timings.reused { REUSED } else { 0 }
            | if outcome.sizes.is_decoded { DECODED } else { 0 }
            | if is_other_charset { OTHER_CHARSET } else { 0 }
            | if outcome.file.is_some() { SAVED } else { 0 }
            | if outcome.is_from_journal {
                FROM_JOURNAL
            } else {
                0
            };
        self.rows.push(Row {
            sizes: [outcome.sizes.decoded as f64, outcome.sizes.wire as f64],
            timings: [
                timings.queue,
                timings.dns,
                timings.connect,
                timings.first_byte,
                timings.download,
                timings.total,
            ]
            .map(|time| time.as_secs_f32() * 1_000.0),
            places: [
                outcome.index,
                texts[0],
                texts[1],
                texts[2],
                body[0],
                body[1],
                body[2],
            ],
            counts: [
                status.as_ref().map_or(0, StatusCode::as_u16),
                outcome.attempts,
            ],
            kinds: [
                outcome.head.as_ref().map_or(0, version_number),
                flags,
                error.map_or(0, |error| number(Code::ALL, error.code)),
                error
                    .and_then(|error| error.phase)
                    .map_or(0, |phase| number(Phase::ALL, phase)),
            ],
        });
    }

    /// Adds the item at `index` as a copy of the one at `original`, whose row came before, in this batch or in an earlier one.
    pub(crate) fn push_copy(&mut self, index: u32, original: u32) {
        let end = offset(self.text.len());
        self.rows.push(Row {
            sizes: [0.0; 2],
            timings: [0.0; 6],
            places: [index, end, end, end, original, 0, 0],
            counts: [0; 2],
            kinds: [0, COPY, 0, 0],
        });
    }

    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= MAX_ROWS || self.bytes + self.text.len() >= MAX_BYTES
    }

    /// Closes the batch and begins the next one.
    pub(crate) fn seal(&mut self) -> Batch {
        let Self {
            rows,
            mut text,
            mut slabs,
            shared,
            ..
        } = std::mem::take(self);
        text.shrink_to_fit();
        if let Some(slab) = shared.and_then(|slab| slabs.get_mut(slab)) {
            slab.shrink_to_fit();
        }
        let mut columns = Vec::with_capacity(rows.len() * size_of::<Row>());
        put(&mut columns, &rows, |row| row.sizes.map(f64::to_ne_bytes));
        put(&mut columns, &rows, |row| row.timings.map(f32::to_ne_bytes));
        put(&mut columns, &rows, |row| row.places.map(u32::to_ne_bytes));
        put(&mut columns, &rows, |row| row.counts.map(u16::to_ne_bytes));
        put(&mut columns, &rows, |row| row.kinds.map(u8::to_ne_bytes));
        Batch {
            len: rows.len(),
            columns,
            text,
            slabs,
        }
    }

    /// Writes the row's text and returns where its parts end.
    fn push_text(&mut self, outcome: &Outcome) -> [u32; 3] {
        let text = &mut self.text;
        for (i, url) in outcome.urls.iter().enumerate() {
            if i > 0 {
                text.push(b'\n');
            }
            text.extend_from_slice(url.as_bytes());
        }
        let urls_end = offset(text.len());
        if let Some(head) = &outcome.head {
            push_head(text, head);
        }
        let head_end = offset(text.len());
        if let Some(error) = &outcome.error {
            let url = outcome.urls.last().map_or("", String::as_str);
            // An item that could not be read has neither.
            if !url.is_empty() {
                if let Some(method) = &outcome.method {
                    text.extend_from_slice(method.as_str().as_bytes());
                    text.push(b' ');
                }
                text.extend_from_slice(url.as_bytes());
                text.extend_from_slice(b": ");
            }
            text.extend_from_slice(error.detail.as_bytes());
        } else if let Some(file) = &outcome.file {
            text.extend_from_slice(file.as_bytes());
        }
        [urls_end, head_end, offset(text.len())]
    }

    /// Puts the body into a slab and returns which, where and how long.
    fn push_body(&mut self, body: Body) -> [u32; 3] {
        let length = body.as_ref().len();
        self.bytes += length;
        if length == 0 {
            return [NO_SLAB, 0, 0];
        }
        if length >= OWN_MEMORY {
            self.slabs.push(match body {
                Body::Owned(bytes) => bytes,
                Body::Empty | Body::Borrowed(_) => body.as_ref().to_vec(),
            });
            return [offset(self.slabs.len() - 1), 0, offset(length)];
        }
        let shared = *self.shared.get_or_insert_with(|| {
            self.slabs.push(Vec::new());
            self.slabs.len() - 1
        });
        let slab = &mut self.slabs[shared];
        let start = slab.len();
        slab.extend_from_slice(body.as_ref());
        [offset(shared), offset(start), offset(length)]
    }
}

fn is_utf8(outcome: &Outcome) -> bool {
    let content_type = outcome
        .head
        .as_ref()
        .and_then(|head| head.headers.get(CONTENT_TYPE));
    charset::is_utf8(
        content_type.map(HeaderValue::as_bytes),
        outcome.body.as_ref(),
    )
}

fn push_head(text: &mut Vec<u8>, head: &Head) {
    match &head.reason {
        Some(reason) => text.extend(reason.iter().filter(|byte| **byte != b'\n')),
        None if head.version == Version::HTTP_2 => {}
        None => text.extend_from_slice(head.status.canonical_reason().unwrap_or("").as_bytes()),
    }
    text.push(b'\n');
    if let Some(remote) = head.remote {
        // Writing to memory cannot fail.
        let _ = write!(text, "{remote}");
    }
    for (name, value) in &head.headers {
        text.push(b'\n');
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
    }
}

/// Appends columns: all rows' first values, then all rows' second ones, and so on.
fn put<const COLUMNS: usize, const WIDTH: usize>(
    block: &mut Vec<u8>,
    rows: &[Row],
    values: impl Fn(&Row) -> [[u8; WIDTH]; COLUMNS],
) {
    for column in 0..COLUMNS {
        for row in rows {
            block.extend_from_slice(&values(row)[column]);
        }
    }
}

fn version_number(head: &Head) -> u8 {
    match head.version {
        Version::HTTP_2 => 20,
        Version::HTTP_10 => 10,
        _ => 11,
    }
}

/// The number of `value` in `all`, counted from one: 0 is none.
fn number<T: PartialEq + Copy>(all: &[T], value: T) -> u8 {
    all.iter()
        .position(|other| *other == value)
        .map_or(0, |at| u8::try_from(at + 1).unwrap_or(u8::MAX))
}

/// A batch is closed long before a place in it needs more than 32 bits; a single body has fewer by its sink.
fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
