//! Tests of the engine as a whole: against real servers on this machine, and in virtual time over a fake transport.

#![expect(clippy::expect_used, reason = "a panic is how a test fails")]

mod ceilings;
mod certificates;
mod churn;
mod deadlines;
mod fake;
mod faults;
mod fetch;
mod http2;
mod names;
mod rates;
mod raw;
mod requests;
mod rests;
mod retries;
mod reuse;
mod scheduling;
mod shortages;
mod timeouts;
mod transfers;
