//! Starts jobs as permits come free and brings their outcomes home: the only place that spawns tasks for jobs.
//! One task a run takes the list in and gives permits out; a worker runs one job after the other while there are any.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::collector::Collector;
use crate::download::{Engine, Step, download};
use crate::duplicates::{Duplicates, Role};
use crate::error::{Code, Error, Phase};
use crate::job::{Input, Job, origin_key};
use crate::keeper::{Keeper, Meeting};
use crate::limits::{Closed, Limits, Next, Permit, Report, Turn};
use crate::options::RequestOptions;
use crate::outcome::{Outcome, Refused};
use crate::save::blocking;
use crate::stats::authority;
use crate::transport::Transport;

/// Items taken in before workers get a turn.
const INTAKE: usize = 256;

/// Items on their way to the scheduler, and when they were handed over.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) inputs: Vec<Input>,
}

/// One run, as its scheduler sees it.
#[derive(Debug)]
pub(crate) struct Scheduler<T> {
    pub(crate) engine: Engine<T>,
    pub(crate) limits: Limits<Job>,
    pub(crate) collector: Arc<Collector>,
    pub(crate) request: Arc<RequestOptions>,
    /// Where equal requests are sent once.
    pub(crate) duplicates: Option<Duplicates>,
    pub(crate) keeper: Arc<Keeper>,
    /// The first failure ends the run.
    pub(crate) stop_on_error: bool,
    pub(crate) is_stopped: AtomicBool,
}

impl<T: Transport> Scheduler<T> {
    /// Runs everything that comes through `list`, in its order as far as the limits allow. Dropped, it stops everything.
    pub(crate) async fn run(self: Arc<Self>, list: mpsc::UnboundedReceiver<Arrival>) {
        // What waits must not keep a place of the client's, whatever ends the run.
        let _ending = Ending(self.limits.clone());
        let schedule = AssertUnwindSafe(self.schedule(list)).catch_unwind();
        let ended = tokio::select! {
            ended = schedule => ended,
            () = self.collector.ring_promptly() => Ok(()),
            error = self.keeper.write_down() => {
                self.collector.fail(error);
                Ok(())
            }
        };
        self.keeper.let_go();
        if ended.is_err() {
            self.collector.fail(broken());
        }
    }

    async fn schedule(self: &Arc<Self>, mut list: mpsc::UnboundedReceiver<Arrival>) {
        if let Err(error) = self.keeper.open().await {
            return self.collector.fail(error);
        }
        let mut workers = JoinSet::new();
        let mut taken: u32 = 0;
        let mut is_open = true;
        while is_open || !self.limits.is_idle() {
            tokio::select! {
                arrival = list.recv(), if is_open => if let Some(arrival) = arrival {
                    self.take_in(arrival, &mut taken, &mut workers).await;
                } else {
                    is_open = false;
                    self.limits.expect(false, false);
                    if !self.is_stopping() && !self.keeper.keeps_all() {
                        self.collector.close(u64::from(taken));
                    }
                },
                () = self.limits.freed() => {}
            }
            self.start_workers(&mut workers).await;
            if self.is_stopped.load(Relaxed) {
                return;
            }
        }
        // Those that are left have pushed their last outcome and are on their way out.
        while let Some(ended) = workers.join_next().await {
            self.check(&ended);
        }
        if self.keeper.keeps_all()
            && let Err(error) = self.keeper.close(taken, self.is_stopping()).await
        {
            return self.collector.fail(error);
        }
        if self.is_stopping() {
            self.collector.close_here();
        } else {
            self.collector.close(u64::from(taken));
        }
    }

    fn is_stopping(&self) -> bool {
        self.engine.is_stopping.load(Relaxed)
    }

