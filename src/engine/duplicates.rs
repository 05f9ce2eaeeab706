//! Requests that are equal in everything: the first is sent, and the others are copies of what it comes to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Method;
use url::Url;

use crate::job::Job;
use crate::options::{Delivery, RequestOptions};
use crate::outcome::Verdict;

/// The requests of one run, told apart.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    known: Mutex<Known>,
    /// Results are gone once they were handed over: nothing can be a copy of what is done.
    forgets: bool,
}

#[derive(Debug, Default)]
struct Known {
    /// The first item of each kind, by what is quickly told apart, and by its options.
    first: HashMap<Kind, Vec<(Arc<RequestOptions>, u32)>>,
    /// How far each first item has come.
    progress: HashMap<u32, Progress>,
    /// The kinds of those that are forgotten when they are done.
    kinds: HashMap<u32, Kind>,
}

/// URL, method, body, and the name of the file, if it was said.
type Kind = (Url, Method, Option<Bytes>, Option<Box<str>>);

#[derive(Debug)]
enum Progress {
    /// These items wait for what it comes to.
    UnderWay(Vec<u32>),
    Settled(Verdict),
}

/// What is to be done with an item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// There is none like it: it is sent.
    First,
    /// It is settled together with the first one.
    Waits,
    /// It is a copy of this item, which came to this.
    CopyOf(u32, Verdict),
}

impl Duplicates {
    /// Those of a run that delivers so.
    pub(crate) fn of(delivery: Delivery) -> Self {
        Self {
            known: Mutex::default(),
            forgets: delivery == Delivery::Streamed,
        }
    }

    /// Takes `job` in, whose body goes to `file`, if that was said.
    pub(crate) fn join(&self, job: &Job, file: Option<&str>) -> Role {
        let mut known = self.lock();
        let kind = kind_of(job, file);
        let first = known.first_like(job, &kind);
        if self.forgets && first == job.index {
            known.kinds.insert(first, kind);
        }
        match known.progress.get_mut(&first) {
            None => {
                let under_way = Progress::UnderWay(Vec::new());
                known.progress.insert(first, under_way);
                Role::First
            }
            Some(Progress::UnderWay(waiting)) => {
                waiting.push(job.index);
                Role::Waits
            }
            Some(Progress::Settled(verdict)) => Role::CopyOf(first, *verdict),
        }
    }

    /// The items that waited for the one at `index`, which came to `verdict`.
    pub(crate) fn settle(&self, index: u32, verdict: Verdict) -> Vec<u32> {
        let mut known = self.lock();
        if self.forgets {
            return known.forget(index);
        }
        let Some(progress) = known.progress.get_mut(&index) else {
            return Vec::new();
        };
        match std::mem::replace(progress, Progress::Settled(verdict)) {
            Progress::UnderWay(waiting) => waiting,
            Progress::Settled(_) => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The first item that is equal to `job`, which may be itself.
    fn first_like(&mut self, job: &Job, kind: &Kind) -> u32 {
        let of_kind = self.first.entry(kind.clone()).or_default();
        let is_equal = |options: &Arc<RequestOptions>| {
            Arc::ptr_eq(options, &job.options) || **options == *job.options
        };
        if let Some((_, first)) = of_kind.iter().find(|(options, _)| is_equal(options)) {
            return *first;
        }
        of_kind.push((Arc::clone(&job.options), job.index));
        job.index
    }

    /// Forgets the first item at `index`, and returns those that waited for it.
    fn forget(&mut self, index: u32) -> Vec<u32> {
        if let Some(kind) = self.kinds.remove(&index)
            && let Some(of_kind) = self.first.get_mut(&kind)
        {
            of_kind.retain(|(_, first)| *first != index);
            if of_kind.is_empty() {
                self.first.remove(&kind);
            }
        }
        match self.progress.remove(&index) {
            Some(Progress::UnderWay(waiting)) => waiting,
            Some(Progress::Settled(_)) | None => Vec::new(),
        }
    }
}

fn kind_of(job: &Job, file: Option<&str>) -> Kind {
    let options = &job.options;
    (
        job.url.clone(),
        options.method.clone(),
        options.body.clone(),
        file.map(Into::into),
    )
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::job::Input;

    fn job(index: u32, url: &str, options: Option<RequestOptions>) -> Job {
        let input = Input {
            url: url.into(),
            options: options.map(Box::new).map(Ok),
            file: None,
        };
        Job::new(index, input, Instant::now(), &Arc::default()).expect("it can be sent")
    }

    #[test]
    fn an_item_is_joined_with_the_first_that_is_equal_in_everything() {
        let head = RequestOptions {
            method: Method::HEAD,
            ..RequestOptions::default()
        };
        let duplicates = Duplicates::default();
        let cases = [
            ("http://a.test/x", None, Role::First),
            ("HTTP://A.test:80/x#part", None, Role::Waits),
            (
                "http://a.test/x",
                Some(RequestOptions::default()),
                Role::Waits,
            ),
            ("http://a.test/x", Some(head.clone()), Role::First),
            ("http://user:secret@a.test/x", None, Role::First),
            ("http://a.test/y", None, Role::First),
            ("http://a.test/x", Some(head), Role::Waits),
        ];
        for (index, (url, options, role)) in (0..).zip(cases) {
            assert_eq!(
                duplicates.join(&job(index, url, options), None),
                role,
                "{index}"
            );
        }
        let verdict = Verdict {
            is_ok: true,
            status: Some(200),
            code: None,
        };
        assert_eq!(duplicates.settle(0, verdict), [1, 2]);
        assert_eq!(duplicates.settle(3, verdict), [6]);
        assert!(duplicates.settle(5, verdict).is_empty());
        let late = duplicates.join(&job(7, "http://a.test/x", None), None);
        assert_eq!(late, Role::CopyOf(0, verdict));
    }

    #[test]
    fn of_what_is_handed_over_as_it_comes_nothing_is_kept() {
        let duplicates = Duplicates::of(Delivery::Streamed);
        let verdict = Verdict {
            is_ok: true,
            status: Some(200),
            code: None,
        };
        for index in [0, 10, 20] {
            let join = |index| duplicates.join(&job(index, "http://a.test/x", None), None);
            assert_eq!(join(index), Role::First);
            assert_eq!(join(index + 1), Role::Waits);
            assert_eq!(duplicates.settle(index, verdict), [index + 1]);
        }
        let known = duplicates.lock();
        assert!(known.first.is_empty() && known.progress.is_empty() && known.kinds.is_empty());
    }
}
