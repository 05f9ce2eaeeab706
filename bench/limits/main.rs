//! What no client built on these libraries can undercut: plain reqwest and plain hyper-util, as contenders of the benchmark.
//! A scenario in on stdin, one line of JSON out on stdout; which client it is, the scenario says.

mod client;
mod download;
mod hyper_util_client;
mod reqwest_client;
mod scenario;
mod tally;
mod tls;
mod usage;
mod version;

use std::error::Error;
use std::io::{self, Write};
use std::iter::successors;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

use client::{BoxError, Client};
use download::{Done, Phase, download};
use hyper_util_client::HyperUtil;
use reqwest_client::Reqwest;
use scenario::{Library, Scenario};
use tally::Tally;
use usage::Stopwatch;

fn main() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manyfetch-limits: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn answer() -> Result<(), BoxError> {
    let scenario = Arc::new(Scenario::read(io::stdin())?);
    let report = start_runtime(scenario.options.in_order)?.block_on(run(scenario))?;
    Ok(writeln!(io::stdout(), "{report}")?)
}

/// As many threads as the process may use cores.
fn start_runtime(is_in_order: bool) -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new_multi_thread();
    if is_in_order {
        run_in_order(&mut builder)?;
    }
    builder
        .worker_threads(available_parallelism()?.get())
        .enable_all()
        .build()
}

#[cfg(tokio_unstable)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "without Tokio's unstable part it fails"
)]
fn run_in_order(builder: &mut runtime::Builder) -> io::Result<()> {
    builder.disable_lifo_slot();
    Ok(())
}

#[cfg(not(tokio_unstable))]
fn run_in_order(_builder: &mut runtime::Builder) -> io::Result<()> {
    let detail = "it was built without `--cfg tokio_unstable` (.cargo/config.toml)";
    Err(io::Error::new(io::ErrorKind::Unsupported, detail))
}

async fn run(scenario: Arc<Scenario>) -> Result<Value, BoxError> {
    match scenario.options.client {
        Library::Reqwest | Library::ReqwestTimeout => {
            measure("reqwest", scenario, Reqwest::new).await
        }
        Library::HyperUtil => measure("hyper-util", scenario, HyperUtil::new).await,
    }
}

async fn measure<C: Client>(
    library: &str,
    scenario: Arc<Scenario>,
    connect: impl Fn(&Scenario) -> Result<C, BoxError>,
) -> Result<Value, BoxError> {
    let mut stopwatch = Stopwatch::start();
    let client = Arc::new(connect(&scenario)?);
    if scenario.warm > 0 {
        download(&client, &scenario, Phase::Warm).await?;
        stopwatch = Stopwatch::start();
    }
    // All bodies that are kept live in `done`: it has to outlive the stopwatch.
    let done = download(&client, &scenario, Phase::Measured).await?;
    let usage = stopwatch.stop();
    Ok(json!({
        "seconds": usage.seconds,
        "cpuSeconds": usage.cpu_seconds,
        "workCpuSeconds": usage.work_cpu_seconds,
        "peakRssBytes": usage.peak_rss_bytes,
        "versions": { "runtime": "rust", "library": version::named(library)? },
        "tally": tally_of(&done),
    }))
}

fn tally_of(done: &[Done]) -> Tally {
    let mut total = Tally::default();
    for Done { tally, .. } in done {
        total.merge(tally);
    }
    total
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = successors(Some(error), |&error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
