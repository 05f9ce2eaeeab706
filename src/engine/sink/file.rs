//! A body that goes to a file. Bytes are gathered, so that the disk is asked seldom: for a small file once, for all that there is to
//! do.

use std::sync::Arc;

use bytes::Bytes;

use super::too_large;
use crate::checksum::Hasher;
use crate::error::{Code, Error};
use crate::journal::JournalEntry;
use crate::save::{BusyTries, Folder, Notes, Part, Target, Unnamed};

/// Bytes that are gathered before they are written.
const GATHERED: usize = 128 << 10;

/// What is to become of a file.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    /// The path in the folder.
    pub(crate) name: String,
    pub(crate) start: Start,
    /// What is to be noted before the first bytes come.
    pub(crate) notes: Option<Notes>,
    /// Bytes of the whole file, where they are known and are more than the body.
    pub(crate) total: Option<u64>,
    /// Where it is written down that the file is about to get its name.
    pub(crate) entry: Option<JournalEntry>,
}

/// Where a file begins.
#[derive(Debug)]
pub(crate) enum Start {
    /// There is nothing of it yet.
    New,
    /// The same, and the name came with the response: nobody has looked yet what stands there.
    NewAndUnseen,
    /// What there is of it is not to be used.
    Over(Part),
    /// It goes on.
    At(Part),
}

/// Pieces of a body that are not written yet.
#[derive(Debug, Default)]
struct Gathered {
    pieces: Vec<Bytes>,
    size: usize,
}

impl Gathered {
    fn push(&mut self, piece: Bytes) {
        self.size += piece.len();
        self.pieces.push(piece);
    }

    fn write_to(&self, part: &mut Part) -> Result<(), Error> {
        self.pieces.iter().try_for_each(|piece| part.write(piece))
    }
}

/// Takes the decoded bytes of one body. Dropped, it leaves what can be continued.
#[derive(Debug)]
pub(super) struct FileSink {
    /// `None` only while the disk has it.
    plan: Option<Box<Plan>>,
    gathered: Gathered,
    /// Of the whole file.
    size: u64,
    cap: u64,
}

impl FileSink {
    /// A sink for a file of at most `max_size` bytes. `expected` is what the head announces.
    pub(super) fn new(
        plan: Box<Plan>,
        max_size: Option<u64>,
        expected: Option<u64>,
    ) -> Result<Self, Error> {
        let cap = max_size.unwrap_or(u64::MAX);
        let size = match &plan.start {
            Start::At(part) => part.size(),
            _ => 0,
        };
        if expected.is_some_and(|expected| size.saturating_add(expected) > cap) {
            return Err(too_large(cap));
        }
        Ok(Self {
            plan: Some(plan),
            gathered: Gathered::default(),
            size,
            cap,
        })
    }

    /// Decoded bytes taken at most.
    pub(super) fn cap(&self) -> u64 {
        self.cap
    }

    /// Bytes of the file so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Lets `hasher` see what is there of the file.
    pub(super) async fn read_back(&mut self, mut hasher: Hasher) -> Result<Hasher, Error> {
        let mut plan = self.plan.take().ok_or_else(lost)?;
        let folder = plan.folder();
        let read = folder.work(move || {
            if let Start::At(part) = &mut plan.start {
                part.read_back(&mut |bytes| hasher.update(bytes))?;
            }
            Ok((plan, hasher))
        });
        let (plan, hasher) = read.await?;
        self.plan = Some(plan);
        Ok(hasher)
    }

    /// Takes `piece`, which stays where it is until it is written.
    pub(super) async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        let size = self.size.saturating_add(piece.len() as u64);
        if size > self.cap {
            return Err(too_large(self.cap));
        }
        self.size = size;
        self.gathered.push(piece);
        if self.gathered.size >= GATHERED {
            Box::pin(self.flush()).await?;
        }
        Ok(())
    }

    /// Gives the file its name.
    pub(super) async fn finish(self) -> Result<(), Error> {
        let Self {
            plan,
            gathered,
            size,
            ..
        } = self;
        let plan = plan.ok_or_else(lost)?;
        if let Some(total) = plan.total.filter(|total| *total != size) {
            keep(plan, gathered).await;
            let detail = format!("the file has {total} bytes, and {size} came");
            return Err(Error::new(Code::BodyTruncated, detail));
        }
        let mut tries = BusyTries::default();
        let (mut plan, mut gathered) = (plan, gathered);
        loop {
            let folder = plan.folder();
            let work = move || {
                let done = plan.complete(&gathered, size);
                Ok((done, plan, gathered))
            };
            let done;
            (done, plan, gathered) = folder.work(work).await?;
            match done {
                Err(error) if tries.wait_after(&error).await => {}
                done => return done?,
            }
        }
    }

    /// Leaves what can be continued, and nothing else. There is an error to be told already.
    pub(super) async fn give_up(self) {
        if let Some(plan) = self.plan {
            keep(plan, self.gathered).await;
        }
    }

    /// Leaves nothing: it is not what was meant. There is an error to be told already.
    pub(super) async fn discard(self) {
        let Some(plan) = self.plan else {
            return;
        };
        let folder = plan.folder();
        let discarded = folder.work(move || {
            if let Start::At(part) | Start::Over(part) = plan.start {
                part.discard();
            }
            Ok(())
        });
        drop(discarded.await);
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let mut tries = BusyTries::default();
        loop {
            let mut plan = self.plan.take().ok_or_else(lost)?;
            let gathered = std::mem::take(&mut self.gathered);
            let folder = plan.folder();
            let work = move || {
                let done = plan.write(&gathered);
                Ok((done, plan, gathered))
            };
            let (done, plan, gathered) = folder.work(work).await?;
            self.plan = Some(plan);
            match done {
                Err(error) if tries.wait_after(&error).await => self.gathered = gathered,
                done => return done?,
            }
        }
    }
}

