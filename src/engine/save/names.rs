//! What files are called: after their URL, as a header says, or as the caller wrote. No name leads out of its folder, and none is
//! that of an unfinished file. Nothing here looks at the disk.

mod safe;
mod taken;

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use url::Url;

use self::safe::{head, is_kept_by_windows, safe};
pub(crate) use self::taken::Taken;
use self::taken::folded;
use super::disposition;
use crate::error::{Code, Error};
use crate::fields::quote;

/// What a folder's page is called, as by wget.
const INDEX: &str = "index.html";

const PART: &str = ".part";
const NOTES: &str = ".json";

/// Bytes of a name on most file systems.
pub(super) const MAX_BYTES: usize = 255;

/// A safe file name for what is at `url`: the last segment of its path, decoded once. The query does not count, and an empty
/// segment is `index.html`.
pub(crate) fn of_url(url: &Url) -> String {
    let segment = url.path().rsplit('/').next().unwrap_or_default();
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    safe(&decoded).unwrap_or_else(|| INDEX.into())
}

/// The file name that `Content-Disposition` gives, made safe; `None` if there is none that can be used.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<String> {
    disposition::names(headers).find_map(|name| safe(&name))
}

/// A path that the caller wrote himself, with `/` or the system's separator: its components, joined by `/`. It stays as it is
/// written otherwise, and is the caller's to choose.
///
/// # Errors
/// [`Code::InvalidArgValue`] for a path that leaves its folder, names no file, or one that is not the caller's to write.
pub(crate) fn explicit(path: &str) -> Result<String, Error> {
    explicit_on(path, cfg!(windows))
}

fn explicit_on(path: &str, is_windows: bool) -> Result<String, Error> {
    normalised(path, is_windows).map_err(|why| {
        let detail = format!("the file {} {why}", quote(path));
        Error::new(Code::InvalidArgValue, detail)
    })
}

fn normalised(path: &str, is_windows: bool) -> Result<String, &'static str> {
    if path.is_empty() {
        return Err("has no name");
    }
    if path.contains('\0') {
        return Err("has a NUL in its name");
    }
    let components = path.split(|character| character == '/' || is_windows && character == '\\');
    let joined = resolved(components, is_windows)?.join("/");
    // What comes to light behind a `./` counts, too.
    if is_rooted(path) || is_rooted(&joined) {
        return Err("is not relative to the folder that it is to be in");
    }
    Ok(joined)
}

/// The components without `.` and `..`, the last of which is the name of a file.
fn resolved<'a>(
    components: impl Iterator<Item = &'a str>,
    is_windows: bool,
) -> Result<Vec<&'a str>, &'static str> {
    let mut kept = Vec::new();
    let mut file = None;
    for component in components {
        file = None;
        match component {
            "" | "." => {}
            ".." => drop(kept.pop().ok_or("leaves the folder that it is to be in")?),
            name if is_windows && !is_kept_by_windows(name) => {
                return Err("has a name that Windows reserves or changes");
            }
            name => {
                kept.push(name);
                file = Some(name);
            }
        }
    }
    match file {
        None => Err("is a folder"),
        Some(name) if is_unfinished(name) => Err("is named like one that is not finished yet"),
        Some(_) => Ok(kept),
    }
}

/// Whether a path begins at a root, a drive or a server. On every system: a list that works on one should not write elsewhere on
/// another.
fn is_rooted(path: &str) -> bool {
    let has_drive = path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && path.as_bytes().get(1) == Some(&b':');
    path.starts_with(['/', '\\']) || has_drive
}

/// What `name`, which may be a path, is called while it is written: `.name.part` in the same folder.
pub(crate) fn unfinished(name: &str) -> String {
    let (folder, name) = match name.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, name),
    };
    let part = format!(".{}{PART}", shortened(name));
    match folder {
        Some(folder) => format!("{folder}/{part}"),
        None => part,
    }
}

/// Beside the unfinished file of `name`: what it takes to go on with it.
pub(crate) fn notes(name: &str) -> String {
    unfinished(name) + NOTES
}

/// `name`, or its beginning and a hash of all of it, so that what is added fits.
fn shortened(name: &str) -> String {
    let room = MAX_BYTES - ".".len() - PART.len() - NOTES.len();
    if name.len() <= room {
        return name.into();
    }
    // The same in every version, or nobody would find what an older one left.
    let hash = digest(&SHA256, name.as_bytes());
    let start = hash.as_ref().iter().take(16);
    let start = start.fold(0, |number: u128, &byte| number << 8 | u128::from(byte));
    let end = format!("-{start:032x}");
    format!("{}{end}", head(name, room - end.len()))
}

/// Whether `name` is one that [`unfinished`] or [`notes`] give, or that a file system takes for one.
fn is_unfinished(name: &str) -> bool {
    let name: String = folded(name).collect();
    let [part, notes] = [PART, NOTES].map(str::to_uppercase);
    let file = || {
        let rest = name.strip_prefix('.')?;
        rest.strip_suffix(&notes)
            .unwrap_or(rest)
            .strip_suffix(&part)
    };
    file().is_some_and(|file| !file.is_empty())
}

#[cfg(test)]
mod tests;
