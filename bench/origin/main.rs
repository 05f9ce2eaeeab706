//! The benchmark's origin: two hosts, a host for each address where asked for, and a control port, described by one line of
//! JSON on stdout. It ends when stdin closes, so that it never outlives the harness that started it.

mod program;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use program::{Settings, USAGE};
use tokio::runtime::{self, Runtime};

fn main() -> ExitCode {
    match Settings::parse(env::args().skip(1)) {
        Ok(settings) => run(&settings),
        Err(problem) => {
            eprintln!("manyfetch-origin: {problem}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(settings: &Settings) -> ExitCode {
    match serve(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manyfetch-origin: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: &Settings) -> io::Result<()> {
    let runtime = multi_thread(settings.threads)?;
    let description = runtime.block_on(async { program::start(settings) })?;
    writeln!(io::stdout(), "{description}")?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    runtime.shutdown_background();
    Ok(())
}

fn multi_thread(threads: Option<usize>) -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    builder.enable_all().build()
}
