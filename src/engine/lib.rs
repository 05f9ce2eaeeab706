//! The engine of manyfetch: a list of requests in, batches of outcomes out. It knows nothing of Node.
//!
//! ```text
//! Input -> job -> scheduler (limits: permits) -> download, hop by hop (transport, redirect, decode, sink)
//!       -> outcome -> collector (stats) -> batch
//! ```
//!
//! Data goes from left to right. Against it goes control alone: a permit that is dropped, a run that is cancelled.

mod batch;
mod body_plan;
pub mod charset;
mod checksum;
mod client;
mod collector;
mod cookies;
mod credentials;
mod deadlines;
mod decode;
mod download;
mod duplicates;
mod error;
pub mod fields;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod host_rules;
mod job;
mod journal;
mod keeper;
mod limits;
mod open_files;
pub mod options;
mod outcome;
mod pace;
mod rate;
mod redirect;
mod retry;
mod retry_after;
mod runtime;
mod save;
mod scheduler;
mod sink;
mod stats;
pub mod transport;

pub use batch::Batch;
pub use checksum::Checksum;
pub use client::{Client, ClientHost, ClientStats, Run};
pub use collector::Wake;
pub use credentials::Auth;
pub use error::{Code, Error, Phase};
pub use host_rules::{HostPattern, HostRules};
pub use job::Input;
pub use rate::Rate;
pub use stats::{HostStats, Latency, Stats};
