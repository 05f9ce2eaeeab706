//! Wakes JavaScript from any thread: one threadsafe function a run, which keeps no process alive: `src/js/run.js` does.
//! It is taken away on the JavaScript thread before anything else of the run, so that no thread finds it half gone.

use std::sync::{Mutex, PoisonError};

use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

/// The engine rings again only after JavaScript has come, so one place would do.
const QUEUE: usize = 4;

type Wake = ThreadsafeFunction<(), (), (), Status, false, true, QUEUE>;

pub(crate) struct Bell(Mutex<Option<Wake>>);

impl Bell {
    pub(crate) fn new(wake: &Function<'_, (), ()>) -> napi::Result<Self> {
        let wake = wake
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .max_queue_size::<QUEUE>()
            .build()?;
        Ok(Self(Mutex::new(Some(wake))))
    }

    pub(crate) fn ring(&self) {
        let wake = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wake) = &*wake {
            // It fails only while the environment goes down, when nobody is left to be woken.
            let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    pub(crate) fn silence(&self) {
        let wake = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(wake);
    }
}
