//! A journal's file as it is found: opened, locked, and read once from its beginning to its last whole line.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::fault;
use super::index::{Index, Place};
use super::lines::{Entry, MAX_HEADER, MAX_LINE, is_header, is_torn_header};
use crate::error::{Code, Error};

/// Bytes that are read at once.
const READ: usize = 256 * 1024;

/// A journal of ours, locked until the file is closed.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) index: Index,
    /// Bytes of whole lines: nothing if not even the header is one.
    pub(super) whole: u64,
}

/// Opens or makes the file at `path`, and changes nothing of what is in it.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    let unopened = |error: io::Error| fault(path, "open", &error);
    let file = options().open(path).map_err(unopened)?;
    let metadata = file.metadata().map_err(unopened)?;
    if !metadata.is_file() {
        return Err(mismatch(path, "it is no file"));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let detail = format!("the journal {} is in use by another run", path.display());
            return Err(Error::new(Code::Busy, detail));
        }
        Err(TryLockError::Error(error)) => return Err(unopened(error)),
    }
    let (index, whole) = Scan::new(&file, path).run()?;
    Ok(Opened { file, index, whole })
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    // Heads of responses may hold secrets.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn mismatch(path: &Path, why: &str) -> Error {
    let detail = format!("the journal {} cannot be used: {why}", path.display());
    Error::new(Code::JournalMismatch, detail)
}

struct Scan<'a, R> {
    reader: BufReader<R>,
    path: &'a Path,
    index: Index,
    line: Vec<u8>,
    /// Counted from 1, as editors do.
    number: u64,
    whole: u64,
}

impl<'a, R: Read> Scan<'a, R> {
    fn new(reader: R, path: &'a Path) -> Self {
        Self {
            reader: BufReader::with_capacity(READ, reader),
            path,
            index: Index::default(),
            line: Vec::new(),
            number: 0,
            whole: 0,
        }
    }

    fn run(mut self) -> Result<(Index, u64), Error> {
        if self.header()? {
            while self.next_line(MAX_LINE)? && self.entry()? {
                self.whole += self.line.len() as u64;
            }
        }
        Ok((self.index, self.whole))
    }

    /// Whether there is a whole header.
    fn header(&mut self) -> Result<bool, Error> {
        let is_whole = self.next_line(MAX_HEADER)?;
        let is_ours = if is_whole {
            is_header(&self.line)
        } else {
            is_torn_header(&self.line)
        };
        if !is_ours {
            return Err(mismatch(self.path, "it is no journal of this version"));
        }
        if is_whole {
            self.whole = self.line.len() as u64;
        }
        Ok(is_whole)
    }

    /// Takes in the line that was read. `false` if it is a broken one at the file's end: a crash of the system may leave
    /// such, with zeros for what had not reached the disk.
    fn entry(&mut self) -> Result<bool, Error> {
        let Some(entry) = Entry::read(&self.line) else {
            let rest = self.reader.fill_buf().map(<[u8]>::is_empty);
            let is_last = rest.map_err(|error| self.unread(&error))?;
            return if is_last {
                Ok(false)
            } else {
                Err(self.broken("is broken"))
            };
        };
        let length = u32::try_from(self.line.len() - 1);
        let length = length.map_err(|_| self.broken("is too long"))?;
        let offset = self.whole;
        self.index
            .note(&entry, Place { offset, length })
            .map_err(|_| self.broken("is of another item than an earlier one of the same index"))?;
        Ok(true)
    }

    /// Reads the next line. `false` if the file ends before the line does.
    fn next_line(&mut self, max: usize) -> Result<bool, Error> {
        self.line.clear();
        self.number += 1;
        let mut reader = (&mut self.reader).take(max as u64);
        reader
            .read_until(b'\n', &mut self.line)
            .map_err(|error| self.unread(&error))?;
        let is_whole = self.line.ends_with(b"\n");
        if !is_whole && self.line.len() >= max {
            return Err(self.broken("is too long"));
        }
        Ok(is_whole)
    }

    fn broken(&self, how: &str) -> Error {
        mismatch(self.path, &format!("its line {} {how}", self.number))
    }

    fn unread(&self, error: &io::Error) -> Error {
        fault(self.path, "read", error)
    }
}

/// The folder whose entry for the file at `path` must reach the disk too.
pub(super) fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    if folder.as_os_str().is_empty() {
        return Some(PathBuf::from("."));
    }
    Some(folder.to_path_buf())
}

/// Waits until the names in `folder` are on the disk.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // There are file systems that cannot be asked.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// The system has no way to ask for it.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