    async fn take_in(
        self: &Arc<Self>,
        arrival: Arrival,
        taken: &mut u32,
        workers: &mut JoinSet<()>,
    ) {
        let mut inputs = arrival.inputs.into_iter();
        loop {
            let some: Vec<_> = inputs.by_ref().take(INTAKE).collect();
            if some.is_empty() {
                return;
            }
            let (first, at) = (*taken, arrival.at);
            *taken += u32::try_from(some.len()).unwrap_or(u32::MAX);
            if self.keeper.keeps_all() || some.iter().any(|input| input.file.is_some()) {
                // It is looked up on the disk what there is of them.
                let own = Arc::clone(self);
                let taken = blocking(move || {
                    own.take_some(first, some, at);
                    Ok(())
                });
                if let Err(error) = taken.await {
                    return self.break_off(error);
                }
            } else {
                self.take_some(first, some, at);
            }
            self.start_workers(workers).await;
            tokio::task::yield_now().await;
        }
    }

    fn take_some(&self, first: u32, inputs: Vec<Input>, at: Instant) {
        for (index, input) in (first..).zip(inputs) {
            if self.is_stopped.load(Relaxed) || self.is_stopping() {
                return;
            }
            self.take_one(index, input, at);
        }
    }

    fn take_one(&self, index: u32, mut input: Input, at: Instant) {
        let file = input.file.take();
        let made = catch_unwind(AssertUnwindSafe(|| {
            Job::new(index, input, at, &self.request)
        }));
        match made {
            Ok(Ok(job)) => self.take_job(job, file.as_deref()),
            Ok(Err(refused)) => self.settle(Outcome::refused(*refused)),
            Err(_) => self.settle(Outcome::refused(bug(index, String::new()))),
        }
    }

    fn take_job(&self, mut job: Job, file: Option<&str>) {
        let role = self.duplicates.as_ref().map(|all| {
            if self.engine.host_headers.is_empty() {
                job.forget_whose_headers();
            }
            all.join(&job, file)
        });
        match role {
            None | Some(Role::First) => self.meet(job, file),
            Some(Role::Waits) => {}
            Some(Role::CopyOf(first, verdict)) => {
                if let Err(error) = self.keeper.note_copy(&job, first) {
                    self.break_off(error);
                }
                self.collector.push_copy(job.index, first, verdict);
            }
        }
    }

    /// Sends `job`, unless an earlier run has done with it.
    fn meet(&self, mut job: Job, file: Option<&str>) {
        if !self.keeper.keeps_all() && file.is_none() {
            return self.enqueue(job, Turn::Fresh);
        }
        match self.keeper.meet(&mut job, file) {
            Ok(Meeting::Send) => self.enqueue(job, Turn::Fresh),
            Ok(Meeting::Done(outcome)) => self.settle(*outcome),
            Ok(Meeting::Break(error)) => self.break_off(error),
            Err(error) => self.settle(job.into_outcome(error)),
        }
    }

    /// Ends the run because of `error`.
    fn break_off(&self, error: Error) {
        self.is_stopped.store(true, Relaxed);
        self.collector.fail(error);
        self.limits.shut();
    }

    fn enqueue(&self, job: Job, turn: Turn) {
        let (origin, expires) = self.place_of(&job);
        self.limits.enqueue(&origin, job, turn, expires);
    }

    fn delay(&self, job: Job, after: Duration) {
        let (origin, expires) = self.place_of(&job);
        let until = Instant::now() + after;
        self.limits.delay(&origin, job, until, expires);
    }

    /// Where `job` waits, and until when at most.
    fn place_of(&self, job: &Job) -> (String, Option<Instant>) {
        let expires = job.due(self.engine.deadline).map(|(at, ..)| at);
        (origin_key(&job.url).to_owned(), expires)
    }

    async fn start_workers(self: &Arc<Self>, workers: &mut JoinSet<()>) {
        while let Some(ended) = workers.try_join_next() {
            self.check(&ended);
        }
        while let Some(next) = self.limits.next() {
            if let Some((job, permit)) = self.settle_what_is_over(next) {
                workers.spawn(Arc::clone(self).work(job, permit));
            } else {
                // There may be a million of them.
                tokio::task::coop::consume_budget().await;
            }
        }
    }

