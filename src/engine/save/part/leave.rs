//! The ends of an unfinished file that is not complete: it goes away, or stays for a later run.

use std::io::{self, ErrorKind};
use std::time::SystemTime;

use cap_std::fs::Metadata;

use super::Part;
use crate::save::folder::split;
use crate::save::notes::Closed;
use crate::save::{locked, notes};

impl Part {
    /// Gives it up: the unfinished file and its notes go away.
    pub(crate) fn discard(mut self) {
        self.remove();
        self.is_settled = true;
    }

    /// Leaves it for a later run to continue. One that has no notes, or nothing in it, is given up.
    pub(crate) fn keep(mut self) {
        let is_kept = self.is_worth_keeping() && (self.is_closed || self.close().is_ok());
        if is_kept {
            self.unlock();
        } else {
            self.remove();
        }
        self.is_settled = true;
    }

    fn is_worth_keeping(&self) -> bool {
        self.notes.is_some() && self.size > 0
    }

    /// Notes how the file is left.
    fn close(&self) -> io::Result<()> {
        if cfg!(windows) {
            // Until then, the time of the last write is only settled when the file is closed.
            self.file.set_modified(SystemTime::now())?;
        }
        let metadata = Metadata::from_file(&self.file)?;
        let Some(notes) = self.notes.as_ref().filter(|_| metadata.len() == self.size) else {
            return Err(ErrorKind::InvalidData.into());
        };
        let closed = Closed::of(&metadata)?;
        notes::write(&self.dir, &self.notes_base(), notes, Some(closed))
    }

    /// Notes first: without them, what is left of the file is never continued. Nobody could do anything about an error.
    fn remove(&self) {
        let _ = notes::remove(&self.dir, &self.notes_base());
        let (_, base) = split(&self.path);
        // Another program may have put something of its own there.
        if let Ok(Some(_)) = locked::standing(&self.dir, base, &self.opened) {
            let _ = self.dir.remove_file(base);
        }
    }

    /// Closing the file would do, if it were not for a child process that is just being started: it holds a copy of the handle, and
    /// with it the lock, until it is another program. That only matters for a file that stays where it is.
    fn unlock(&self) {
        let _ = self.file.unlock();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        if self.is_worth_keeping() {
            self.unlock();
        } else {
            self.remove();
        }
    }
}
