//! Bodies that go to files: how a file is called, what stands there already, and how a new one comes to be there, whole or not at
//! all. `target.rs` says where the body of one item goes, `saving.rs` what one request has to do with it; below them is the disk.

mod disposition;
pub(crate) mod fault;
mod folder;
mod locked;
pub(crate) mod names;
mod notes;
mod part;
mod place;
mod queue;
mod saving;
mod target;

pub(crate) use folder::{Folder, Found};
pub(crate) use notes::Notes;
pub(crate) use part::{Commit, Part};
pub(crate) use saving::{Answer, Saving};
pub(crate) use target::{Known, Target};

use crate::error::{Code, Error};

/// Runs `work` where the system may be waited for.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(lost()),
    }
}

/// The runtime goes down, or it is a bug of ours.
fn lost() -> Error {
    Error::new(Code::Internal, "a file was let go of")
}
