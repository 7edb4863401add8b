//! The program `transfer`, for its `main` and for stories that start it as a process of their own.

mod bar;
mod commands;
mod failure;
mod options;
mod session;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;
use transfer::CancelToken;

use options::{Command, Options};

/// Runs the command line that this process was started with.
pub fn main() -> ExitCode {
    let options = Options::parse();
    if let Command::Completions { shell } = options.command {
        clap_complete::generate(shell, &mut Options::command(), "transfer", &mut std::io::stdout());
        return ExitCode::SUCCESS;
    }
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("transfer: {error}");
            return ExitCode::from(1);
        }
    };
    let json = options.json;
    let stop = CancelToken::new();
    let outcome = runtime.block_on(async {
        let work = commands::run(options, stop.clone());
        tokio::pin!(work);
        tokio::select! {
            outcome = &mut work => return outcome,
            () = told_to_stop() => stop.pause(),
        }
        // What can be gone on with is written down; whoever cannot wait for that says so again.
        tokio::select! {
            outcome = work => outcome,
            () = told_to_stop() => Err(transfer::TransferError::Paused),
        }
    });
    // Nobody may read what is printed; that is no reason to fail.
    match outcome {
        Ok(outcome) if json => drop(writeln!(std::io::stdout(), "{}", outcome.json)),
        Ok(outcome) => drop(writeln!(std::io::stdout(), "{}", outcome.words)),
        Err(error) => {
            if json {
                drop(writeln!(std::io::stdout(), "{}", failure::json(&error)));
            } else {
                eprintln!("transfer: {error}");
            }
            return ExitCode::from(failure::status(&error));
        }
    }
    ExitCode::SUCCESS
}

/// Ctrl+C, or a polite kill.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
