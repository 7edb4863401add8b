//! The emulator as a program: starts, says where it is in one line, serves until it is told to stop.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use emulator::{Options, start};
use shared::clock::ShiftedClock;
use tracing_subscriber::EnvFilter;

/// The system's allocator costs a tenth of the time of a small request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let code = runtime.block_on(serve(options));
    // What is under way on other threads, as a picture or a sweep, is not waited for; the store takes a kill at any moment.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

async fn serve(options: Options) -> ExitCode {
    // Before anything is there that a sudden end would leave behind.
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return failed(&error),
    };
    let running = match start(options, Arc::new(ShiftedClock::new())).await {
        Ok(running) => running,
        Err(error) => return failed(&error),
    };
    match serde_json::to_string(&running.ready) {
        // Whoever started this may not read the line; that is no reason to end.
        Ok(line) => drop(writeln!(std::io::stdout(), "{line}")),
        Err(error) => return failed(&error),
    }
    tracing::info!(
        "OSS at {}, STS at {}, control at {}; signatures, tokens and policies are enforced",
        running.ready.oss_endpoint,
        running.ready.sts_endpoint,
        running.ready.control_endpoint,
    );
    if let Some(faults) = &running.ready.faults {
        tracing::warn!(
            "things go wrong on purpose: {faults}; DELETE {}/faults ends that",
            running.ready.control_endpoint
        );
    }
    signals.told_to_stop().await;
    running.shutdown().await;
    ExitCode::SUCCESS
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("emulator: {error}");
    ExitCode::from(2)
}

/// Ctrl+C, a polite kill, or a terminal that is closed: heard of from its making on.
#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    async fn told_to_stop(self) {
        let Self([mut interrupt, mut terminate, mut hangup]) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Ctrl+C, heard of from its making on.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn told_to_stop(mut self) {
        let _ = self.0.recv().await;
    }
}
