//! The record of a run's finished items, so that the same run again does only what is missing. `lines.rs` has its format.
//!
//! One run at a time holds a journal. What was handed to the system survives a kill; a line that a kill tore is cut off by
//! the next run. Lines are only ever added, and the last one on an item counts.

mod entry;
mod file;
mod index;
mod item;
mod lines;
mod tail;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Code, Error};
use crate::save::fault::of_disk;
use index::{Index, Known, Place};
use lines::Entry;
use tail::{Disk, Tail};

pub(crate) use entry::JournalEntry;
pub(crate) use item::{ItemId, Record};

/// What is known of an item from an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// Nothing.
    Unknown,
    /// It was to be saved under this name, and no more: a file so named is the run's own.
    Intended(String),
    /// It came to this end.
    Finished(Box<Record>),
}

/// How far the journal must have come before a file gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the file must not get its name before `ensure`"]
pub(crate) struct Mark(u64);

/// A journal that is open, and locked for this run.
pub(crate) struct Journal {
    path: PathBuf,
    file: Arc<File>,
    state: Mutex<State>,
    /// Of a new file, until its name is on the disk.
    folder: Mutex<Option<PathBuf>>,
}

struct State {
    tail: Tail<Arc<File>>,
    index: Index,
    is_closed: bool,
}

