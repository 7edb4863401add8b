//! The app server alone: reads its configuration, listens, says so in one line of JSON, and stops on SIGINT or SIGTERM.

mod commands;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use commands::Command;
use serde_json::json;
use server::config::Config;
use server::{App, Door, Tls};
use shared::clock::SystemClock;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Hands short-lived upload tokens to apps: GET or POST /, /sts or /sts/getsts.
///
/// Once it listens it prints one line of JSON on standard output; logs go to standard error (RUST_LOG chooses
/// how much). The configuration and the files that it names are read again when they change, and at SIGHUP; while they
/// are wrong, the last good ones stay in use.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration; its PolicyFile is relative to its folder
    #[arg(long, value_name = "FILE", default_value = "config.json", global = true)]
    config: PathBuf,
    /// How log lines look
    #[arg(long, value_name = "FORM", value_enum, default_value_t = LogForm::Text)]
    log: LogForm,
    #[command(subcommand)]
    command: Option<Command>,
}

/// For people or for programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// One line of text each
    Text,
    /// One JSON object each
    Json,
}

/// The configuration is wrong.
const EXIT_CONFIG: u8 = 2;
/// The configuration is right, and the machine would not have it.
const EXIT_RUN: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match arguments.log {
        LogForm::Text => log.init(),
        LogForm::Json => log.json().flatten_event(true).init(),
    }
    if let Some(command) = arguments.command {
        return print(commands::run(command, &arguments.config));
    }
    match run(&arguments.config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(code)
        }
    }
}

/// Prints what a command says, and makes an exit code of it.
fn print(outcome: Result<String, String>) -> ExitCode {
    match outcome {
        Ok(text) => {
            let _ = write!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

/// The whole life of the server; the error is an exit code and what to tell the person who started it.
async fn run(path: &Path) -> Result<(), (u8, String)> {
    let config = Config::load(path).map_err(|error| (EXIT_CONFIG, error.to_string()))?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let app = App::new(config.clone(), Arc::new(SystemClock)).map_err(|error| (EXIT_CONFIG, error.to_string()))?;
    let tls = config.tls.as_ref().map(Tls::load).transpose().map_err(|error| (EXIT_CONFIG, error.to_string()))?;
    let cannot_listen = |error: std::io::Error| {
        let message = format!(
            "{}: the address of Listen, {}, cannot be used: {error}. \
             Stop the program that uses it, or give Listen another address or port",
            config.source, config.listen
        );
        (EXIT_RUN, message)
    };
    let listener = TcpListener::bind(config.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let nudge = nudged_by_hangup();
    // Before readiness is told: who reads it may stop the server at once.
    let signals = StopSignals::listen()
        .map_err(|error| (EXIT_RUN, format!("the app server cannot listen to signals to stop: {error}")))?;
    // A reader that has gone away is no reason to stop serving.
    let _ = writeln!(std::io::stdout(), "{}", readiness(&config, &app, address));
    let judging = Arc::clone(&app);
    tokio::spawn(async move { judging.judge_key().await });
    let limits = config.limits.clone().unwrap_or_default();
    let door = Door { tls, connections: limits.connections, metrics: app.metrics(), ..Door::default() };
    let stop = drained_after_signal(signals, Arc::clone(&app), Duration::from_secs(limits.drain_seconds.into()));
    let watching = tokio::spawn(server::reload::watch(Arc::clone(&app), path.to_owned(), nudge));
    let served = server::serve_through(door, listener, server::router(Arc::clone(&app)), stop).await;
    watching.abort();
    app.flush().await;
    served.map_err(|error| (EXIT_RUN, format!("the app server stopped: {error}")))
}

/// What a script or a person needs to use this server; no secret.
fn readiness(config: &Config, app: &App, address: SocketAddr) -> serde_json::Value {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let mut line = json!({
        "token_url": format!("{scheme}://{reachable}{}", server::TOKEN_PATH),
        "listen": address.to_string(),
        "role_arn": config.role_arn,
        "token_expire_time": config.token_expire_time,
        "sts_endpoint": config.sts().to_string(),
    });
    let place = app.settings().grants.place().clone();
    for (name, value) in [
        ("bucket", &place.bucket),
        ("region", &place.region),
        ("endpoint", &place.endpoint),
        ("object_prefix", &place.object_prefix),
    ] {
        if let Some(value) = value {
            line[name] = json!(value);
        }
    }
    line
}

/// Completes when requests should no longer be taken: a signal to stop, and `wait` for balancers to notice.
async fn drained_after_signal(signals: StopSignals, app: Arc<App>, wait: Duration) {
    signals.told_to_stop().await;
    app.drain();
    if !wait.is_zero() {
        tracing::info!(seconds = wait.as_secs(), "/readyz says so; requests are still taken for a while");
        tokio::time::sleep(wait).await;
    }
    tracing::info!("stopping: running requests may finish");
}

/// Nudges on each SIGHUP, where there is such a signal; from the moment that this returns.
fn nudged_by_hangup() -> Arc<Notify> {
    let nudge = Arc::new(Notify::new());
    #[cfg(unix)]
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        let nudge = Arc::clone(&nudge);
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                nudge.notify_one();
            }
        });
    }
    nudge
}

/// Ctrl+C or a polite kill, heard of from its making on.
#[cfg(unix)]
struct StopSignals([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]))
    }

    async fn told_to_stop(self) {
        let Self([mut interrupt, mut terminate]) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Ctrl+C, heard of from its making on.
#[cfg(windows)]
struct StopSignals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn told_to_stop(mut self) {
        let _ = self.0.recv().await;
    }
}
