//! How a complete file gets its final name: in one step, and over nothing that is not to be replaced.

use std::io::{self, ErrorKind};

use cap_std::fs::{Dir, Metadata};

use super::fault::taken;
use crate::error::{Code, Error};

/// What stands at a name that may be replaced: a regular file, or nothing.
///
/// # Errors
/// `EISDIR` for a folder, `EEXIST` for whatever else is no regular file.
pub(super) fn replaceable(
    found: io::Result<Metadata>,
    name: &str,
) -> Result<Option<Metadata>, Error> {
    match found {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_dir() => Err(Error {
            code: Code::IsDirectory,
            ..taken(name)
        }),
        Ok(_) => Err(taken(name)),
        // What else is wrong is for the rename to say.
        Err(_) => Ok(None),
    }
}

/// Renames `from` to `to`, unless there is something.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) fn rename_to_free(dir: &Dir, from: &str, to: &str) -> io::Result<()> {
    use rustix::fs::{RenameFlags, renameat_with};
    use rustix::io::Errno;

    const UNKNOWN_HERE: [Errno; 4] = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    match renameat_with(dir, from, dir, to, RenameFlags::NOREPLACE) {
        // Not every file system can do it, nor every kernel.
        Err(error) if UNKNOWN_HERE.contains(&error) => link_to_free(dir, from, to),
        renamed => Ok(renamed?),
    }
}

/// Renames `from` to `to`, unless there is something.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn rename_to_free(dir: &Dir, from: &str, to: &str) -> io::Result<()> {
    link_to_free(dir, from, to)
}

fn link_to_free(dir: &Dir, from: &str, to: &str) -> io::Result<()> {
    match dir.hard_link(from, dir, to) {
        Ok(()) => {
            // The file has its name. One that keeps the other one, too, is recognised by that later, and not written to.
            let _ = dir.remove_file(from);
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) => look_and_rename(dir, from, to),
    }
}

/// For file systems without links. Other downloads are kept away by the lock, so that only another program could come in between.
fn look_and_rename(dir: &Dir, from: &str, to: &str) -> io::Result<()> {
    match dir.symlink_metadata(to) {
        Err(error) if error.kind() == ErrorKind::NotFound => dir.rename(from, dir, to),
        Err(error) => Err(error),
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use cap_std::ambient_authority;

    use super::*;

    #[test]
    fn no_way_of_renaming_overwrites() {
        for rename in [rename_to_free, link_to_free, look_and_rename] {
            let temporary = tempfile::tempdir().unwrap();
            let dir = Dir::open_ambient_dir(temporary.path(), ambient_authority()).unwrap();
            dir.write("from", "new").unwrap();
            dir.write("taken", "old").unwrap();
            dir.create_dir("folder").unwrap();
            for to in ["taken", "folder"] {
                let error = rename(&dir, "from", to).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            }
            rename(&dir, "from", "to").unwrap();
            assert_eq!(dir.read("to").unwrap(), b"new");
            assert_eq!(dir.read("taken").unwrap(), b"old");
            assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 3);
        }
    }
}
