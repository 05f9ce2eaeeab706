//! Starts jobs as permits come free and brings their outcomes home: the only place that spawns tasks for jobs.
//! One task a run takes the list in and gives permits out; a worker runs one job after the other while there are any.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::collector::Collector;
use crate::download::{Engine, Step, download};
use crate::error::{Code, Error};
use crate::job::{Input, Job, origin_key};
use crate::limits::{Limits, Permit, Turn};
use crate::options::RequestOptions;
use crate::outcome::{Outcome, Refused};
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
}

impl<T: Transport> Scheduler<T> {
    /// Runs everything that comes through `list`, in its order as far as the limits allow. Dropped, it stops everything.
    pub(crate) async fn run(self: Arc<Self>, mut list: mpsc::UnboundedReceiver<Arrival>) {
        let mut workers = JoinSet::new();
        let mut taken: u32 = 0;
        let mut is_open = true;
        while is_open || !self.limits.is_idle() {
            tokio::select! {
                arrival = list.recv(), if is_open => if let Some(arrival) = arrival {
                    self.take_in(arrival, &mut taken, &mut workers).await;
                } else {
                    is_open = false;
                    self.collector.close(u64::from(taken));
                },
                () = self.limits.freed() => {}
            }
            self.start_workers(&mut workers);
        }
        // Those that are left have pushed their last outcome and are on their way out.
        while workers.join_next().await.is_some() {}
    }

    async fn take_in(
        self: &Arc<Self>,
        arrival: Arrival,
        taken: &mut u32,
        workers: &mut JoinSet<()>,
    ) {
        for input in arrival.inputs {
            self.take_one(*taken, input, arrival.at);
            *taken += 1;
            if (*taken as usize).is_multiple_of(INTAKE) {
                self.start_workers(workers);
                tokio::task::yield_now().await;
            }
        }
    }

    fn take_one(&self, index: u32, input: Input, at: Instant) {
        let made = catch_unwind(AssertUnwindSafe(|| {
            Job::new(index, input, at, &self.request)
        }));
        match made {
            Ok(Ok(job)) => self.enqueue(job, Turn::Fresh),
            Ok(Err(refused)) => self.collector.push(Outcome::refused(*refused)),
            Err(_) => self
                .collector
                .push(Outcome::refused(bug(index, String::new()))),
        }
    }

    fn enqueue(&self, job: Job, turn: Turn) {
        let origin = origin_key(&job.url).to_owned();
        self.limits.enqueue(&origin, job, turn);
    }

    fn start_workers(self: &Arc<Self>, workers: &mut JoinSet<()>) {
        while workers.try_join_next().is_some() {}
        while let Some((job, permit)) = self.limits.next_job() {
            workers.spawn(Arc::clone(self).work(job, permit));
        }
    }

    /// Runs `job`, and then whatever may run in its place.
    async fn work(self: Arc<Self>, mut job: Job, mut permit: Permit<Job>) {
        loop {
            let step = AssertUnwindSafe(download(&mut job, &self.engine))
                .catch_unwind()
                .await;
            match step {
                Ok(Step::Done(outcome)) => self.collector.push(outcome),
                Ok(Step::Redirected) => self.enqueue(job, Turn::Begun),
                Err(_) => self.collector.push(panicked(&job)),
            }
            match permit.exchange() {
                Some(next) => (job, permit) = next,
                None => return,
            }
        }
    }
}

/// A bug of ours costs one item and nothing else.
fn panicked(job: &Job) -> Outcome {
    let method = job.options.method.clone();
    let refused = bug(job.index, job.url.as_str().to_owned());
    Outcome {
        method,
        attempts: 1,
        ..Outcome::refused(refused)
    }
}

fn bug(index: u32, url: String) -> Refused {
    let error = Error::new(
        Code::Internal,
        "a bug in manyfetch: please report it with this item",
    );
    Refused { index, url, error }
}
