//! One item's place in the journal of its run.

use std::sync::Arc;

use super::{ItemId, Journal, Past, Record};
use crate::error::Error;

/// One item's place in a journal.
#[derive(Clone, Debug)]
pub(crate) struct JournalEntry {
    pub(crate) journal: Arc<Journal>,
    pub(crate) index: u32,
    pub(crate) id: ItemId,
}

impl JournalEntry {
    /// What an earlier run has left.
    pub(crate) fn look_up(&self) -> Result<Past, Error> {
        self.journal.look_up(self.index, self.id)
    }

    /// The item's file is about to get this name. From then on, one that is called so is the run's own.
    pub(crate) fn intend(&self, name: &str) -> Result<(), Error> {
        let mark = self.journal.intend(self.index, self.id, name)?;
        self.journal.ensure(mark)
    }

    /// Whether a file of the item is known, or was about to be there.
    pub(crate) fn knows_file(&self) -> bool {
        self.journal.knows_file(self.index)
    }

    /// The item came to this.
    pub(crate) fn finish(&self, record: &Record) -> Result<(), Error> {
        self.journal.finish(self.index, self.id, record)
    }

    /// The equal item at `copy` came to the same.
    pub(crate) fn finish_copy(&self, copy: u32) -> Result<(), Error> {
        self.journal.finish_copy(copy, self.id, self.index)
    }
}
