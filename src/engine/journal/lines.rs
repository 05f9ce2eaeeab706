//! The format of the journal: a header, then one JSON object a line, each of one item.
//!
//! ```text
//! {"manyfetch":"journal","version":1}
//! {"index":0,"state":"intended","id":"…","file":"a.bin"}
//! {"index":0,"state":"finished","id":"…","ok":true,"status":200,"urls":["https://…"],"file":"a.bin",…}
//! {"index":1,"state":"copied","id":"…","from":0}
//! ```

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::item::{ItemId, Record};
use crate::error::{Code, Error};

/// The first line of every journal.
pub(super) const HEADER: &str = "{\"manyfetch\":\"journal\",\"version\":1}\n";

/// Bytes that a header may have, so that a large file of another kind is found out soon.
pub(super) const MAX_HEADER: usize = 1024;

/// Bytes that a line may have: no more than this is read into memory at once.
pub(super) const MAX_LINE: usize = 64 << 20;

/// Whether `line` is the first one of a journal that is understood here.
pub(super) fn is_header(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        manyfetch: String,
        version: u32,
    }
    parse(line).is_some_and(|Header { manyfetch, version }| manyfetch == "journal" && version == 1)
}

/// Whether a file with these bytes and no more is a journal that was killed at its birth.
pub(super) fn is_torn_header(bytes: &[u8]) -> bool {
    HEADER.as_bytes().starts_with(bytes) && bytes.len() < HEADER.len()
}

/// What a line says, but for the details of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) index: u32,
    pub(super) id: ItemId,
    pub(super) event: Event,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A file is about to get its name.
    Intended,
    /// The item came to an end; a saved one has its body in a file.
    Finished { is_saved: bool },
    /// It came to the same end as this item.
    Copied { from: u32 },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Intended,
    Finished,
    Copied,
}

impl Entry {
    /// Reads a line with or without its end. `None` for a broken one.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Line<'a> {
            index: u32,
            state: State,
            #[serde(borrow)]
            id: Cow<'a, str>,
            from: Option<u32>,
            ok: Option<bool>,
            file: Option<IgnoredAny>,
        }
        // In parts that are ignored, the parser would take bytes that are no text.
        let line: Line<'_> = serde_json::from_str(str::from_utf8(line).ok()?).ok()?;
        let event = match line.state {
            State::Intended => line.file.map(|_| Event::Intended)?,
            State::Finished => Event::Finished {
                is_saved: line.ok? && line.file.is_some(),
            },
            State::Copied => Event::Copied { from: line.from? },
        };
        Some(Self {
            index: line.index,
            id: ItemId::read(&line.id)?,
            event,
        })
    }

    /// The line that says so, with `rest` for the details.
    fn write(&self, rest: impl Serialize) -> Result<Vec<u8>, Error> {
        #[derive(Serialize)]
        struct Line<T> {
            index: u32,
            state: State,
            id: ItemId,
            #[serde(flatten)]
            rest: T,
        }
        let state = match self.event {
            Event::Intended => State::Intended,
            Event::Finished { .. } => State::Finished,
            Event::Copied { .. } => State::Copied,
        };
        let (index, id) = (self.index, self.id);
        let line = Line {
            index,
            state,
            id,
            rest,
        };
        let mut bytes = serde_json::to_vec(&line)
            .map_err(|error| Error::new(Code::Internal, format!("no journal line: {error}")))?;
        bytes.push(b'\n');
        if bytes.len() > MAX_LINE {
            let detail = format!("what is to be remembered of item {index} is too long");
            return Err(Error::new(Code::OutOfRange, detail));
        }
        Ok(bytes)
    }
}

#[derive(Serialize, Deserialize)]
struct Intent<'a> {
    file: Cow<'a, str>,
}

/// The line of an item that is about to be saved under `file`.
pub(super) fn intended(index: u32, id: ItemId, file: &str) -> Result<(Entry, Vec<u8>), Error> {
    let event = Event::Intended;
    let entry = Entry { index, id, event };
    let file = Cow::Borrowed(file);
    Ok((entry, entry.write(Intent { file })?))
}

/// The line of an item that came to an end.
pub(super) fn finished(index: u32, id: ItemId, record: &Record) -> Result<(Entry, Vec<u8>), Error> {
    let is_saved = record.is_ok && record.file.is_some();
    let event = Event::Finished { is_saved };
    let entry = Entry { index, id, event };
    Ok((entry, entry.write(record)?))
}

/// The line of an item that came to the same end as the one at `from`.
pub(super) fn copied(index: u32, id: ItemId, from: u32) -> Result<(Entry, Vec<u8>), Error> {
    #[derive(Serialize)]
    struct Copied {
        from: u32,
    }
    let event = Event::Copied { from };
    let entry = Entry { index, id, event };
    Ok((entry, entry.write(Copied { from })?))
}

/// The name of the file in a line of [`Event::Intended`].
pub(super) fn read_file(line: &[u8]) -> Option<String> {
    parse(line).map(|Intent { file }| file.into_owned())
}

/// The details in a line of [`Event::Finished`].
pub(super) fn read_record(line: &[u8]) -> Option<Record> {
    parse(line)
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}
