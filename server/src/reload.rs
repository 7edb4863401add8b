//! Reload while running: the configuration and every file that it names are watched, and a good change takes their place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use crate::App;
use crate::config::Config;
use crate::error::StartError;

/// How often the files are looked at. Polling sees what editors, `mv` and mounted secrets do alike.
const PERIOD: Duration = Duration::from_secs(1);

/// What is known of a file without reading it; `None` when it is not there.
type Seen = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

/// Watches the configuration at `path` for as long as it is polled. A `nudge` (a SIGHUP) reloads at once, changed or not.
pub async fn watch(app: Arc<App>, path: PathBuf, nudge: Arc<Notify>) {
    let mut seen = look(&app, &path).await;
    loop {
        let nudged = tokio::time::timeout(PERIOD, nudge.notified()).await.is_ok();
        let now = look(&app, &path).await;
        if nudged || now != seen {
            reload(&app, &path).await;
            // A new configuration may name other files.
            seen = look(&app, &path).await;
        }
    }
}

/// Reads everything anew and puts it in place; what is wrong is logged and kept as [`App::reload_failure`].
pub async fn reload(app: &Arc<App>, path: &Path) {
    let (of_thread, path) = (Arc::clone(app), path.to_owned());
    let reloaded = tokio::task::spawn_blocking(move || {
        let before = of_thread.settings().config.listen;
        let config = Config::load(&path)?;
        if config.listen != before {
            tracing::warn!(listen = %config.listen, "Listen takes effect at the next start");
        }
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        of_thread.reload(config)
    });
    match reloaded.await.unwrap_or_else(|error| Err(StartError::Reload(error.to_string()))) {
        Ok(()) => {
            tracing::info!("configuration reloaded");
            app.note_reload(None);
        }
        Err(error) => {
            tracing::error!("not reloaded, the settings in use stay: {error}");
            app.note_reload(Some(error.to_string()));
        }
    }
}

async fn look(app: &Arc<App>, path: &Path) -> Seen {
    let mut files = app.settings().config.files();
    files.push(path.to_owned());
    let looked = tokio::task::spawn_blocking(move || {
        let stamp = |file: &PathBuf| {
            let known = std::fs::metadata(file).ok()?;
            Some((known.modified().ok()?, known.len()))
        };
        files.into_iter().map(|file| (file.clone(), stamp(&file))).collect()
    });
    looked.await.unwrap_or_default()
}