    /// A worker that broke may have lost an outcome.
    fn check(&self, ended: &Result<(), JoinError>) {
        if ended.is_err() {
            self.collector.fail(broken());
        }
    }

    /// Runs `job`, and then whatever may run in its place.
    async fn work(self: Arc<Self>, mut job: Job, mut permit: Permit<Job>) {
        loop {
            let ended = AssertUnwindSafe(download(&mut job, &self.engine))
                .catch_unwind()
                .await;
            let report = match ended {
                Ok((Step::Done(outcome), report)) => {
                    self.settle(outcome);
                    report
                }
                Ok((Step::GoesOn(after), report)) => {
                    if after.is_zero() {
                        self.enqueue(job, Turn::Begun);
                    } else {
                        self.delay(job, after);
                    }
                    report
                }
                Err(_) => {
                    self.settle(panicked(&job));
                    Report::NONE
                }
            };
            let mut next = permit.exchange(report);
            (job, permit) = loop {
                match next.map(|next| self.settle_what_is_over(next)) {
                    Some(Some(work)) => break work,
                    // There may be a million of them.
                    Some(None) => {
                        tokio::task::coop::consume_budget().await;
                        next = self.limits.next();
                    }
                    None => return self.limits.ring(),
                }
            };
        }
    }

    /// The job that may run, unless its time is over without it.
    fn settle_what_is_over(&self, next: Next<Job>) -> Option<(Job, Permit<Job>)> {
        let (job, error) = match next {
            Next::Go(job, permit) => return Some((job, permit)),
            Next::Expired(job) => {
                let due = job.due(self.engine.deadline);
                let (_, phase, limit) =
                    due.unwrap_or((job.arrived_at, Phase::Total, Duration::ZERO));
                (job, Error::timed_out(phase, limit))
            }
            Next::Refused(job, why) => {
                let troubles = &self.engine.troubles;
                match (authority(job.url.as_str()), why) {
                    (Some(host), Closed::Asked) => troubles.close(host),
                    (Some(host), Closed::Unreachable) => troubles.give_up(host),
                    (None, _) => {}
                }
                (job, unavailable(why))
            }
        };
        self.settle(job.into_outcome(error));
        None
    }

    fn settle(&self, outcome: Outcome) {
        let stops = self.stop_on_error && outcome.error.is_some();
        let (index, verdict) = (outcome.index, outcome.verdict());
        let copies = self.duplicates.as_ref();
        let copies = copies.map(|all| all.settle(index, verdict));
        let copies = copies.unwrap_or_default();
        if let Err(error) = self.keeper.note(&outcome, &copies) {
            return self.break_off(error);
        }
        self.collector.push(outcome, &copies);
        if stops && !self.is_stopped.swap(true, Relaxed) {
            self.collector.hand_over();
            self.limits.shut();
        }
    }
}

/// Ends a run's waiting when it is dropped.
struct Ending(Limits<Job>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.shut();
    }
}

fn unavailable(why: Closed) -> Error {
    let detail = match why {
        Closed::Asked => "the host asked to be left alone for longer than maxRetryAfter",
        Closed::Unreachable => "one connection to the host after the other timed out",
    };
    Error::new(Code::HostUnavailable, detail)
}

fn broken() -> Error {
    let detail = "the run broke off by a bug in manyfetch: please report it";
    Error::new(Code::Internal, detail)
}

/// A bug of ours costs one item and nothing else.
fn panicked(job: &Job) -> Outcome {
    let refused = bug(job.index, job.url.as_str().to_owned());
    Outcome {
        method: Some(job.options.method.clone()),
        attempts: 1,
        ..Outcome::refused(refused)
    }
}

fn bug(index: u32, url: String) -> Refused {
    let error = Error::new(
        Code::Internal,
        "a bug in manyfetch: please report it with this item",
    );
    Refused {
        index,
        method: None,
        url,
        error,
    }
}
