//! The process's Tokio runtime: one for all clients and all JavaScript threads, started by the first run that has work.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Code, Error};

/// Threads for what the system cannot do without blocking: names, and files.
const MAX_BLOCKING_THREADS: usize = 24;

/// The runtime, started at the first call.
pub(crate) fn handle() -> Result<&'static Handle, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if RUNTIME.get().is_none() {
        let runtime = start().map_err(|error| {
            Error::new(
                Code::Internal,
                format!("the threads could not be started: {error}"),
            )
        })?;
        // Only this thread sets it, since it holds the lock.
        let _ = RUNTIME.set(runtime);
    }
    RUNTIME
        .get()
        .map(Runtime::handle)
        .ok_or_else(|| Error::new(Code::Internal, "no runtime"))
}

/// Tasks run in the order in which they became ready. Tokio would run the one that was woken last before all others, so that each
/// response goes through hyper, reqwest and the engine by itself, and finds nothing of them in the processor's caches.
fn start() -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    // Without it where `.cargo/config.toml` was not heeded.
    #[cfg(tokio_unstable)]
    builder.disable_lifo_slot();
    builder
        .worker_threads(std::thread::available_parallelism().map_or(1, usize::from))
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .thread_name("manyfetch")
        .enable_all()
        .build()
}
