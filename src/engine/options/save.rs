//! Where bodies are saved, and under which names.

use std::path::PathBuf;

/// Where bodies are saved.
#[derive(Clone, Debug)]
pub struct SaveOptions {
    /// The folder, as an absolute path. It is made if it is missing.
    pub dir: PathBuf,
    /// How files are called: by their URLs by default.
    pub naming: Naming,
    /// What becomes of a file that is there: it is an error by default.
    pub if_exists: IfExists,
    /// Whether a file outlives a loss of power as soon as it has its name: `false` by default.
    pub durable: bool,
}

impl SaveOptions {
    /// The defaults for files in `dir`.
    pub fn to(dir: PathBuf) -> Self {
        Self {
            dir,
            naming: Naming::Url,
            if_exists: IfExists::Error,
            durable: false,
        }
    }
}

/// How files are called of items that do not say so themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By the last part of the URL's path.
    Url,
    /// As the response says (RFC 6266), or by its URL.
    ContentDisposition,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfExists {
    /// Its item fails.
    Error,
    /// It stays, and is not asked for.
    Skip,
    /// It gives way.
    Replace,
    /// It stays if it is complete; one that is not is continued.
    Resume,
    /// It gives way to a newer one.
    Update,
}
