//! A client keeps connections and names across its runs; a run is one list and the outcomes of its items.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderName;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
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
use crate::keeper::Keeper;
use crate::limits::{Ceilings, ClientLimits, Limits as RunLimits, WeakLimits};
use crate::options::{Concurrency, ConnectionOptions, Delivery, Limits, RunOptions};
use crate::retry::Budget;
use crate::runtime;
use crate::scheduler::{Arrival, Scheduler};
use crate::sink::Credit;
use crate::stats::advice::advise;
use crate::stats::{HostStats, Stats, Told, Troubles, authority, measure};
use crate::transport::{ConnectionCounters, HttpTransport, Transport};

/// Connections, names and trust, for any number of runs. Cloned, it stays the same client.
#[derive(Debug)]
pub struct Client<T = HttpTransport> {
    transport: Arc<T>,
    limits: ClientLimits,
    cookies: Option<Arc<CookieJar>>,
    sensitive_headers: Arc<[HeaderName]>,
    runs: Arc<Runs>,
}

/// The runs of a client, as long as they last.
#[derive(Debug, Default)]
struct Runs {
    limits: Mutex<Vec<WeakLimits<Job>>>,
    connections: Arc<ConnectionCounters>,
}

impl Runs {
    fn add(&self, limits: WeakLimits<Job>) {
        let mut all = self.lock();
        all.retain(|limits| limits.upgrade().is_some());
        all.push(limits);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<WeakLimits<Job>>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client in numbers.
#[derive(Clone, Debug, Default)]
pub struct ClientStats {
    /// Requests in flight.
    pub in_flight: u64,
    /// Items that wait for their turn.
    pub queued: u64,
    /// Connections that are open, as far as the system tells.
    pub connections_open: u64,
    /// Connections established.
    pub connections_opened: u64,
    /// Requests that went over a connection that was there.
    pub connections_reused: u64,
    /// Hosts with something to do, or that asked for a pause.
    pub hosts: BTreeMap<String, ClientHost>,
}

/// What a client has to do with one host.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientHost {
    /// Requests in flight.
    pub in_flight: u64,
    /// Items that wait for their turn.
    pub queued: u64,
    /// For how long it is still left alone, as it asked.
    pub paused: Option<Duration>,
}

/// One list under way. Dropped, it is cancelled.
#[derive(Debug)]
pub struct Run {
    list: Option<mpsc::UnboundedSender<Arrival>>,
    scheduler: AbortHandle,
    collector: Arc<Collector>,
    connections: Arc<ConnectionCounters>,
    limits: RunLimits<Job>,
    told: Told,
    troubles: Arc<Troubles>,
    keeper: Arc<Keeper>,
    is_stopping: Arc<AtomicBool>,
    /// `None` where nothing comes back before the end.
    lent: Option<Lent>,
    look_ahead: usize,
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
            runs: Arc::default(),
        }
    }

    /// The same client with limits that all its runs share, above their own.
    #[must_use]
    pub fn limited(mut self, ceilings: Limits) -> Self {
        self.limits.ceilings = Some(Arc::new(Ceilings::new(ceilings)));
        self
    }

    /// The client in numbers.
    pub fn stats(&self) -> ClientStats {
        let mut usage = HashMap::new();
        for limits in self.runs.lock().iter().filter_map(WeakLimits::upgrade) {
            limits.add_usage(&mut usage);
        }
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut stats = ClientStats {
            in_flight: usage.values().map(|usage| usage.in_flight).sum(),
            queued: usage.values().map(|usage| usage.queued).sum(),
            connections_open: self.transport.open_connections() as u64,
            connections_opened: read(&self.runs.connections.opened),
            connections_reused: read(&self.runs.connections.reused),
            hosts: BTreeMap::new(),
        };
        for (origin, usage) in usage.iter().filter(|(_, usage)| !usage.is_none()) {
            let host = stats.host(origin);
            host.in_flight += usage.in_flight;
            host.queued += usage.queued;
        }
        let now = Instant::now();
        for (origin, until) in self.limits.rests.all() {
            stats.host(&origin).paused = Some(until - now);
        }
        stats
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
        let collector = Arc::new(Collector::new(wake, options.delivery));
        let connections = Arc::new(ConnectionCounters::of(&self.runs.connections));
        if let Some(ceilings) = &self.limits.ceilings {
            ceilings.run_on(runtime);
        }
        let freed = Arc::<Notify>::default();
        let credit = Arc::new(credit_of(&options, &freed));
        let room = self.transport.room();
        let look_ahead = look_ahead(&options.limits, room);
        let told = Told {
            limits: options.limits.clone(),
            room,
        };
        let limits = RunLimits::new(
            options.limits,
            room,
            self.limits.clone(),
            (Arc::clone(&credit), freed),
        );
        limits.expect(true, false);
        self.runs.add(limits.downgrade());
        let is_stopping = Arc::<AtomicBool>::default();
        let troubles = Arc::<Troubles>::default();
        let keeper = Arc::new(Keeper::new(options.save, options.journal));
        let scheduler = Scheduler {
            engine: Engine {
                transport: Arc::clone(&self.transport),
                credit: Arc::clone(&credit),
                connections: Arc::clone(&connections),
                rests: Arc::clone(&self.limits.rests),
                troubles: Arc::clone(&troubles),
                cookies: self.cookies.clone(),
                sensitive_headers: Arc::clone(&self.sensitive_headers),
                host_headers: options.host_headers,
                budget: Budget::default(),
                is_stopping: Arc::clone(&is_stopping),
                deadline: due(Instant::now(), Phase::Deadline, options.deadline),
            },
            limits: limits.clone(),
            collector: Arc::clone(&collector),
            request: options.request,
            keeper: Arc::clone(&keeper),
            duplicates: options.dedupe.then(|| Duplicates::of(options.delivery)),
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
            told,
            troubles,
            keeper,
            is_stopping,
            lent: (options.delivery == Delivery::Streamed).then(|| Lent::of(credit)),
            look_ahead,
            total: 0,
        }
    }
}

