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
mod bodies;
mod connection;
mod defaults;
mod input;
mod limits;
mod options;
mod saving;
mod stats;

use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};

use manyfetch_engine::options::{PROXY_VARIABLES, RunOptions};
use manyfetch_engine::{self as engine, Code, Phase, charset};
use napi::bindgen_prelude::{Buffer, Either, Function, Null};
use napi_derive::napi;

use batch::JsBatch;
use bell::Bell;
use bodies::Bodies;
use connection::{RawConnection, Surroundings};
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
    defaults::to_json()
}

/// A body as text, by its byte order mark, its `Content-Type` and what it says of itself.
#[napi(catch_unwind)]
pub fn decode_text(body: &[u8], content_type: Option<String>) -> String {
    charset::decode(content_type.as_deref().map(str::as_bytes), body).into_owned()
}

/// The names of the variables that the surroundings of a client have, if they are set.
#[napi(catch_unwind)]
pub fn proxy_variables() -> Vec<&'static str> {
    PROXY_VARIABLES.to_vec()
}

/// Whether the shared client is still to be made, and so to be told of its surroundings.
#[napi(catch_unwind)]
pub fn wants_surroundings() -> bool {
    SHARED.get().is_none()
}

/// A client of the caller's: its connections, its limits, and what its runs start from.
#[napi]
pub struct Client {
    /// `None` after `close`.
    engine: Option<engine::Client>,
    base: Base,
}

#[napi]
impl Client {
    /// A client. `options` is JSON. Neither thread nor connection starts before its first run.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: String, surroundings: Surroundings) -> Result<Self> {
        silence_panics();
        let mut raw = RawOptions::parse(&options)?;
        let connection = raw.connection.take().unwrap_or_default();
        let base = raw.into_base().map_err(refused)?;
        let client = connect(connection, surroundings)?;
        let engine = match base.limits.ceilings() {
            Some(ceilings) => client.limited(ceilings),
            None => client,
        };
        Ok(Self {
            engine: Some(engine),
            base,
        })
    }

    /// The client in numbers, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> String {
        let stats = self.engine.as_ref().map(engine::Client::stats);
        stats::client_to_json(&stats.unwrap_or_default())
    }

    /// Lets go of its connections, as soon as no run has any of them.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.engine = None;
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
    /// Prepares a run. `options` is JSON, and `body` the one of its requests, if they have any; `wake` is called on this thread when
    /// there is something to take; `client` is the caller's, if it is to be a run of
    /// that; `surroundings` are given where a client is to be made.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        options: String,
        body: Option<Buffer>,
        wake: Function<'_, (), ()>,
        client: Option<&Client>,
        surroundings: Option<Surroundings>,
    ) -> Result<Self> {
        silence_panics();
        let mut raw = RawOptions::parse(&options)?;
        let body = Bodies::copy(body);
        let (client, options) = if let Some(client) = client {
            let engine = client.engine.clone().ok_or_else(closed)?;
            (engine, raw.into_run(&client.base, &body))
        } else {
            let connection = raw.connection.take();
            // What is wrong with the options is told before anything is made.
            let options = raw.into_run(&Base::default(), &body).map_err(refused)?;
            (
                free_client(connection, surroundings.unwrap_or_default())?,
                Ok(options),
            )
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

    /// Adds items: their URLs, a line each, JSON with the options of those rows that have any, and the bodies that stand in it.
    #[napi(catch_unwind)]
    pub fn push(
        &mut self,
        urls: String,
        options: Option<String>,
        bodies: Option<Buffer>,
    ) -> Result<()> {
        let bodies = Bodies::copy(bodies);
        let inputs = input::parse(&urls, options.as_deref(), &bodies, &self.options.request)?;
        self.begin()?;
        if let Some(run) = &mut self.engine {
            run.push(inputs);
        }
        Ok(())
    }

    /// Starts the run, and its deadline, before there are items.
    #[napi(catch_unwind)]
    pub fn begin(&mut self) -> Result<()> {
        let Some(client) = self.client.as_ref().filter(|_| self.engine.is_none()) else {
            return Ok(());
        };
        let bell = Arc::clone(&self.bell);
        let run = client.start(self.options.clone(), Box::new(move || bell.ring()));
        self.engine = Some(run.map_err(refused)?);
        Ok(())
    }

    /// Ends the list of items.
    #[napi(catch_unwind)]
    pub fn end(&mut self) {
        if let Some(run) = &mut self.engine {
            run.end();
        }
    }

    /// Starts nothing more.
    #[napi(catch_unwind)]
    pub fn stop(&mut self) {
        if let Some(run) = &mut self.engine {
            run.stop();
        }
    }

    /// How many items may have been pushed and not be delivered.
    #[napi(catch_unwind)]
    pub fn look_ahead(&self) -> u32 {
        let run = self.engine.as_ref();
        run.map_or(0, |run| u32::try_from(run.look_ahead()).unwrap_or(u32::MAX))
    }

    /// Every item has its outcome, and nothing is left to take.
    #[napi(catch_unwind)]
    pub fn is_drained(&self) -> bool {
        self.engine.as_ref().is_some_and(engine::Run::is_drained)
    }

    /// The next batch that is ready. After a wake-up, to be called until it gives none. Of a run that is streamed, what came before
    /// is then used up.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Result<Either<JsBatch, Null>> {
        let run = self.engine.as_ref();
        if let Some(batch) = run.and_then(engine::Run::take_batch) {
            return Ok(Either::A(batch.into()));
        }
        match run.and_then(engine::Run::failure) {
            Some(failure) => Err(refused(failure)),
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

    /// The list is not read on until results are taken, or it is again.
    #[napi(catch_unwind)]
    pub fn set_ahead(&self, is_ahead: bool) {
        if let Some(run) = &self.engine {
            run.set_ahead(is_ahead);
        }
    }

    /// The numbers of its hosts, as JSON.
    #[napi(catch_unwind)]
    pub fn hosts(&self) -> String {
        let run = self.engine.as_ref();
        stats::hosts_to_json(run.map(engine::Run::hosts).unwrap_or_default())
    }

    /// Lets go of everything: what still runs is cancelled, and the process may exit.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.bell.silence();
        self.engine = None;
        self.client = None;
    }
}

impl Drop for Run {
    /// Collected, or taken away with its worker: on the JavaScript thread, where the bell must go.
    fn drop(&mut self) {
        self.bell.silence();
    }
}

/// The client of a run that has none: the shared one, or one of its own when it connects in its own way.
fn free_client(
    connection: Option<RawConnection>,
    surroundings: Surroundings,
) -> Result<engine::Client> {
    static MAKING: Mutex<()> = Mutex::new(());
    if let Some(own) = connection {
        return connect(own, surroundings);
    }
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = SHARED.get() {
        return Ok(client.clone());
    }
    let client = connect(RawConnection::default(), surroundings)?;
    Ok(SHARED.get_or_init(|| client).clone())
}

fn connect(connection: RawConnection, surroundings: Surroundings) -> Result<engine::Client> {
    let client = connection
        .finish(surroundings)
        .and_then(|options| engine::Client::new(&options));
    client.map_err(|error| refused(error.of("options")))
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

fn closed() -> napi::Error<&'static str> {
    napi::Error::new(Code::ClientClosed.name(), "the client was closed")
}

/// An error of the boundary itself: a bug here or in `src/js`.
fn failed(error: impl std::fmt::Display) -> napi::Error<&'static str> {
    napi::Error::new(Code::Internal.name(), error.to_string())
}
