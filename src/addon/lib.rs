//! What Node sees: each function converts, calls the engine and converts back. Nothing about HTTP is decided here.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what Node-API hands over is owned"
)]
#![expect(
    clippy::missing_errors_doc,
    reason = "what is thrown is documented in index.d.ts"
)]

mod batch;
mod bell;
mod input;
mod limits;
mod options;
mod stats;

use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};

use manyfetch_engine::options::{ConnectionOptions, RunOptions, Trust};
use manyfetch_engine::{self as engine, Code, Phase};
use napi::bindgen_prelude::{Either, Function, Null};
use napi_derive::napi;

use batch::JsBatch;
use bell::Bell;
use options::{Base, RawOptions};

/// An error that the caller of the function made, under one of the engine's codes.
type Result<T> = napi::Result<T, &'static str>;

/// The client that all runs share that bring no connection options of their own. It is made by the first of them.
static SHARED: OnceLock<engine::Client> = OnceLock::new();

/// Every code of an error, in the order of their numbers.
#[napi(catch_unwind)]
pub fn codes() -> Vec<&'static str> {
    Code::ALL.iter().map(|code| code.name()).collect()
}

/// Every phase of a timeout, in the order of their numbers.
#[napi(catch_unwind)]
pub fn phases() -> Vec<&'static str> {
    Phase::ALL.iter().map(|phase| phase.name()).collect()
}

/// The engine's defaults, as JSON in the shape of the public options: what the documentation is held to.
#[napi(catch_unwind)]
pub fn defaults() -> String {
    options::defaults()
}

/// Whether the shared client is still to be made, and so to be told whom to trust.
#[napi(catch_unwind)]
pub fn wants_roots() -> bool {
    SHARED.get().is_none()
}

/// A client of the caller's: its connections, its limits, and what its runs start from.
#[napi]
pub struct Client {
    engine: engine::Client,
    base: Base,
}

#[napi]
impl Client {
    /// A client. `options` is JSON; `roots` is Node's list of trusted certificates in PEM, when it is wanted. Neither thread nor
    /// connection starts before its first run.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: String, roots: Option<String>) -> Result<Self> {
        silence_panics();
        let raw = RawOptions::parse(&options)?;
        let connection = raw.connection(&roots.unwrap_or_default().into());
        let base = raw.into_base().map_err(refused)?;
        let client = connect(&connection)?;
        let engine = match base.limits.ceilings() {
            Some(ceilings) => client.limited(ceilings),
            None => client,
        };
        Ok(Self { engine, base })
    }
}

/// One run of the engine. It starts with its first items; until then there is neither thread nor connection.
#[napi]
pub struct Run {
    options: RunOptions,
    /// `None` after `close`.
    client: Option<engine::Client>,
    engine: Option<engine::Run>,
    bell: Arc<Bell>,
}

#[napi]
impl Run {
    /// Prepares a run. `options` is JSON; `roots` is Node's list of trusted certificates in PEM, when it is wanted; `wake` is
    /// called on this thread when there is something to take, and keeps the process alive until `close`; `client` is the caller's,
    /// if it is to be a run of that.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        options: String,
        roots: Option<String>,
        wake: Function<'_, (), ()>,
        client: Option<&Client>,
    ) -> Result<Self> {
        silence_panics();
        let raw = RawOptions::parse(&options)?;
        let (client, options) = match client {
            Some(client) => (client.engine.clone(), raw.into_run(&client.base)),
            None => (
                free_client(&raw, roots.unwrap_or_default().into())?,
                raw.into_run(&Base::default()),
            ),
        };
        let options = options.map_err(refused)?;
        let bell = Arc::new(Bell::new(&wake).map_err(failed)?);
        Ok(Self {
            options,
            client: Some(client),
            engine: None,
            bell,
        })
    }

    /// Adds items: their URLs, a line each, and JSON with the options of those rows that have any.
    #[napi(catch_unwind)]
    pub fn push(&mut self, urls: String, options: Option<String>) -> Result<()> {
        let inputs = input::parse(&urls, options.as_deref(), &self.options.request)?;
        let Some(client) = &self.client else {
            return Ok(());
        };
        if self.engine.is_none() {
            let bell = Arc::clone(&self.bell);
            let run = client.start(self.options.clone(), Box::new(move || bell.ring()));
            self.engine = Some(run.map_err(refused)?);
        }
        if let Some(run) = &mut self.engine {
            run.push(inputs);
        }
        Ok(())
    }

    /// Ends the list of items.
    #[napi(catch_unwind)]
    pub fn end(&mut self) {
        if let Some(run) = &mut self.engine {
            run.end();
        }
    }

    /// The next batch that is ready. After a wake-up, to be called until it gives none.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Result<Either<JsBatch, Null>> {
        let run = self.engine.as_ref();
        match run.and_then(engine::Run::take_batch) {
            Some(batch) => Ok(Either::A(batch.into())),
            None if run.is_some_and(engine::Run::is_broken) => {
                Err(failed("the run broke off: please report it"))
            }
            None => Ok(Either::B(Null)),
        }
    }

    /// The run in numbers, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> String {
        stats::to_json(
            &self
                .engine
                .as_ref()
                .map(engine::Run::stats)
                .unwrap_or_default(),
        )
    }

    /// Lets go of everything: what still runs is cancelled, and the process may exit.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.bell.silence();
        self.engine = None;
        self.client = None;
    }
}

/// The client of a run that has none: the shared one, or one of its own when it connects in its own way.
fn free_client(run: &RawOptions, roots: Arc<str>) -> Result<engine::Client> {
    static MAKING: Mutex<()> = Mutex::new(());
    if let Some(own) = run.own_connection(&roots) {
        return connect(&own);
    }
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = SHARED.get() {
        return Ok(client.clone());
    }
    let client = connect(&ConnectionOptions::trusting(Trust::Roots(roots)))?;
    Ok(SHARED.get_or_init(|| client).clone())
}

fn connect(options: &ConnectionOptions) -> Result<engine::Client> {
    engine::Client::new(options).map_err(|error| refused(options::named("options", error)))
}

/// A panic becomes its item's error; it is not printed into the user's terminal. The hook is this library's alone, which has a
/// standard library of its own.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

fn refused(error: engine::Error) -> napi::Error<&'static str> {
    napi::Error::new(error.code.name(), error.detail)
}

/// An error of the boundary itself: a bug here or in `src/js`.
fn failed(error: impl std::fmt::Display) -> napi::Error<&'static str> {
    napi::Error::new(Code::Internal.name(), error.to_string())
}
