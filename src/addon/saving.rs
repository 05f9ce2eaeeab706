//! Where bodies are saved, as JavaScript sends it, and what it cannot be combined with.

use std::path::PathBuf;

use manyfetch_engine::options::{IfExists, Naming, RequestOptions, ResponseType, SaveOptions};
use manyfetch_engine::{Code, Error};
use serde::Deserialize;

/// Where bodies are saved. Its paths are absolute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawSave {
    dir: PathBuf,
    name: Option<RawNaming>,
    if_exists: Option<RawIfExists>,
    durable: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawNaming {
    Url,
    ContentDisposition,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawIfExists {
    Error,
    Skip,
    Replace,
    Resume,
    Update,
}

impl RawSave {
    /// The defaults are the engine's.
    pub(crate) fn finish(self) -> SaveOptions {
        let defaults = SaveOptions::to(self.dir);
        SaveOptions {
            naming: self.name.map_or(defaults.naming, Into::into),
            if_exists: self.if_exists.map_or(defaults.if_exists, Into::into),
            durable: self.durable.unwrap_or(defaults.durable),
            ..defaults
        }
    }
}

/// Refuses what cannot be had together.
pub(crate) fn check_saving(
    save: Option<&SaveOptions>,
    has_journal: bool,
    request: &RequestOptions,
) -> Result<(), Error> {
    let Some(save) = save else {
        return Ok(());
    };
    let is_named_late = save.naming == Naming::ContentDisposition;
    let needs_name = matches!(save.if_exists, IfExists::Skip | IfExists::Resume);
    let detail = if request.response_type != ResponseType::Buffer {
        "options.responseType: a body that is saved is neither dropped nor kept"
    } else if is_named_late && needs_name {
        "options.saveTo: names from headers are known too late for ifExists 'skip' and 'resume'"
    } else if save.if_exists == IfExists::Update && !has_journal {
        "options.saveTo.ifExists: 'update' needs a journal, which knows what the files came with"
    } else {
        return Ok(());
    };
    Err(Error::new(Code::InvalidArgValue, detail))
}

impl From<RawNaming> for Naming {
    fn from(naming: RawNaming) -> Self {
        match naming {
            RawNaming::Url => Self::Url,
            RawNaming::ContentDisposition => Self::ContentDisposition,
        }
    }
}

impl From<RawIfExists> for IfExists {
    fn from(mode: RawIfExists) -> Self {
        match mode {
            RawIfExists::Error => Self::Error,
            RawIfExists::Skip => Self::Skip,
            RawIfExists::Replace => Self::Replace,
            RawIfExists::Resume => Self::Resume,
            RawIfExists::Update => Self::Update,
        }
    }
}
