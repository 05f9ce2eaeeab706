//! What a run keeps besides its results: files, and a journal. Before an item is sent, it is looked up here what there is of it; in the
//! order of the list, in which names are given out.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::{Code, Error};
use crate::job::Job;
use crate::journal::{ItemId, Journal, JournalEntry, Past, Record};
use crate::options::{IfExists, Naming, ResponseType, SaveOptions};
use crate::outcome::{Outcome, Sizes};
use crate::save::names::{self, Taken};
use crate::save::{BusyTries, Folder, Found, Known, Target, blocking};
use crate::sink::Body;
use crate::transport::Head;

/// Lines of the journal are handed to the system, and to the disk, at least so often.
const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// What a run keeps.
#[derive(Debug)]
pub(crate) struct Keeper {
    save: Option<SaveOptions>,
    journal: Option<PathBuf>,
    opened: OnceLock<Opened>,
    taken: Arc<Mutex<Taken>>,
    /// There are lines to be handed over.
    news: Notify,
}

/// What was opened for the whole run.
#[derive(Debug)]
struct Opened {
    folder: Option<Arc<Folder>>,
    journal: Option<Arc<Journal>>,
}

/// What is kept of one item.
#[derive(Debug, Default)]
pub(crate) struct Keep {
    pub(crate) entry: Option<JournalEntry>,
    pub(crate) target: Option<Target>,
}

/// What is to be done with an item.
pub(crate) enum Meeting {
    /// It is sent.
    Send,
    /// It has come to this already.
    Done(Box<Outcome>),
    /// The run cannot go on.
    Break(Error),
}

impl Keeper {
    pub(crate) fn new(save: Option<SaveOptions>, journal: Option<PathBuf>) -> Self {
        Self {
            save,
            journal,
            opened: OnceLock::new(),
            taken: Arc::default(),
            news: Notify::new(),
        }
    }

    /// Whether anything is kept of every item.
    pub(crate) fn keeps_all(&self) -> bool {
        self.save.is_some() || self.journal.is_some()
    }

    /// Opens what belongs to the whole run: the folder, and the journal.
    pub(crate) async fn open(&self) -> Result<(), Error> {
        if !self.keeps_all() {
            return Ok(());
        }
        let mut tries = BusyTries::default();
        let opened = loop {
            match self.try_open().await {
                Err(error) if tries.wait_after(&error).await => {}
                opened => break opened?,
            }
        };
        // It is opened once.
        let _ = self.opened.set(opened);
        Ok(())
    }

    async fn try_open(&self) -> Result<Opened, Error> {
        let save = self.save.as_ref();
        let dir = save.map(|save| (save.dir.clone(), save.durable));
        let names_come = save.is_some_and(|save| save.naming == Naming::ContentDisposition);
        let journal = self.journal.clone();
        let taken = Arc::clone(&self.taken);
        blocking(move || {
            let folder = dir.map(|(dir, durable)| Folder::make(&dir, durable));
            let folder = folder.transpose()?;
            let journal = journal.map(|path| Journal::open(&path)).transpose()?;
            if let Some(journal) = journal.as_ref().filter(|_| names_come) {
                // Those who have them may come later than those who would be given them.
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                journal.for_each_file(|file| {
                    let name = folder.as_ref().and_then(|folder| folder.name_of(file));
                    if let Some(name) = name {
                        taken.claim(&name);
                    }
                })?;
            }
            Ok(Opened {
                folder: folder.map(Arc::new),
                journal: journal.map(Arc::new),
            })
        })
        .await
    }

    /// Hands the lines of the journal to the system and to the disk, now and then. Returns only why it cannot.
    pub(crate) async fn write_down(&self) -> Error {
        let mut syncing: Option<JoinHandle<Result<(), Error>>> = None;
        loop {
            self.news.notified().await;
            tokio::time::sleep(FLUSH_EVERY).await;
            let Some(journal) = self.journal().map(Arc::clone) else {
                continue;
            };
            let flushed = Arc::clone(&journal);
            if let Err(error) = blocking(move || flushed.flush()).await {
                return error;
            }
            // A slow disk must not keep lines from the system.
            if syncing.as_ref().is_some_and(|one| !one.is_finished()) {
                self.news.notify_one();
                continue;
            }
            if let Some(one) = syncing.take()
                && let Ok(Err(error)) = one.await
            {
                return error;
            }
            syncing = Some(tokio::spawn(blocking(move || journal.sync())));
        }
    }

