//! `cargo demo`: the whole product on this machine, in a window or without one.

use std::process::ExitCode;

use clap::Parser;
use client_gui::WindowError;
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
    if !options.headless {
        return in_window(&options, &runtime);
    }
    match runtime.block_on(headless::run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn in_window(options: &Options, runtime: &Runtime) -> ExitCode {
    // Both at once: the window is not to wait for the picture.
    let begun = runtime.block_on(async { tokio::join!(World::start(), headless::sample(options)) });
    let (world, sample) = match begun {
        (Ok(world), Ok(sample)) => (world, sample),
        (Err(error), _) => return failed(&error),
        (_, Err(error)) => return failed(&error),
    };
    println!("{}", banner(&world));
    let outcome = window::open(&world, sample.path().to_owned(), runtime.handle().clone());
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
