//! Where in the journal the last word on each item stands: 34 bytes an item, as long as most of a list is known.

use std::collections::BTreeMap;

use super::item::ItemId;
use super::lines::{Entry, Event};
use crate::error::{Code, Error};

/// Items of a page: few, so that a list of which little is known does not cost much more.
const PAGE: u32 = 16;

/// The items of a journal.
#[derive(Debug, Default)]
pub(super) struct Index {
    pages: BTreeMap<u32, Box<[Slot; PAGE as usize]>>,
    /// Items that a list must have at least.
    total: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    offset: u64,
    id: ItemId,
    length: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    Intended,
    Finished,
    Saved,
}

impl Slot {
    fn known(&self) -> Option<Known> {
        let Self { offset, length, .. } = *self;
        let place = Place { offset, length };
        match self.kind {
            Kind::Unknown => None,
            Kind::Intended => Some(Known::Intended(place)),
            Kind::Finished | Kind::Saved => Some(Known::Finished(place)),
        }
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    /// Without the line's end.
    pub(super) length: u32,
}

/// The last word on an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was to be saved.
    Intended(Place),
    /// It came to an end. The line may be that of another item, which this one is a copy of.
    Finished(Place),
}

impl Index {
    /// What is known of the item at `index`.
    ///
    /// # Errors
    /// [`Code::JournalMismatch`] if another item is known there.
    pub(super) fn get(&self, index: u32, id: ItemId) -> Result<Option<Known>, Error> {
        let slot = self.slot(index);
        if slot.kind != Kind::Unknown && slot.id != id {
            let detail = format!("the journal is of another list: its item {index} is another one");
            return Err(Error::new(Code::JournalMismatch, detail));
        }
        Ok(slot.known())
    }

    /// What is known of all items.
    pub(super) fn all(&self) -> impl Iterator<Item = Known> {
        let slots = self.pages.values().flat_map(|page| page.iter());
        slots.filter_map(Slot::known)
    }

    /// Whether the item at `index` is known as a copy of the one at `original`.
    ///
    /// # Errors
    /// [`Code::JournalMismatch`] if another item is known there.
    pub(super) fn is_copy(&self, index: u32, id: ItemId, original: u32) -> Result<bool, Error> {
        let known = self.get(index, id)?;
        Ok(known.is_some() && known == self.slot(original).known())
    }

    /// Whether a file of the item is known, or was about to be there.
    pub(super) fn knows_file(&self, index: u32) -> bool {
        matches!(self.slot(index).kind, Kind::Intended | Kind::Saved)
    }

    /// Whether there is something for another item to be a copy of.
    pub(super) fn is_finished(&self, index: u32) -> bool {
        matches!(self.slot(index).kind, Kind::Finished | Kind::Saved)
    }

    /// Takes in the line that says `entry`.
    ///
    /// # Errors
    /// [`Code::JournalMismatch`] if another item is known at the entry's index.
    pub(super) fn note(&mut self, entry: &Entry, place: Place) -> Result<(), Error> {
        self.get(entry.index, entry.id)?;
        let kind = match entry.event {
            // What is known of a saved file is worth more than the name of its successor. Whatever else came of the item
            // has no file, and one of that name would seem to be a stranger's.
            Event::Intended if self.slot(entry.index).kind == Kind::Saved => return Ok(()),
            Event::Intended => Kind::Intended,
            Event::Finished { is_saved: true } => Kind::Saved,
            Event::Finished { is_saved: false } => Kind::Finished,
            Event::Copied { from } => {
                self.note_copy(entry, from);
                return Ok(());
            }
        };
        let Place { offset, length } = place;
        let id = entry.id;
        self.set(
            entry.index,
            Slot {
                offset,
                id,
                length,
                kind,
            },
        );
        Ok(())
    }

    /// An original that is not known, as its line was taken out, leaves the copy unknown too.
    fn note_copy(&mut self, entry: &Entry, from: u32) {
        if self.is_finished(from) {
            let id = entry.id;
            let original = self.slot(from);
            self.set(entry.index, Slot { id, ..original });
        }
    }

    /// # Errors
    /// [`Code::JournalMismatch`] if a list of `total` items is shorter than the one that the journal is of.
    pub(super) fn check_total(&self, total: u32) -> Result<(), Error> {
        if u64::from(total) >= self.total {
            return Ok(());
        }
        let detail = format!(
            "the journal is of another list: it has {} items or more, and this one {total}",
            self.total
        );
        Err(Error::new(Code::JournalMismatch, detail))
    }

    fn slot(&self, index: u32) -> Slot {
        let page = self.pages.get(&(index / PAGE));
        let slot = page.and_then(|page| page.get((index % PAGE) as usize));
        slot.copied().unwrap_or_default()
    }

    fn set(&mut self, index: u32, slot: Slot) {
        let page = self.pages.entry(index / PAGE).or_default();
        if let Some(old) = page.get_mut((index % PAGE) as usize) {
            *old = slot;
        }
        self.total = self.total.max(u64::from(index) + 1);
    }
}
