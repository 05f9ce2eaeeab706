//! An unfinished file, opened so that nobody else has it: locked, regular, and the one that stands at its name.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};

use cap_fs_ext::{
    FollowSymlinks, MetadataExt as _, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _,
};
use cap_std::fs::{Dir, Metadata, OpenOptions};

use super::fault::{busy, of_disk, shown, taken};
use super::folder::split;
use crate::error::Error;

/// Each further one means that somebody else has finished or given up the same file in the meantime.
const MAX_TRIES: usize = 16;

/// The lock goes with the file, when it is closed.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) file: File,
    /// As it was when nobody else had it any more.
    pub(super) metadata: Metadata,
}

/// Opens the file at `path`, of which the last component stands in `dir`; makes it if it is missing. It keeps what is in it.
///
/// # Errors
/// `EBUSY` if it is somebody else's, `EEXIST` if it is no regular file, and the system's own.
pub(super) fn open(dir: &Dir, path: &str) -> Result<Locked, Error> {
    for _ in 0..MAX_TRIES {
        if let Some(locked) = try_open(dir, path)? {
            return Ok(locked);
        }
    }
    Err(busy(path))
}

/// `None` where what was opened is not what stands at the name by now.
fn try_open(dir: &Dir, path: &str) -> Result<Option<Locked>, Error> {
    let (_, base) = split(path);
    let failed = |error: &io::Error| of_disk(error, &format!("open {}", shown(path)));
    let file = match dir.open_with(base, &options()) {
        Ok(file) => file.into_std(),
        Err(_) if is_something_else(dir, base) => return Err(taken(path)),
        Err(error) => return Err(failed(&error)),
    };
    let opened = Metadata::from_file(&file).map_err(|error| failed(&error))?;
    if !opened.is_file() {
        return Err(taken(path));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(busy(path)),
        Err(TryLockError::Error(error)) => {
            return Err(of_disk(&error, &format!("lock {}", shown(path))));
        }
    }
    // Only now, with the lock: whoever had it before may have changed everything but the kind.
    let standing = standing(dir, base, &opened).map_err(|error| failed(&error))?;
    let Some(metadata) = standing else {
        return Ok(None);
    };
    if metadata.nlink() > 1 {
        // It has another name, perhaps its final one: then it is not for us to write to.
        dir.remove_file(base).map_err(|error| failed(&error))?;
        return Ok(None);
    }
    Ok(Some(Locked { file, metadata }))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Not truncated: there is no lock yet. Nobody may be at the other end of a FIFO.
    options
        .read(true)
        .write(true)
        .create(true)
        .follow(FollowSymlinks::No)
        .nonblock(true);
    options
}

fn is_something_else(dir: &Dir, base: &str) -> bool {
    dir.symlink_metadata(base)
        .is_ok_and(|metadata| !metadata.is_file())
}

/// What stands at `base`, if it is the file that `opened` is of.
pub(super) fn standing(dir: &Dir, base: &str, opened: &Metadata) -> io::Result<Option<Metadata>> {
    match dir.symlink_metadata(base) {
        Ok(found) => {
            let is_same = (found.dev(), found.ino()) == (opened.dev(), opened.ino());
            Ok(is_same.then_some(found))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