/// Items that are taken in before the first of them is delivered, beyond those that are in flight.
const LOOK_AHEAD: usize = 1_000;

/// Items that a run may have taken in and not delivered.
fn look_ahead(limits: &Limits, room: usize) -> usize {
    let in_flight = match limits.concurrency {
        Concurrency::Fixed(count) => count.min(room),
        Concurrency::Auto => 0,
    };
    // Where nothing else sets a limit to them, requests in flight are kept within reason by this.
    in_flight.min(MAX_AHEAD) + LOOK_AHEAD
}

const MAX_AHEAD: usize = 100_000;

fn credit_of(options: &RunOptions, freed: &Arc<Notify>) -> Credit {
    let limit = options.max_buffered_bytes.unwrap_or(u64::MAX);
    match options.delivery {
        Delivery::Collected => Credit::refusing(limit),
        Delivery::Streamed => Credit::waiting(limit, Arc::clone(freed)),
    }
}

/// The bytes of bodies that the caller has and may not have used yet.
#[derive(Debug)]
struct Lent {
    credit: Arc<Credit>,
    bytes: AtomicU64,
}

impl Lent {
    fn of(credit: Arc<Credit>) -> Self {
        let bytes = AtomicU64::new(0);
        Self { credit, bytes }
    }

    /// The caller has used what it had, and gets `bytes`.
    fn exchange(&self, bytes: u64) {
        let used = self.bytes.swap(bytes, Ordering::Relaxed);
        if used > 0 {
            self.credit.give_back(used);
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
            runs: Arc::clone(&self.runs),
        }
    }
}

impl ClientStats {
    fn host(&mut self, origin: &str) -> &mut ClientHost {
        let name = authority(origin).unwrap_or(origin);
        self.hosts.entry(name.to_owned()).or_default()
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
        // The same run may begin again at once.
        self.keeper.let_go();
    }

    /// Starts nothing more: what is in flight comes to its end, and the run with it.
    pub fn stop(&mut self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.list = None;
        self.limits.stop();
    }

    /// Items that may have been handed over and not be delivered, for the list not to be read further ahead than it helps.
    pub fn look_ahead(&self) -> usize {
        self.look_ahead
    }

    /// The next batch that is ready. Call it until it gives none; the next one is announced by the wake-up. Where results are
    /// streamed, it also says that the batch before is used up.
    pub fn take_batch(&self) -> Option<Batch> {
        let batch = self.collector.take();
        if let Some(lent) = &self.lent {
            lent.exchange(batch.as_ref().map_or(0, Batch::body_bytes));
        }
        batch
    }

    /// Every item has its outcome.
    pub fn is_finished(&self) -> bool {
        self.collector.is_finished()
    }

    /// Every item has its outcome, and nothing is left to take.
    pub fn is_drained(&self) -> bool {
        self.collector.is_drained()
    }

    /// Why the run broke off, if it did: items without an outcome get none.
    pub fn failure(&self) -> Option<Error> {
        self.collector.failure()
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
        let mut stats = Stats {
            total: self.total,
            in_flight,
            connections_opened: read(&self.connections.opened),
            connections_reused: read(&self.connections.reused),
            ..self.collector.stats()
        };
        let measured = measure(
            &stats,
            &self.told,
            &self.limits.waits(),
            self.troubles.counts(),
            self.collector.protocol(),
        );
        stats.advice = advise(&measured);
        stats
    }

    /// The numbers of each host, so far.
    pub fn hosts(&self) -> Vec<(String, HostStats)> {
        let paused = self.troubles.counts().paused;
        let mut hosts = self.collector.hosts();
        for (host, stats) in &mut hosts {
            stats.paused = paused.get(host).copied().unwrap_or_default();
        }
        hosts
    }

    /// The list is not read on until results are taken, or it is again.
    pub fn set_ahead(&self, is_ahead: bool) {
        self.limits.expect(self.list.is_some(), is_ahead);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.cancel();
    }
}
