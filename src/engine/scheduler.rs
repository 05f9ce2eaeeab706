//! Starts jobs as permits come free and brings their outcomes home: the only place that spawns tasks.
//! One task a run takes the list in and gives permits out; a worker runs one job after the other while there are any.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::collector::Collector;
use crate::download::{Engine, download};
use crate::error::{Code, Error};
use crate::job::{Input, Job, Refused, origin_key};
use crate::limits::{Limits, Permit};
use crate::options::RequestOptions;
use crate::outcome::Outcome;
use crate::transport::Transport;

/// Items taken in before workers get a turn.
const INTAKE: usize = 256;

/// One run, as its scheduler sees it.
pub(crate) struct Scheduler<T> {
    pub(crate) engine: Arc<Engine<T>>,
    pub(crate) limits: Limits<Job>,
    pub(crate) collector: Arc<Collector>,
    pub(crate) request: Arc<RequestOptions>,
}

impl<T: Transport> Scheduler<T> {
    /// Runs everything that comes through `list`, in its order as far as the limits allow. Dropped, it stops everything.
    pub(crate) async fn run(self, mut list: mpsc::UnboundedReceiver<Vec<Input>>) {
        let mut workers = JoinSet::new();
        let mut taken: u32 = 0;
        let mut is_open = true;
        while is_open || !self.limits.is_idle() {
            tokio::select! {
                inputs = list.recv(), if is_open => if let Some(inputs) = inputs {
                    self.take_in(inputs, &mut taken, &mut workers).await;
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

    async fn take_in(&self, inputs: Vec<Input>, taken: &mut u32, workers: &mut JoinSet<()>) {
        for input in inputs {
            match Job::new(*taken, input, &self.request) {
                Ok(job) => {
                    let origin = origin_key(&job.url).to_owned();
                    self.limits.enqueue(&origin, job);
                }
                Err(refused) => self.collector.push(Outcome::refused(*refused)),
            }
            *taken += 1;
            if (*taken as usize).is_multiple_of(INTAKE) {
                self.start_workers(workers);
                tokio::task::yield_now().await;
            }
        }
    }

    fn start_workers(&self, workers: &mut JoinSet<()>) {
        while workers.try_join_next().is_some() {}
        while let Some((job, permit)) = self.limits.next_job() {
            let (engine, collector) = (Arc::clone(&self.engine), Arc::clone(&self.collector));
            workers.spawn(work(job, permit, engine, collector));
        }
    }
}

/// Runs `job`, and then whatever may run in its place.
async fn work<T: Transport>(
    mut job: Job,
    mut permit: Permit<Job>,
    engine: Arc<Engine<T>>,
    collector: Arc<Collector>,
) {
    loop {
        let ran = AssertUnwindSafe(download(&job, &mut permit, &engine))
            .catch_unwind()
            .await;
        collector.push(ran.unwrap_or_else(|_| panicked(&job)));
        match permit.exchange() {
            Some(next) => (job, permit) = next,
            None => return,
        }
    }
}

/// A bug of ours costs one item and nothing else.
fn panicked(job: &Job) -> Outcome {
    let error = Error::new(
        Code::Internal,
        "a bug in manyfetch: please report it with this URL",
    );
    let method = job.options.method.clone();
    let refused = Refused {
        index: job.index,
        url: job.url.as_str().to_owned(),
        error,
    };
    Outcome {
        method,
        attempts: 1,
        ..Outcome::refused(refused)
    }
}
