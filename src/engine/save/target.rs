//! Where the body of one item is saved, and what may stand there before.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use url::Url;

use super::fault::taken;
use super::names::{self, Taken};
use super::{Commit, Folder, Found, Part};
use crate::error::Error;
use crate::options::IfExists;

/// Where the body of one item is saved.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) folder: Arc<Folder>,
    /// The path in the folder; `None` until the head of the response gives it.
    pub(crate) name: Option<String>,
    /// The names that the run has given out.
    pub(crate) taken: Arc<Mutex<Taken>>,
    pub(crate) if_exists: IfExists,
    pub(crate) durable: bool,
    /// The path that an earlier run of the same has saved it under, or was about to.
    pub(crate) own: Option<String>,
    /// The file that is there, if it is to be replaced by a newer one alone.
    pub(crate) known: Option<Known>,
}

/// A file that is there.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// What it came with.
    pub(crate) headers: HeaderMap,
    pub(crate) size: u64,
}

impl Target {
    /// Gives it the name that `headers` say, or the one of `url`, unless it has one.
    pub(crate) fn name_after(&mut self, headers: &HeaderMap, url: &Url) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if let Some(own) = self.own.clone() {
            taken.claim(&own);
            own
        } else {
            let said = names::of_headers(headers);
            taken.distinct(said.unwrap_or_else(|| names::of_url(url)))
        };
        drop(taken);
        self.name = Some(name.clone());
        name
    }

    /// Whether a file called `name` may give way.
    pub(crate) fn may_replace(&self, name: &str) -> bool {
        let is_own = self.own.as_deref() == Some(name);
        is_own || matches!(self.if_exists, IfExists::Replace | IfExists::Update)
    }

    /// How its file gets its name.
    pub(crate) fn commit(&self, name: &str) -> Commit {
        Commit {
            replaces: self.may_replace(name),
            durable: self.durable,
        }
    }

    /// Whether the item is done as it is, since the file is there: its size. What must not give way is an error.
    pub(crate) fn examine(&self, name: &str) -> Result<Option<u64>, Error> {
        // A look is a twentieth of what a small file costs. Where one that is there may do for the item, others may have put it there since.
        if self.if_exists == IfExists::Error && self.folder.is_new_for(name) {
            return Ok(None);
        }
        match self.folder.look(name)? {
            Found::Nothing => Ok(None),
            Found::File { size } => match self.if_exists {
                IfExists::Skip | IfExists::Resume => Ok(Some(size)),
                _ if self.may_replace(name) => Ok(None),
                _ => Err(taken(name)),
            },
            Found::Other => Err(taken(name)),
        }
    }

    /// An unfinished file for `name`, with nothing in it.
    pub(crate) fn begin(&self, name: &str) -> Result<Part, Error> {
        Part::begin(&self.folder, name)
    }

    /// The absolute path of the file called `name`, as the caller is told.
    pub(crate) fn path_of(&self, name: &str) -> String {
        self.folder.path_of(name).to_string_lossy().into_owned()
    }
}
