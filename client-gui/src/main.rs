//! `client-gui`: the desktop app as a program.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use client_gui::{Coming, Settings, WindowOptions, run};
use client_ui::gallery;
use client_ui::problem::{Help, Problem};
use client_ui::words::said;
use shared::clock::SystemClock;
use tracing_subscriber::EnvFilter;

/// Uploads pictures straight to OSS with a short-lived token of your app server.
#[derive(Parser)]
#[command(name = "client-gui", version)]
struct Args {
    /// The app server's URL; replaces the one that was last used.
    #[arg(long, value_name = "URL")]
    app_server: Option<String>,
    /// Paints every screen with the demo's data into this folder, and opens no window.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["app_server", "image"])]
    screenshot: Option<PathBuf>,
    /// A picture to select at once.
    #[arg(value_name = "IMAGE")]
    image: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let outcome = match &args.screenshot {
        Some(folder) => paint(folder),
        None => start(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client-gui: {error}");
            ExitCode::FAILURE
        }
    }
}

fn paint(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for path in gallery::paint(folder)? {
        println!("{}", path.display());
    }
    Ok(())
}

fn start(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (settings, settings_file, notice) = remembered();
    let settings = match args.app_server {
        Some(app_server) => Settings { app_server, ..settings },
        None => settings,
    };
    run(WindowOptions {
        settings,
        settings_file,
        image: args.image.map(|path| Box::pin(std::future::ready(Some(path))) as Coming<_>),
        until: None,
        note: None,
        notice,
        witness: None,
        clock: Arc::new(SystemClock),
        runtime: runtime.handle().clone(),
    })?;
    // A file dialog that still hangs must not keep the program from ending.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

/// The settings, where to keep them, and what is wrong with them. What cannot even be set aside is left alone, for its owner to mend.
fn remembered() -> (Settings, Option<PathBuf>, Option<Problem>) {
    let Some(path) = settings_path(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    else {
        return (Settings::default(), None, None);
    };
    let problem = |why| Problem::new("Settings", said("Starting without the remembered settings"), why, Help::None);
    match Settings::load_or_set_aside(&path) {
        Ok((settings, lost)) => (settings, Some(path), lost.map(problem)),
        Err(error) => (Settings::default(), None, Some(problem(error.told()))),
    }
}

/// Where each system wants settings to be kept; `None` when the environment does not say.
fn settings_path(folder: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let base = if cfg!(windows) {
        folder("APPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    };
    base.map(|base| base.join("direct-transfer").join("settings.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn settings_live_where_xdg_says() {
        for (set, path) in [
            ("XDG_CONFIG_HOME", Some("/base/direct-transfer/settings.json")),
            ("HOME", Some("/base/.config/direct-transfer/settings.json")),
            ("OTHER", None),
        ] {
            let found = settings_path(|name| (name == set).then(|| "/base".into()));
            assert_eq!(found, path.map(PathBuf::from), "{set}");
        }
    }
}
