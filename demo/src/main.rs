//! `cargo demo`: the whole product on this machine, in a window or without one.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use client_gui::WindowError;
use demo::headless::Sample;
use demo::report::say;
use demo::{Options, World, banner, headless, window};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let code = if options.headless { without_window(&options, &runtime) } else { in_window(&options, &runtime) };
    // A picture that is still being painted is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn without_window(options: &Options, runtime: &Runtime) -> ExitCode {
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased; // listening for signals begins before there is anything to remove
            () = told_to_stop() => None,
            outcome = headless::run(options) => Some(outcome),
        }
    });
    match outcome {
        Some(Ok(true)) => ExitCode::SUCCESS,
        Some(Ok(false)) => ExitCode::FAILURE,
        Some(Err(error)) => failed(&error),
        None => failed(&"stopped before the end"),
    }
}

fn in_window(options: &Options, runtime: &Runtime) -> ExitCode {
    let sample = match Sample::of(options) {
        Ok(sample) => sample,
        Err(error) => return failed(&error),
    };
    let world = match runtime.block_on(World::start()) {
        Ok(world) => world,
        Err(error) => return failed(&error),
    };
    say(banner(&world));
    // The window is not to wait for the picture.
    let painted = sample.paint(options.seed);
    let image = async { painted.await.inspect_err(|error| tracing::warn!("{error}")).ok() };
    let outcome = window::open(&world, Box::pin(image), Box::pin(told_to_stop()), runtime.handle().clone());
    runtime.block_on(world.stop());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ (WindowError::NoDisplay { .. } | WindowError::Libraries { .. })) => {
            eprintln!("demo: {error}\nThe same without a window: cargo demo --headless");
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("demo: {error}");
    ExitCode::from(2)
}

/// Ctrl+C, a polite kill, or the end of the terminal: what was stored is to be removed before the end.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
