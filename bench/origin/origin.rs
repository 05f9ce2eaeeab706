//! An origin of a test's own: started by the test, ended with it, and failing it when the handler panicked.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use tokio::runtime;
use tokio::sync::oneshot;

use crate::builder::Builder;
use crate::counters::{Counters, Counts};
use crate::listen::loopback;
use crate::server::Handler;

/// A running server. It has a thread and a runtime of its own, so a test's paused clock or busy thread does not touch it.
///
/// Dropping it closes its connections and panics if the handler has panicked.
#[derive(Debug)]
pub struct Origin {
    base: String,
    port: u16,
    counters: Arc<Counters>,
    panicked: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    /// Says how to serve.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address of `path`, which begins with a slash. Named `localhost` over TLS, 127.0.0.1 without.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The port, on 127.0.0.1 and on `::1` where there is one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What has been counted so far.
    pub fn counters(&self) -> Counts {
        self.counters.counts()
    }

    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its origin has failed"
    )]
    pub(crate) fn start(builder: Builder, handler: Handler) -> Self {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let inside = runtime.enter();
        let listeners = loopback().expect("a free port");
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let mut origin = Self {
            base: builder.base(listeners.port()),
            port: listeners.port(),
            counters: builder.shared_counters(),
            panicked: Arc::default(),
            stop: Some(stop),
            thread: None,
        };
        builder.start(listeners, watched(handler, Arc::clone(&origin.panicked)));
        drop(inside);
        let run = move || drop(runtime.block_on(stopped));
        origin.thread = Some(
            thread::Builder::new()
                .name("origin".into())
                .spawn(run)
                .expect("a thread"),
        );
        origin
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the origin panicked");
            assert!(
                !self.panicked.load(Relaxed),
                "the origin's handler panicked"
            );
        }
    }
}

fn watched(handler: Handler, panicked: Arc<AtomicBool>) -> Handler {
    Box::new(move |request| {
        let watch = Watch(Arc::clone(&panicked));
        let response = handler(request);
        Box::pin(async move {
            let _watch = watch;
            response.await
        })
    })
}

/// Notices that it is dropped by a panic.
struct Watch(Arc<AtomicBool>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.fetch_or(thread::panicking(), Relaxed);
    }
}
