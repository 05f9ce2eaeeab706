//! What is noted beside an unfinished file, so that a later run can continue it: where it is from, which version of it, and, when it
//! was left in order, how it looked then. Who reads the notes trusts nothing in them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::SystemTime;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
#[cfg(unix)]
use cap_std::fs::OpenOptionsExt as _;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};
use serde::{Deserialize, Serialize};

/// A file that is longer was not written here.
const MAX_BYTES: u64 = 1 << 20;

/// What a resumption needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// Where the bytes are from.
    pub(crate) url: String,
    /// What tells this version of the file from all others: a strong `ETag` or the date of `Last-Modified`, as it came.
    pub(crate) validator: String,
    /// The bytes of the whole file, where the server has told.
    pub(crate) total: Option<u64>,
}

/// How the unfinished file was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    size: u64,
    modified: SystemTime,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record<N> {
    #[serde(flatten)]
    notes: N,
    /// Missing while the file is written to, and for good when the process was killed meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<Closed>,
}

/// Notes that fit the unfinished file they were found with.
#[derive(Debug)]
pub(super) struct Fitting {
    pub(super) notes: Notes,
    pub(super) is_closed: bool,
}

impl Notes {
    /// Whether the validator may go into `If-Range`: weak ones say nothing of bytes.
    pub(crate) fn is_strong(&self) -> bool {
        is_strong_tag(&self.validator) || httpdate::parse_http_date(&self.validator).is_ok()
    }

    fn fit(&self, url: &str, size: u64) -> bool {
        self.url == url && self.is_strong() && self.total.is_none_or(|total| size <= total)
    }
}

impl Closed {
    /// As `metadata` shows the file.
    pub(super) fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified()?.into_std(),
        })
    }
}

fn is_strong_tag(validator: &str) -> bool {
    validator
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .is_some_and(|tag| !tag.contains(|c: char| c == '"' || c == ' ' || c.is_control()))
}

/// Writes notes to a file that is made for them: nothing that stands there is written through, be it a link.
pub(super) fn write(
    dir: &Dir,
    base: &str,
    notes: &Notes,
    closed: Option<Closed>,
) -> io::Result<()> {
    let text = serde_json::to_vec(&Record { notes, closed })?;
    let mut file = match create(dir, base) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            remove(dir, base)?;
            create(dir, base)?
        }
        created => created?,
    };
    file.write_all(&text)
}

fn create(dir: &Dir, base: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // A URL may be a secret.
    #[cfg(unix)]
    options.mode(0o600);
    dir.open_with(base, &options)
}

/// The notes at `base`, if there are any and they are of the file that `metadata` shows and that is to come from `url`.
pub(super) fn read(dir: &Dir, base: &str, url: &str, metadata: &Metadata) -> Option<Fitting> {
    let record = parse(dir, base)?;
    let is_as_left = match record.closed {
        Some(closed) => Closed::of(metadata).is_ok_and(|now| now == closed),
        None => true,
    };
    let fits = is_as_left && record.notes.fit(url, metadata.len());
    fits.then_some(Fitting {
        notes: record.notes,
        is_closed: record.closed.is_some(),
    })
}

fn parse(dir: &Dir, base: &str) -> Option<Record<Notes>> {
    let mut options = OpenOptions::new();
    // Nobody may be at the other end of a FIFO.
    options.read(true).follow(FollowSymlinks::No).nonblock(true);
    let file = dir.open_with(base, &options).ok()?;
    let mut text = Vec::new();
    let is_regular = file.metadata().ok()?.is_file();
    if !is_regular {
        return None;
    }
    file.take(MAX_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Removes the notes at `base`, if there are any. There seldom are, and to look is cheaper than to try.
pub(super) fn remove(dir: &Dir, base: &str) -> io::Result<()> {
    match dir
        .symlink_metadata(base)
        .and_then(|_| dir.remove_file(base))
    {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
