//! A client keeps connections and names across its runs; a run is one list and the outcomes of its items.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::HeaderName;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::batch::Batch;
use crate::collector::{Collector, Wake};
use crate::cookies::CookieJar;
use crate::deadlines::due;
use crate::download::Engine;
use crate::duplicates::Duplicates;
use crate::error::{Error, Phase};
use crate::job::{Input, Job};
use crate::limits::{Ceilings, ClientLimits, Limits as RunLimits};
use crate::options::{ConnectionOptions, Limits, RunOptions};
use crate::retry::Budget;
use crate::runtime;
use crate::scheduler::{Arrival, Scheduler};
use crate::sink::Credit;
use crate::stats::Stats;
use crate::transport::{ConnectionCounters, HttpTransport, Transport};

/// Connections, names and trust, for any number of runs. Cloned, it stays the same client.
#[derive(Debug)]
pub struct Client<T = HttpTransport> {
    transport: Arc<T>,
    limits: ClientLimits,
    cookies: Option<Arc<CookieJar>>,
    sensitive_headers: Arc<[HeaderName]>,
}

/// One list under way. Dropped, it is cancelled.
#[derive(Debug)]
pub struct Run {
    list: Option<mpsc::UnboundedSender<Arrival>>,
    scheduler: AbortHandle,
    collector: Arc<Collector>,
    connections: Arc<ConnectionCounters>,
    limits: RunLimits<Job>,
    total: u64,
}

impl Client {
    /// A client that connects as `options` say. No thread and no connection is started yet.
    ///
    /// # Errors
    /// When something in the options cannot be read: a certificate, a proxy, the name of a host; or when two of them cannot be had
    /// together.
    pub fn new(options: &ConnectionOptions) -> Result<Self, Error> {
        Ok(Self {
            cookies: options.cookies.then(Arc::default),
            sensitive_headers: options.sensitive_headers.as_slice().into(),
            ..Self::over(HttpTransport::new(options)?)
        })
    }
}

impl<T: Transport> Client<T> {
    /// A client over a transport of the caller's.
    pub fn over(transport: T) -> Self {
        Self {
            transport: Arc::new(transport),
            limits: ClientLimits::default(),
            cookies: None,
            sensitive_headers: Arc::default(),
        }
    }

    /// The same client with limits that all its runs share, above their own.
    #[must_use]
    pub fn limited(mut self, ceilings: Limits) -> Self {
        self.limits.ceilings = Some(Arc::new(Ceilings::new(ceilings)));
        self
    }

    /// Starts a run over a list that is still to come, on the threads that all runs of the process share. `wake` is called
    /// when there is a batch to take or the run has ended.
    ///
    /// # Errors
    /// When the system does not let the first run of the process start its threads.
    pub fn start(&self, options: RunOptions, wake: Wake) -> Result<Run, Error> {
        Ok(self.start_on(runtime::handle()?, options, wake))
    }

    /// Starts a run as [`Client::start`] does, on a runtime of the caller's.
    pub fn start_on(&self, runtime: &Handle, options: RunOptions, wake: Wake) -> Run {
        let (sender, list) = mpsc::unbounded_channel();
        let collector = Arc::new(Collector::new(wake));
        let connections = Arc::<ConnectionCounters>::default();
        if let Some(ceilings) = &self.limits.ceilings {
            ceilings.run_on(runtime);
        }
        let limits = RunLimits::new(options.limits, self.transport.room(), self.limits.clone());
        let scheduler = Scheduler {
            engine: Engine {
                transport: Arc::clone(&self.transport),
                credit: Arc::new(Credit::new(options.max_buffered_bytes)),
                connections: Arc::clone(&connections),
                rests: Arc::clone(&self.limits.rests),
                cookies: self.cookies.clone(),
                sensitive_headers: Arc::clone(&self.sensitive_headers),
                host_headers: options.host_headers,
                budget: Budget::default(),
                deadline: due(Instant::now(), Phase::Deadline, options.deadline),
            },
            limits: limits.clone(),
            collector: Arc::clone(&collector),
            request: options.request,
            duplicates: options.dedupe.then(Duplicates::default),
            stop_on_error: options.stop_on_error,
            is_stopped: AtomicBool::new(false),
        };
        let scheduler = runtime.spawn(Arc::new(scheduler).run(list)).abort_handle();
        Run {
            list: Some(sender),
            scheduler,
            collector,
            connections,
            limits,
            total: 0,
        }
    }
}

impl<T> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self {
            transport: Arc::clone(&self.transport),
            limits: self.limits.clone(),
            cookies: self.cookies.clone(),
            sensitive_headers: Arc::clone(&self.sensitive_headers),
        }
    }
}

impl Run {
    /// Adds items to the list. They start at once, as far as the limits allow.
    pub fn push(&mut self, inputs: Vec<Input>) {
        self.total += inputs.len() as u64;
        if let Some(list) = &self.list {
            // Nobody listens only after `cancel`.
            let _ = list.send(Arrival {
                at: Instant::now(),
                inputs,
            });
        }
    }

    /// Ends the list: the run ends with its last item.
    pub fn end(&mut self) {
        self.list = None;
    }

    /// Stops everything: sockets are closed, and items without an outcome get none.
    pub fn cancel(&self) {
        self.scheduler.abort();
    }

    /// The next batch that is ready. Call it until it gives none; the next one is announced by the wake-up.
    pub fn take_batch(&self) -> Option<Batch> {
        self.collector.take()
    }

    /// Every item has its outcome.
    pub fn is_finished(&self) -> bool {
        self.collector.is_finished()
    }

    /// The run broke by a bug of ours: items without an outcome get none.
    pub fn is_broken(&self) -> bool {
        self.collector.is_broken()
    }

    /// The run in numbers, so far.
    pub fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // The last outcome is there a moment before its permit has come back.
        let in_flight = if self.is_finished() {
            0
        } else {
            self.limits.in_flight() as u64
        };
        Stats {
            total: self.total,
            in_flight,
            connections_opened: read(&self.connections.opened),
            connections_reused: read(&self.connections.reused),
            ..self.collector.stats()
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.cancel();
    }
}
