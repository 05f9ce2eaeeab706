//! From what the system reports of the disk to one code of ours, and a sentence: by type and number, never by text.

use std::io::{self, ErrorKind};

use crate::error::{Code, Error};

/// Something failed that was tried: `what` completes the sentence "cannot …", and names the path.
pub(crate) fn of_disk(error: &io::Error, what: &str) -> Error {
    Error::new(code(error), format!("cannot {what}: {error}"))
}

/// `path` as a message shows it: whole, and without anything a terminal would obey.
pub(crate) fn shown(path: &str) -> String {
    format!("'{}'", path.escape_debug())
}

/// There is something at `path` that is not to be touched.
pub(crate) fn taken(path: &str) -> Error {
    let detail = format!("there is something of the name {} already", shown(path));
    Error::new(Code::Exists, detail)
}

/// Somebody else is writing `path`.
pub(crate) fn busy(path: &str) -> Error {
    let detail = format!("another download is writing {}", shown(path));
    Error::new(Code::Busy, detail)
}

fn code(error: &io::Error) -> Code {
    by_number(error).unwrap_or_else(|| by_kind(error.kind()))
}

/// What has no kind of its own, or shares one.
#[cfg(unix)]
fn by_number(error: &io::Error) -> Option<Code> {
    use rustix::io::Errno;
    match Errno::from_io_error(error)? {
        Errno::PERM => Some(Code::NotPermitted),
        Errno::LOOP => Some(Code::SymlinkLoop),
        Errno::MFILE => Some(Code::ProcessFileLimit),
        Errno::NFILE => Some(Code::SystemFileLimit),
        _ => None,
    }
}

#[cfg(windows)]
fn by_number(error: &io::Error) -> Option<Code> {
    const TOO_MANY_OPEN_FILES: i32 = 4;
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    match error.raw_os_error()? {
        TOO_MANY_OPEN_FILES => Some(Code::ProcessFileLimit),
        SHARING_VIOLATION | LOCK_VIOLATION => Some(Code::Busy),
        _ => None,
    }
}

#[cfg(not(any(unix, windows)))]
fn by_number(_: &io::Error) -> Option<Code> {
    None
}

fn by_kind(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::StorageFull => Code::NoSpace,
        ErrorKind::QuotaExceeded => Code::Quota,
        ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        // A path that leads out of the folder is among them.
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NoEntry,
        ErrorKind::NotADirectory => Code::NotDirectory,
        ErrorKind::IsADirectory => Code::IsDirectory,
        ErrorKind::InvalidFilename => Code::NameTooLong,
        ErrorKind::AlreadyExists => Code::Exists,
        ErrorKind::FileTooLarge => Code::FileTooLarge,
        ErrorKind::ResourceBusy => Code::Busy,
        ErrorKind::CrossesDevices => Code::CrossDevice,
        ErrorKind::OutOfMemory => Code::NoMemory,
        _ => Code::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn every_errno_of_a_disk_keeps_its_name() {
        use rustix::io::Errno;
        for (errno, name) in [
            (Errno::NOSPC, "ENOSPC"),
            (Errno::DQUOT, "EDQUOT"),
            (Errno::ROFS, "EROFS"),
            (Errno::ACCESS, "EACCES"),
            (Errno::PERM, "EPERM"),
            (Errno::NOENT, "ENOENT"),
            (Errno::NOTDIR, "ENOTDIR"),
            (Errno::ISDIR, "EISDIR"),
            (Errno::NAMETOOLONG, "ENAMETOOLONG"),
            (Errno::LOOP, "ELOOP"),
            (Errno::EXIST, "EEXIST"),
            (Errno::FBIG, "EFBIG"),
            (Errno::BUSY, "EBUSY"),
            (Errno::XDEV, "EXDEV"),
            (Errno::MFILE, "EMFILE"),
            (Errno::NFILE, "ENFILE"),
            (Errno::NOMEM, "ENOMEM"),
            (Errno::IO, "EIO"),
            (Errno::STALE, "EIO"),
        ] {
            assert_eq!(code(&errno.into()).name(), name);
        }
    }

    #[test]
    fn a_failure_is_a_sentence_with_the_path() {
        let cause = io::Error::new(ErrorKind::StorageFull, "the disk is full");
        let error = of_disk(&cause, &format!("write {}", shown("a/\u{1b}b")));
        assert_eq!(
            error.to_string(),
            "cannot write 'a/\\u{1b}b': the disk is full (ENOSPC)"
        );
    }
}
