//! The folder that files are saved to, as one open handle: nothing that goes through it gets outside, whatever the names are and
//! whichever symbolic links are there.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::fault::{of_disk, shown};
use super::names;
use super::queue::Queue;
use crate::error::Error;

/// A folder that files are saved to.
#[derive(Debug)]
pub(crate) struct Folder {
    /// `None` where it is opened for each use: there may be more such folders than may be open at once.
    root: Option<Arc<Dir>>,
    path: PathBuf,
    queue: Queue,
    /// Nothing was in it when it was opened.
    was_empty: bool,
    /// An unfinished file with a name was begun in it.
    has_parts: AtomicBool,
}

/// How many files are worked on in one folder at once.
const AT_ONCE: usize = 1;

/// The same where each waits for the disk, which takes several together.
const AT_ONCE_ON_DISK: usize = 8;

/// What stands at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The name is free, and so may be the sub-folder's.
    Nothing,
    /// A regular file.
    File {
        /// Its bytes.
        size: u64,
    },
    /// A folder, a symbolic link, a FIFO, a device: nothing that is written to, or replaced.
    Other,
}

impl Folder {
    /// Opens the folder at `path`, which is absolute; makes it, and its parents, if it is missing. `durable` says that its files are to
    /// be on the disk before they have their names.
    ///
    /// # Errors
    /// The code of the system's own error: `ENOTDIR` where there is a file, `EACCES`, `EROFS` and so on.
    pub(crate) fn make(path: &Path, durable: bool) -> Result<Self, Error> {
        match opened(path) {
            Ok(root) => Ok(Self {
                was_empty: is_empty(&root),
                root: Some(Arc::new(root)),
                path: path.into(),
                queue: Queue::new(if durable { AT_ONCE_ON_DISK } else { AT_ONCE }),
                has_parts: AtomicBool::new(false),
            }),
            Err(error) => Err(unopened(path, &error)),
        }
    }

    /// The folder at `path`, for one file. Nothing is opened or made before that is needed.
    pub(crate) fn of_one(path: &Path) -> Self {
        Self {
            root: None,
            path: path.into(),
            queue: Queue::new(AT_ONCE),
            was_empty: false,
            has_parts: AtomicBool::new(false),
        }
    }

    fn root(&self) -> Result<Arc<Dir>, Error> {
        match &self.root {
            Some(root) => Ok(Arc::clone(root)),
            None => opened(&self.path)
                .map(Arc::new)
                .map_err(|error| unopened(&self.path, &error)),
        }
    }

    /// Runs `work` on one of its files where the system may be waited for, when it is its turn.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.queue.run(work).await
    }

    /// What stands at `name`, a path inside the folder with `/` between its components, none of them `..`. No link is followed at
    /// its end, and nothing is opened for it.
    ///
    /// # Errors
    /// Where that cannot be said: `ENOTDIR`, `ELOOP`, `EACCES` and so on.
    pub(crate) fn look(&self, name: &str) -> Result<Found, Error> {
        match self.root()?.symlink_metadata(name) {
            Ok(metadata) if metadata.is_file() => Ok(Found::File {
                size: metadata.len(),
            }),
            Ok(_) => Ok(Found::Other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(of_disk(&error, &format!("look at {}", shown(name)))),
        }
    }

    /// Whether `name` is free as far as can be known without looking: nothing was in the folder when it was opened, and no two items of a
    /// run are given the same name. Other programs may give it to theirs at any time, which is found out when it is given here.
    pub(crate) fn is_new_for(&self, name: &str) -> bool {
        self.was_empty && split(name).0.is_none() && name.len() <= names::MAX_BYTES
    }

    /// Whether there may be an unfinished file beside `name`: of an earlier run, or of an earlier try in this one.
    pub(super) fn may_have_part(&self, name: &str) -> bool {
        !self.is_new_for(name) || self.has_parts.load(Relaxed)
    }

    /// An unfinished file with a name is begun in it.
    pub(super) fn expect_parts(&self) {
        self.has_parts.store(true, Relaxed);
    }

    /// The absolute path of `name`.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        let mut path = self.path.clone();
        path.extend(name.split('/'));
        path
    }

    /// What the file at this absolute path is called in the folder, if it is in it.
    pub(crate) fn name_of(&self, path: &str) -> Option<String> {
        let inside = Path::new(path).strip_prefix(&self.path).ok()?;
        let names: Option<Vec<_>> = inside.iter().map(|name| name.to_str()).collect();
        Some(names?.join("/")).filter(|name| !name.is_empty())
    }

    /// The folder that `name` is directly in. A sub-folder is opened anew each time: it may have been moved away since, or replaced
    /// by a link, and a handle that was kept would follow it.
    pub(super) fn parent_of(&self, name: &str) -> Result<Arc<Dir>, Error> {
        let (Some(parent), _) = split(name) else {
            return self.root();
        };
        let root = self.root()?;
        let opened = match root.open_dir(parent) {
            Err(error) if error.kind() == ErrorKind::NotFound => root
                .create_dir_all(parent)
                .and_then(|()| root.open_dir(parent)),
            opened => opened,
        };
        opened.map(Arc::new).map_err(|error| {
            let what = format!("open or make the folder {}", shown(parent));
            of_disk(&error, &what)
        })
    }

    /// Has the disk keep the entries of all folders on the way to `name`, some of which may be new.
    pub(super) fn sync_to(&self, name: &str) -> io::Result<()> {
        let root = match &self.root {
            Some(root) => Arc::clone(root),
            None => Arc::new(opened(&self.path)?),
        };
        let mut rest = name;
        while let (Some(parent), _) = split(rest) {
            sync(&root, parent)?;
            rest = parent;
        }
        sync(&root, ".")
    }
}

/// A name's folder, if it has one, and its last component.
pub(super) fn split(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('/') {
        Some((parent, base)) => (Some(parent), base),
        None => (None, name),
    }
}

/// Made, if it is missing.
fn opened(path: &Path) -> io::Result<Dir> {
    match Dir::open_ambient_dir(path, ambient_authority()) {
        Err(error) if error.kind() == ErrorKind::NotFound => made(path),
        opened => opened,
    }
}

/// What cannot be read is taken for full.
fn is_empty(root: &Dir) -> bool {
    root.entries()
        .is_ok_and(|mut entries| entries.next().is_none())
}

fn unopened(path: &Path, error: &io::Error) -> Error {
    let what = format!("open or make the folder {}", shown(&path.to_string_lossy()));
    of_disk(error, &what)
}

fn made(path: &Path) -> io::Result<Dir> {
    Dir::create_ambient_dir_all(path, ambient_authority())?;
    Dir::open_ambient_dir(path, ambient_authority())
}

/// `Dir`'s own handle is only good for finding things in it, so there is another one for this.
#[cfg(unix)]
fn sync(root: &Dir, path: &str) -> io::Result<()> {
    match root.open(path)?.sync_all() {
        // There are file systems that have nothing to do for a folder, and say so.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Windows keeps entries in its own journal and lets nobody hurry it.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands in for a function that can fail"
)]
fn sync(_: &Dir, _: &str) -> io::Result<()> {
    Ok(())
}
