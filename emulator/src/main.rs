//! The emulator as a program: starts, says where it is in one line, serves until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use emulator::{Options, start};
use shared::clock::ShiftedClock;
use tracing_subscriber::EnvFilter;

/// Open files that let each of the three services have all its connections, and the store its blobs.
const OPEN_FILES: u64 = 16 * 1024;

fn main() -> ExitCode {
    let options = Options::parse();
    // Where the system allows fewer, fewer connections are served at once.
    let _ = rlimit::increase_nofile_limit(OPEN_FILES);
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        let running = match start(options, Arc::new(ShiftedClock::new())).await {
            Ok(running) => running,
            Err(error) => return failed(&error),
        };
        match serde_json::to_string(&running.ready) {
            Ok(line) => println!("{line}"),
            Err(error) => return failed(&error),
        }
        tracing::info!(
            "OSS at {}, STS at {}, control at {}; signatures, tokens and policies are enforced",
            running.ready.oss_endpoint,
            running.ready.sts_endpoint,
            running.ready.control_endpoint,
        );
        told_to_stop().await;
        running.shutdown().await;
        ExitCode::SUCCESS
    })
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("emulator: {error}");
    ExitCode::from(2)
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
