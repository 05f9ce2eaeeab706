//! The library and the program, seen by a client that shares nothing with them but hyper.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod program;
mod serving;
mod wide_area;