    /// The list has `total` items, and the run is done with them, or, where it `is_cut`, with those that it began.
    pub(crate) async fn close(&self, total: u32, is_cut: bool) -> Result<(), Error> {
        let Some(journal) = self.journal().map(Arc::clone) else {
            return Ok(());
        };
        blocking(move || {
            let checked = if is_cut {
                Ok(())
            } else {
                journal.check_total(total)
            };
            let synced = journal.flush().and_then(|()| journal.sync());
            journal.close().and(checked).and(synced)
        })
        .await
    }

    /// The run is over, whatever it has come to.
    pub(crate) fn let_go(&self) {
        if let Some(journal) = self.journal() {
            // Nobody is left to be told.
            let _ = journal.close();
        }
    }

    /// Looks up what there is of `job`, whose file is to be called `file`, if that was said. May wait for the disk.
    pub(crate) fn meet(&self, job: &mut Job, file: Option<&str>) -> Result<Meeting, Error> {
        let mut target = self.target(job, file)?;
        let entry = self.journal().map(|journal| JournalEntry {
            journal: Arc::clone(journal),
            index: job.index,
            id: ItemId::of(&job.options.method, &job.url, job.options.body.as_deref()),
        });
        if let Some(entry) = &entry {
            let past = match entry.look_up() {
                Ok(past) => past,
                Err(error) => return Ok(Meeting::Break(error)),
            };
            let unfinished = &job.options.retry.status_codes;
            let has_body = job.options.method != Method::HEAD;
            if let Some(record) = recall(past, target.as_mut(), unfinished, has_body)? {
                let outcome = remembered(job.index, *record);
                return Ok(Meeting::Done(Box::new(outcome)));
            }
        }
        let there = match &target {
            Some(
                known @ Target {
                    name: Some(name), ..
                },
            ) => known.examine(name)?.map(|size| (known.path_of(name), size)),
            _ => None,
        };
        job.keep = Some(Box::new(Keep { entry, target }));
        Ok(match there {
            Some((file, size)) => Meeting::Done(Box::new(found(job, file, size))),
            None => Meeting::Send,
        })
    }

    /// An item came to `outcome`, and so did the equal ones at `copies`.
    pub(crate) fn note(&self, outcome: &Outcome, copies: &[u32]) -> Result<(), Error> {
        let Some(entry) = &outcome.entry else {
            return Ok(());
        };
        if outcome.is_unchanged || is_less_than_known(outcome, entry) {
            // What was written down of it holds.
        } else {
            entry.finish(&record_of(outcome))?;
        }
        for copy in copies {
            entry.finish_copy(*copy)?;
        }
        self.news.notify_one();
        Ok(())
    }

    /// The item of `job` is a copy of the one at `original`, which was noted before.
    pub(crate) fn note_copy(&self, job: &Job, original: u32) -> Result<(), Error> {
        let Some(journal) = self.journal() else {
            return Ok(());
        };
        let id = ItemId::of(&job.options.method, &job.url, job.options.body.as_deref());
        self.news.notify_one();
        journal.finish_copy(job.index, id, original)
    }

    fn journal(&self) -> Option<&Arc<Journal>> {
        self.opened.get()?.journal.as_ref()
    }

    /// Where the body of `job` goes, if it goes to a file.
    fn target(&self, job: &Job, file: Option<&str>) -> Result<Option<Target>, Error> {
        if file.is_none() && self.save.is_none() {
            return Ok(None);
        }
        if job.options.response_type != ResponseType::Buffer {
            let detail = "responseType: a body that is saved is neither dropped nor kept";
            return Err(Error::new(Code::InvalidArgValue, detail));
        }
        let save = self.save.as_ref();
        let folder = self.opened.get().and_then(|opened| opened.folder.as_ref());
        let (folder, name) = match (file, save, folder) {
            (Some(file), Some(_), Some(folder)) => (
                Arc::clone(folder),
                Some(self.claimed(names::explicit(file)?)?),
            ),
            (Some(file), ..) => self.single(Path::new(file))?,
            (None, Some(save), Some(folder)) => {
                let name =
                    (save.naming == Naming::Url).then(|| self.distinct(names::of_url(&job.url)));
                (Arc::clone(folder), name)
            }
            (None, ..) => return Ok(None),
        };
        Ok(Some(Target {
            folder,
            name,
            taken: Arc::clone(&self.taken),
            if_exists: save.map_or(IfExists::Error, |save| save.if_exists),
            durable: save.is_some_and(|save| save.durable),
            own: None,
            known: None,
        }))
    }

