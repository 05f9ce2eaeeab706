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
mod unnamed;

pub(crate) use folder::{Folder, Found};
pub(crate) use notes::Notes;
pub(crate) use part::{Commit, Part};
pub(crate) use saving::{Answer, Saving};
pub(crate) use target::{Known, Target};
pub(crate) use unnamed::Unnamed;

use std::time::Duration;

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

/// How often it is looked whether another writer is done, and how long after each other.
const MAX_BUSY_TRIES: usize = 10;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// Patience with another writer: the run before may just be letting go.
#[derive(Default)]
pub(crate) struct BusyTries(usize);

impl BusyTries {
    /// Waits a little if `error` is that there is another writer. Whether it is worth another try.
    pub(crate) async fn wait_after(&mut self, error: &Error) -> bool {
        self.0 += 1;
        let waits = error.code == Code::Busy && self.0 <= MAX_BUSY_TRIES;
        if waits {
            tokio::time::sleep(BUSY_WAIT).await;
        }
        waits
    }
}

/// The runtime goes down, or it is a bug of ours.
fn lost() -> Error {
    Error::new(Code::Internal, "a file was let go of")
}