impl Journal {
    /// Opens the journal at `path`, or makes it, in a folder that exists.
    ///
    /// # Errors
    /// [`Code::Busy`] while another run holds it; [`Code::JournalMismatch`], and nothing is changed, for a file that is no
    /// journal or is broken before its end; and those of the disk.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let opened = file::open(path)?;
        let file = Arc::new(opened.file);
        let tail = start(&file, opened.whole).map_err(|error| fault(path, "write", &error))?;
        let index = opened.index;
        let is_new = opened.whole == 0;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            state: Mutex::new(State {
                tail,
                index,
                is_closed: false,
            }),
            folder: Mutex::new(file::folder_of(path).filter(|_| is_new)),
        })
    }

    /// What is known of the item at `index`.
    ///
    /// # Errors
    /// [`Code::JournalMismatch`] if another item was there; and those of the disk.
    pub(crate) fn look_up(&self, index: u32, id: ItemId) -> Result<Past, Error> {
        let state = self.lock();
        let Some(known) = state.index.get(index, id)? else {
            return Ok(Past::Unknown);
        };
        let (Known::Intended(Place { offset, length }) | Known::Finished(Place { offset, length })) =
            known;
        let line = state.tail.read(offset, length);
        drop(state);
        let line = line.map_err(|error| fault(&self.path, "read", &error))?;
        let past = match known {
            Known::Intended(_) => lines::read_file(&line).map(Past::Intended),
            Known::Finished(_) => {
                lines::read_record(&line).map(|record| Past::Finished(Box::new(record)))
            }
        };
        past.ok_or_else(|| {
            let detail = format!("what the journal has of item {index} is broken");
            Error::new(Code::JournalMismatch, detail)
        })
    }

    /// Gives `take` the name of every file that is there or was about to be.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn for_each_file(&self, mut take: impl FnMut(&str)) -> Result<(), Error> {
        let state = self.lock();
        for known in state.index.all() {
            let (Known::Intended(Place { offset, length })
            | Known::Finished(Place { offset, length })) = known;
            let line = state.tail.read(offset, length);
            let line = line.map_err(|error| fault(&self.path, "read", &error))?;
            if let Some(file) = lines::read_file(&line) {
                take(&file);
            }
        }
        Ok(())
    }

    /// Whether a file of the item is known, or was about to be there: more than any failure could tell.
    pub(crate) fn knows_file(&self, index: u32) -> bool {
        self.lock().index.knows_file(index)
    }

    /// The list has `total` items, and no more.
    ///
    /// # Errors
    /// [`Code::JournalMismatch`] if the journal knows of more.
    pub(crate) fn check_total(&self, total: u32) -> Result<(), Error> {
        self.lock().index.check_total(total)
    }

    /// The item is about to be saved under `file`: first [`Journal::ensure`] the mark, then rename.
    ///
    /// # Errors
    /// As for [`Journal::finish`].
    pub(crate) fn intend(&self, index: u32, id: ItemId, file: &str) -> Result<Mark, Error> {
        let (entry, line) = lines::intended(index, id, file)?;
        self.append(&entry, &line)
    }

    /// Hands the journal to the system up to `mark`, unless it has it.
    ///
    /// # Errors
    /// Those of the disk. The line stays pending then.
    pub(crate) fn ensure(&self, mark: Mark) -> Result<(), Error> {
        let mut state = self.lock();
        if state.tail.written() >= mark.0 || state.is_closed {
            return Ok(());
        }
        self.flush_tail(&mut state.tail)
    }

    /// The item came to an end.
    ///
    /// # Errors
    /// Those of the disk, if it does not even take what was to be written before; then the record is not taken. Also
    /// [`Code::JournalMismatch`] if another item is known at `index`.
    pub(crate) fn finish(&self, index: u32, id: ItemId, record: &Record) -> Result<(), Error> {
        let (entry, line) = lines::finished(index, id, record)?;
        self.append(&entry, &line).map(drop)
    }

    /// The item is equal to the one at `original`, which is finished, and came to the same end. If nothing is known of
    /// that one, because its record could not be taken, nothing will be known of this one.
    ///
    /// # Errors
    /// As for [`Journal::finish`].
    pub(crate) fn finish_copy(&self, index: u32, id: ItemId, original: u32) -> Result<(), Error> {
        let state = self.lock();
        let is_known = state.index.is_copy(index, id, original)?;
        if is_known || !state.index.is_finished(original) {
            return Ok(());
        }
        drop(state);
        let (entry, line) = lines::copied(index, id, original)?;
        self.append(&entry, &line).map(drop)
    }

    /// Hands what is pending to the system.
    ///
    /// # Errors
    /// Those of the disk. What it did not take stays pending.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let state = &mut *self.lock();
        if state.is_closed {
            return Ok(());
        }
        self.flush_tail(&mut state.tail)
    }

    /// Lets go of the journal: another run may have it, and nothing more is written.
    ///
    /// # Errors
    /// Those of the disk, which did not take what was pending.
    pub(crate) fn close(&self) -> Result<(), Error> {
        let state = &mut *self.lock();
        if state.is_closed {
            return Ok(());
        }
        let flushed = self.flush_tail(&mut state.tail);
        state.is_closed = true;
        let unlocked = self.file.unlock();
        flushed?;
        unlocked.map_err(|error| fault(&self.path, "unlock", &error))
    }

    /// Waits until what was flushed is on the disk. Others may write meanwhile.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.sync_disk()
            .map_err(|error| fault(&self.path, "sync", &error))
    }

    fn sync_disk(&self) -> io::Result<()> {
        self.file.sync_data()?;
        // Held while it lasts: nobody may take the name for safe before it is.
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*folder {
            file::sync_folder(path)?;
        }
        *folder = None;
        Ok(())
    }

    fn append(&self, entry: &Entry, line: &[u8]) -> Result<Mark, Error> {
        let state = &mut *self.lock();
        if state.is_closed {
            let detail = "the run is over, and the journal closed";
            return Err(Error::new(Code::Internal, detail));
        }
        let State { tail, index, .. } = state;
        index.get(entry.index, entry.id)?;
        if tail.is_full() {
            self.flush_tail(tail)?;
        }
        let offset = tail.push(line);
        // No line is longer than `MAX_LINE`.
        let length = u32::try_from(line.len() - 1).unwrap_or(u32::MAX);
        index.note(entry, Place { offset, length })?;
        if tail.is_full() {
            // The line is taken. If the disk fails, whoever writes next is told.
            let _ = tail.flush();
        }
        Ok(Mark(tail.end()))
    }

    fn flush_tail<D: Disk>(&self, tail: &mut Tail<D>) -> Result<(), Error> {
        tail.flush()
            .map_err(|error| fault(&self.path, "write", &error))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts `file` off after its whole lines, and begins a new one.
fn start(file: &Arc<File>, whole: u64) -> io::Result<Tail<Arc<File>>> {
    if file.metadata()?.len() != whole {
        file.set_len(whole)?;
    }
    let mut tail = Tail::new(Arc::clone(file), whole);
    if whole == 0 {
        tail.push(lines::HEADER.as_bytes());
        tail.flush()?;
    }
    Ok(tail)
}

fn fault(path: &Path, tried: &str, error: &io::Error) -> Error {
    let what = format!("{tried} the journal {}", path.display());
    of_disk(error, &what)
}

impl Drop for Journal {
    /// A run that was dropped has nobody left to hear of a fault.
    fn drop(&mut self) {
        let _ = self.close();
    }
}

impl fmt::Debug for Journal {
    /// Without what is pending, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