    /// The folder and the name of a file that is not in the run's folder.
    fn single(&self, path: &Path) -> Result<(Arc<Folder>, Option<String>), Error> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            let detail = "file: the path of a file, and not of a folder, is needed";
            return Err(Error::new(Code::InvalidArgValue, detail));
        };
        self.claimed(path.to_string_lossy().into_owned())?;
        let name = names::explicit(&name.to_string_lossy())?;
        Ok((Arc::new(Folder::of_one(parent)), Some(name)))
    }

    fn claimed(&self, name: String) -> Result<String, Error> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.claim(&name) {
            return Ok(name);
        }
        let detail = format!("another item has the file '{}'", name.escape_debug());
        Err(Error::new(Code::Exists, detail))
    }

    fn distinct(&self, name: String) -> String {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.distinct(name)
    }
}

/// A failure must not make a stranger of the run's own file; only that there is a stranger may.
fn is_less_than_known(outcome: &Outcome, entry: &JournalEntry) -> bool {
    let error = outcome.error.as_ref();
    error.is_some_and(|error| error.code != Code::Exists) && entry.knows_file()
}

/// What an earlier run has left of an item: its record, if nothing more is to be done. What else it tells is noted in `target`.
fn recall(
    past: Past,
    target: Option<&mut Target>,
    unfinished: &[u16],
    has_body: bool,
) -> Result<Option<Box<Record>>, Error> {
    let record = match past {
        Past::Unknown => return Ok(None),
        Past::Intended(file) => {
            if let Some(target) = target {
                target.own = target.folder.name_of(&file);
            }
            return Ok(None);
        }
        Past::Finished(record) => record,
    };
    let is_to_be_tried = record
        .status
        .is_some_and(|status| unfinished.contains(&status));
    let is_finished = record.code.is_none() && !is_to_be_tried;
    let Some(target) = target else {
        return Ok(is_finished.then_some(record));
    };
    let Some(file) = &record.file else {
        // What had no body is not there, and neither is what was not to be saved then.
        return Ok((is_finished && (!record.is_ok || !has_body)).then_some(record));
    };
    // One in another folder is not known here.
    let Some(name) = target.folder.name_of(file) else {
        return Ok(None);
    };
    let found = target.folder.look(&name)?;
    target.own = Some(name);
    let Found::File { size } = found else {
        return Ok(None);
    };
    if size != record.size {
        // It lost something, with the power or to another program.
        return Ok(None);
    }
    if target.if_exists == IfExists::Update {
        let headers = record.headers.clone();
        target.known = Some(Known { headers, size });
        return Ok(None);
    }
    Ok(is_finished.then_some(record))
}

/// The outcome of an item that the journal remembers.
fn remembered(index: u32, record: Record) -> Outcome {
    let status = record
        .status
        .and_then(|status| StatusCode::from_u16(status).ok());
    Outcome {
        index,
        method: None,
        urls: record.urls,
        file: record.file,
        head: status.map(|status| Head {
            status,
            version: record.version,
            reason: record.reason.map(Into::into),
            headers: record.headers,
            remote: record.remote,
        }),
        body: Body::Empty,
        sizes: Sizes {
            decoded: record.size,
            wire: record.wire_size,
            is_decoded: record.is_decoded,
        },
        is_from_journal: true,
        ..Outcome::nothing()
    }
}

/// The outcome of an item whose file is there.
fn found(job: &mut Job, file: String, size: u64) -> Outcome {
    Outcome {
        index: job.index,
        method: Some(job.options.method.clone()),
        urls: vec![job.url.as_str().to_owned()],
        file: Some(file),
        sizes: Sizes {
            decoded: size,
            wire: 0,
            is_decoded: true,
        },
        entry: job.keep.take().and_then(|keep| keep.entry),
        ..Outcome::nothing()
    }
}

fn record_of(outcome: &Outcome) -> Record {
    let head = outcome.head.as_ref();
    Record {
        is_ok: outcome.verdict().is_ok,
        status: head.map(|head| head.status.as_u16()),
        code: outcome
            .error
            .as_ref()
            .map(|error| error.code.name().to_owned()),
        urls: outcome.urls.clone(),
        file: outcome.file.clone(),
        size: outcome.sizes.decoded,
        wire_size: outcome.sizes.wire,
        is_decoded: outcome.sizes.is_decoded,
        version: head.map(|head| head.version).unwrap_or_default(),
        reason: head
            .and_then(|head| head.reason.as_ref())
            .map(|reason| reason.to_vec()),
        headers: head.map_or_else(HeaderMap::new, |head| head.headers.clone()),
        remote: head.and_then(|head| head.remote),
    }
}