/// Leaves what there is of a file, with what was `gathered`, if it can be continued.
async fn keep(plan: Box<Plan>, gathered: Gathered) {
    let folder = plan.folder();
    let kept = folder.work(move || {
        let mut plan = plan;
        // Without notes nothing can be continued.
        let is_begun = matches!(plan.start, Start::At(_)) || plan.notes.is_some();
        if is_begun {
            let mut part = plan.open()?;
            gathered.write_to(&mut part)?;
            part.keep();
        }
        Ok(())
    });
    drop(kept.await);
}

/// Only after an error of the disk, of which nobody makes use any more.
fn lost() -> Error {
    Error::new(Code::Internal, "a file that was given up")
}

impl Plan {
    fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.target.folder)
    }

    /// Writes what was gathered, and says how that went; an error is that nothing was done at all.
    fn write(&mut self, gathered: &Gathered) -> Result<Result<(), Error>, Error> {
        let mut part = self.open()?;
        let written = gathered.write_to(&mut part);
        self.start = Start::At(part);
        Ok(written)
    }

    /// Writes what is left, and gives the file its name, if it has `size` bytes then. An error is that nothing was done at all.
    fn complete(&mut self, gathered: &Gathered, size: u64) -> Result<Result<(), Error>, Error> {
        self.examine()?;
        if self.is_new() && self.appear(gathered)? {
            return Ok(Ok(()));
        }
        let part = self.open()?;
        Ok(self.give_name(part, gathered, size))
    }

    /// Looks what stands at a name that nobody knew before.
    fn examine(&mut self) -> Result<(), Error> {
        if matches!(self.start, Start::NewAndUnseen) {
            self.target.examine(&self.name)?;
            self.start = Start::New;
        }
        Ok(())
    }

    /// There is nothing of the file yet, and nothing to give way to it.
    fn is_new(&self) -> bool {
        let is_begun = !matches!(self.start, Start::New) || self.notes.is_some();
        !is_begun && !self.target.may_replace(&self.name)
    }

    /// Lets a file that is all in `gathered` be there at once. `false`: it cannot be done so, for whatever reason.
    fn appear(&self, gathered: &Gathered) -> Result<bool, Error> {
        let Some(mut file) = Unnamed::begin(&self.target.folder, &self.name) else {
            return Ok(false);
        };
        let mut pieces = gathered.pieces.iter();
        if pieces.try_for_each(|piece| file.write(piece)).is_err() {
            return Ok(false);
        }
        self.intend()?;
        file.commit(self.target.durable)
    }

    /// Writes down that the file is about to get its name.
    fn intend(&self) -> Result<(), Error> {
        let path = || self.target.path_of(&self.name);
        self.entry
            .as_ref()
            .map_or(Ok(()), |entry| entry.intend(&path()))
    }

    fn give_name(&self, mut part: Part, gathered: &Gathered, size: u64) -> Result<(), Error> {
        gathered.write_to(&mut part)?;
        if part.size() != size {
            return Err(lost());
        }
        self.intend()?;
        part.commit(self.target.commit(&self.name))
    }

    /// The unfinished file, ready for bytes.
    fn open(&mut self) -> Result<Part, Error> {
        self.examine()?;
        let mut part = match std::mem::replace(&mut self.start, Start::New) {
            Start::At(part) => return Ok(part),
            Start::Over(mut part) => {
                part.restart()?;
                part
            }
            Start::New | Start::NewAndUnseen => self.target.begin(&self.name)?,
        };
        if let Some(notes) = self.notes.take() {
            part.note(notes)?;
        }
        Ok(part)
    }
}
