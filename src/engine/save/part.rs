//! A file that is being saved: written beside its name under another one, with notes for whoever has to continue it, and renamed when
//! it is complete. Of what stands in the folder it touches nothing that is not its own.

mod commit;
mod leave;

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use cap_std::fs::{Dir, Metadata};

use super::fault::{of_disk, shown};
use super::folder::{Folder, split};
use super::locked::{self, Locked};
use super::names;
use super::notes::{self, Notes};
use crate::error::Error;

pub(crate) use commit::Commit;

const READ_SIZE: usize = 64 << 10;

/// The unfinished file beside a name, locked against other writers, of this process and of others, for as long as this value lives.
///
/// Dropped without a word, it goes away, unless there are notes to continue it by.
#[derive(Debug)]
pub(crate) struct Part {
    folder: Arc<Folder>,
    dir: Arc<Dir>,
    name: String,
    path: String,
    file: File,
    opened: Metadata,
    size: u64,
    notes: Option<Notes>,
    /// The notes on the disk say how the file was left, and it has not changed since.
    is_closed: bool,
    is_settled: bool,
}

impl Part {
    /// An empty one for `name`, whatever an earlier try has left. Missing sub-folders are made.
    ///
    /// # Errors
    /// `EBUSY` if somebody else is writing it, `EEXIST` if something stands there that is no regular file, and the system's own.
    pub(crate) fn begin(folder: &Arc<Folder>, name: &str) -> Result<Self, Error> {
        let mut part = Self::open(folder, name)?;
        part.restart()?;
        Ok(part)
    }

    /// The one that an earlier try has left, if its notes fit: the same URL, a strong validator, no more bytes than the file is to
    /// have, and as it was left, where that is known. Else an empty one, as [`Part::begin`] makes it.
    ///
    /// # Errors
    /// Those of [`Part::begin`].
    pub(crate) fn resume(folder: &Arc<Folder>, name: &str, url: &str) -> Result<Self, Error> {
        let mut part = Self::open(folder, name)?;
        let fitting = if part.size > 0 {
            notes::read(&part.dir, &part.notes_base(), url, &part.opened)
        } else {
            None
        };
        let Some(fitting) = fitting else {
            part.restart()?;
            return Ok(part);
        };
        part.notes = Some(fitting.notes);
        part.is_closed = fitting.is_closed;
        part.seek_to_end()?;
        Ok(part)
    }

    fn open(folder: &Arc<Folder>, name: &str) -> Result<Self, Error> {
        folder.expect_parts();
        let dir = folder.parent_of(name)?;
        let path = names::unfinished(name);
        let Locked { file, metadata } = locked::open(&dir, &path)?;
        Ok(Self {
            folder: Arc::clone(folder),
            dir,
            name: name.into(),
            path,
            file,
            size: metadata.len(),
            opened: metadata,
            notes: None,
            is_closed: false,
            is_settled: false,
        })
    }

    /// Bytes that it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What is noted of it: by an earlier try, or by [`Part::note`].
    pub(crate) fn notes(&self) -> Option<&Notes> {
        self.notes.as_ref()
    }

    /// Empty again, and without notes.
    ///
    /// # Errors
    /// The system's own.
    pub(crate) fn restart(&mut self) -> Result<(), Error> {
        // Always, and first: notes that others have left must never stand beside bytes that they are not of.
        self.notes = None;
        self.is_closed = false;
        notes::remove(&self.dir, &self.notes_base())
            .map_err(|error| self.failed("remove the notes of", &error))?;
        if self.size > 0 {
            let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
            emptied.map_err(|error| self.failed("empty", &error))?;
            self.size = 0;
        }
        Ok(())
    }

    /// Notes what it takes to continue the file, before the bytes come. A validator that is not strong leaves it without notes.
    ///
    /// # Errors
    /// The system's own.
    pub(crate) fn note(&mut self, notes: Notes) -> Result<(), Error> {
        self.notes = None;
        self.is_closed = false;
        let result = if notes.is_strong() {
            notes::write(&self.dir, &self.notes_base(), &notes, None)
        } else {
            notes::remove(&self.dir, &self.notes_base())
        };
        result.map_err(|error| self.failed("write the notes of", &error))?;
        self.notes = Some(notes).filter(Notes::is_strong);
        Ok(())
    }

    /// Adds `bytes`. After an error it has those that [`Part::size`] counts.
    ///
    /// # Errors
    /// The system's own: `ENOSPC`, `EDQUOT`, `EFBIG` and so on.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(notes) = self.notes.take_if(|_| self.is_closed) {
            self.note(notes)?;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = match self.file.write(rest) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
                written => written,
            };
            let written = written.map_err(|error| self.failed("write to", &error))?;
            self.size += written as u64;
            rest = &rest[written..];
        }
        Ok(())
    }

    /// Gives all its bytes to `take`, in order; more can be added afterwards.
    ///
    /// # Errors
    /// The system's own.
    pub(crate) fn read_back(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let read = self.read_all(take);
        self.seek_to_end()?;
        read.map_err(|error| self.failed("read", &error))
    }

    fn read_all(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.file.rewind()?;
        let mut buffer = vec![0; READ_SIZE];
        let mut left = self.size;
        while left > 0 {
            let room = usize::try_from(left).map_or(READ_SIZE, |left| left.min(READ_SIZE));
            self.file.read_exact(&mut buffer[..room])?;
            take(&buffer[..room]);
            left -= room as u64;
        }
        Ok(())
    }

    fn seek_to_end(&mut self) -> Result<(), Error> {
        let sought = self.file.seek(SeekFrom::Start(self.size));
        sought
            .map(drop)
            .map_err(|error| self.failed("read", &error))
    }

    fn notes_base(&self) -> String {
        let path = names::notes(&self.name);
        let (_, base) = split(&path);
        base.into()
    }

    fn failed(&self, tried: &str, error: &io::Error) -> Error {
        of_disk(error, &format!("{tried} {}", shown(&self.path)))
    }
}

#[cfg(test)]
mod tests;
