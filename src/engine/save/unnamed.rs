//! A small file that comes whole: it has no name until it gets its final one. That takes half of the calls that a name for the unfinished
//! file takes, and a kill leaves nothing. Where it cannot be done, `part.rs` says why not, or does it.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;

use cap_std::fs::Dir;

use super::fault::{of_disk, shown};
use super::folder::{Folder, split};
use super::names;
use crate::error::Error;

/// A file that nobody else can see.
#[derive(Debug)]
pub(crate) struct Unnamed {
    folder: Arc<Folder>,
    dir: Arc<Dir>,
    name: String,
    file: File,
}

impl Unnamed {
    /// One that is to be called `name`. `None` where the system has none, and where an earlier try has left something under the name of an
    /// unfinished file, which is to be looked at.
    pub(crate) fn begin(folder: &Arc<Folder>, name: &str) -> Option<Self> {
        let dir = folder.parent_of(name).ok()?;
        if folder.may_have_part(name) && !has_no_part(&dir, name) {
            return None;
        }
        let file = create(&dir).ok()?;
        Some(Self {
            folder: Arc::clone(folder),
            dir,
            name: name.into(),
            file,
        })
    }

    /// Adds `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// It is complete, and gets its name: `false` if it cannot have it. If it is `durable`, it outlives a loss of power from then on.
    ///
    /// # Errors
    /// The system's own, of a folder that could not be written to the disk.
    pub(crate) fn commit(self, durable: bool) -> Result<bool, Error> {
        let (_, base) = split(&self.name);
        let synced = if durable {
            self.file.sync_all()
        } else {
            Ok(())
        };
        if synced
            .and_then(|()| link(&self.file, &self.dir, base))
            .is_err()
        {
            return Ok(false);
        }
        if durable {
            let synced = self.folder.sync_to(&self.name);
            let what = || format!("sync the folder of {}", shown(&self.name));
            synced.map_err(|error| of_disk(&error, &what()))?;
        }
        Ok(true)
    }
}

fn has_no_part(dir: &Dir, name: &str) -> bool {
    let unfinished = names::unfinished(name);
    let (_, base) = split(&unfinished);
    let part = dir.symlink_metadata(base);
    part.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

#[cfg(target_os = "linux")]
fn create(dir: &Dir) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, openat};

    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    // As any new file: the process's mask takes away what it takes away.
    let file = openat(dir, ".", flags, Mode::from_raw_mode(0o666))?;
    Ok(file.into())
}

/// By its handle alone, which takes a privilege before Linux 6.10; there by way of `/proc`, as open(2) says.
#[cfg(target_os = "linux")]
fn link(file: &File, dir: &Dir, base: &str) -> io::Result<()> {
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    use rustix::fs::{AtFlags, linkat};
    use rustix::io::Errno;

    static NEEDS_PATH: AtomicBool = AtomicBool::new(false);
    if NEEDS_PATH.load(Relaxed) {
        return link_by_path(file, dir, base);
    }
    match linkat(file, "", dir, base, AtFlags::EMPTY_PATH) {
        // As the kernel says that the privilege is missing.
        Err(Errno::NOENT) => {
            let linked = link_by_path(file, dir, base);
            NEEDS_PATH.store(linked.is_ok(), Relaxed);
            linked
        }
        linked => Ok(linked?),
    }
}

#[cfg(target_os = "linux")]
fn link_by_path(file: &File, dir: &Dir, base: &str) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};

    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, path, dir, base, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn create(_: &Dir) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Dir, _: &str) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::super::{Notes, Part};
    use super::*;

    fn place() -> (tempfile::TempDir, Arc<Folder>) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::make(&temporary.path().join("in"), false).unwrap();
        (temporary, Arc::new(folder))
    }

    fn entries(folder: &Folder) -> Vec<String> {
        let entries = fs::read_dir(folder.path_of("")).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_is_seen_when_it_is_complete_and_not_before() {
        for (name, durable) in [("a", false), ("sub/b", true)] {
            let (_temporary, folder) = place();
            let mut file = Unnamed::begin(&folder, name).unwrap();
            file.write(b"one ").unwrap();
            file.write(b"two").unwrap();
            assert!(!folder.path_of(name).exists());
            assert!(file.commit(durable).unwrap());
            assert_eq!(fs::read(folder.path_of(name)).unwrap(), b"one two");
            assert_eq!(entries(&folder).len(), 1);
        }
    }

    #[test]
    fn a_file_gets_its_name_without_the_privilege_that_old_kernels_ask_for() {
        let (_temporary, folder) = place();
        let mut file = Unnamed::begin(&folder, "a").unwrap();
        file.write(b"one").unwrap();
        link_by_path(&file.file, &file.dir, "a").unwrap();
        assert_eq!(fs::read(folder.path_of("a")).unwrap(), b"one");
        let error = link_by_path(&file.file, &file.dir, "a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        let (_temporary, folder) = place();
        let mut file = Unnamed::begin(&folder, "a").unwrap();
        file.write(b"half").unwrap();
        drop(file);
        assert!(entries(&folder).is_empty());
    }

    #[test]
    fn nothing_is_replaced_and_no_link_followed() {
        let (temporary, folder) = place();
        let outside = temporary.path().join("outside");
        fs::write(folder.path_of("file"), "old").unwrap();
        fs::create_dir(folder.path_of("folder")).unwrap();
        std::os::unix::fs::symlink(&outside, folder.path_of("link")).unwrap();
        for name in ["file", "folder", "link"] {
            let mut file = Unnamed::begin(&folder, name).unwrap();
            file.write(b"new").unwrap();
            assert!(!file.commit(false).unwrap());
        }
        assert_eq!(fs::read(folder.path_of("file")).unwrap(), b"old");
        assert!(!outside.exists());
    }

    #[test]
    fn what_an_earlier_run_has_left_is_not_passed_over() {
        let (_temporary, folder) = place();
        fs::write(folder.path_of(".a.part"), "half").unwrap();
        let folder = Folder::make(&folder.path_of(""), false)
            .map(Arc::new)
            .unwrap();
        assert!(Unnamed::begin(&folder, "a").is_none());
        assert!(Unnamed::begin(&folder, "b").is_some());
    }

    #[test]
    fn nor_is_what_an_earlier_try_of_the_same_run_has_left_in_a_new_folder() {
        let (_temporary, folder) = place();
        let mut part = Part::begin(&folder, "a").unwrap();
        part.note(Notes {
            url: "http://a.test/".into(),
            validator: "\"1\"".into(),
            total: None,
        })
        .unwrap();
        part.write(b"half").unwrap();
        part.keep();
        assert!(Unnamed::begin(&folder, "a").is_none());
        assert!(Unnamed::begin(&folder, "b").is_some());
    }

    #[test]
    fn its_mode_is_that_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_temporary, folder) = place();
        let file = Unnamed::begin(&folder, "a").unwrap();
        assert!(file.commit(false).unwrap());
        fs::write(folder.path_of("b"), "").unwrap();
        let mode = |name| {
            fs::metadata(folder.path_of(name))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("a"), mode("b"));
    }
}
