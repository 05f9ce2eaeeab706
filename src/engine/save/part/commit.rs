//! From an unfinished file to a complete one under its final name. In this order: the mode, the disk, the name, the folder.

use std::io::{self, ErrorKind};

use cap_std::fs::Metadata;

use super::Part;
use crate::error::Error;
use crate::save::fault::taken;
use crate::save::folder::split;
use crate::save::{notes, place};

/// Somebody else has taken the free name, or freed the taken one, each time.
const MAX_TRIES: usize = 4;

/// How a complete file gets its final name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// A regular file of that name gives way; it is an error otherwise.
    pub(crate) replaces: bool,
    /// The file outlives a loss of power from then on.
    pub(crate) durable: bool,
}

impl Part {
    /// It is complete, and gets its final name. If it cannot have it, it goes away.
    ///
    /// # Errors
    /// `EEXIST` if something stands there that is not to be replaced, `EISDIR` if that is a folder and files were to be, and the
    /// system's own.
    pub(crate) fn commit(mut self, how: Commit) -> Result<(), Error> {
        if self.notes.take().is_some() {
            // Before the rename: nobody would come by later to remove them.
            notes::remove(&self.dir, &self.notes_base())
                .map_err(|error| self.failed("remove the notes of", &error))?;
        }
        self.get_name(how)?;
        self.is_settled = true;
        if how.durable {
            let synced = self.folder.sync_to(&self.name);
            synced.map_err(|error| self.failed("sync the folder of", &error))?;
        }
        Ok(())
    }

    fn get_name(&self, how: Commit) -> Result<(), Error> {
        for _ in 0..MAX_TRIES {
            let old = self.old(how)?;
            self.prepare(old.as_ref(), how)
                .map_err(|error| self.failed("finish", &error))?;
            match self.rename(old.is_some()) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(self.failed("rename", &error));
                }
                Err(_) if how.replaces => {}
                Err(_) => break,
            }
        }
        Err(taken(&self.name))
    }

    /// The file that is to give way.
    fn old(&self, how: Commit) -> Result<Option<Metadata>, Error> {
        if !how.replaces {
            return Ok(None);
        }
        let (_, base) = split(&self.name);
        place::replaceable(self.dir.symlink_metadata(base), &self.name)
    }

    fn prepare(&self, old: Option<&Metadata>, how: Commit) -> io::Result<()> {
        if let Some(old) = old {
            self.take_mode(old)?;
        }
        if how.durable {
            self.file.sync_all()?;
        }
        Ok(())
    }

    fn rename(&self, is_over_old: bool) -> io::Result<()> {
        let ((_, from), (_, to)) = (split(&self.path), split(&self.name));
        if is_over_old {
            self.dir.rename(from, &self.dir, to)
        } else {
            place::rename_to_free(&self.dir, from, to)
        }
    }

    /// What could not be read by everybody must not become readable by being downloaded again.
    #[cfg(unix)]
    fn take_mode(&self, old: &Metadata) -> io::Result<()> {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt as _;

        use cap_std::fs::PermissionsExt as _;

        let [own, old] = [&self.opened, old].map(|of| of.permissions().mode() & 0o777);
        if own == old {
            return Ok(());
        }
        self.file.set_permissions(Permissions::from_mode(old))
    }

    #[cfg(not(unix))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "it stands in for a method that does something"
    )]
    fn take_mode(&self, _: &Metadata) -> io::Result<()> {
        Ok(())
    }
}
