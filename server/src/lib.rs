//! The app server: it holds the long-term key, asks STS for short-lived tokens, and hands them to apps, which then
//! upload straight to OSS. The caller owns the listener and the shutdown.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = server::config::Config::load("config.json".as_ref())?;
//! let listener = tokio::net::TcpListener::bind(config.listen).await?;
//! let app = server::App::new(config, std::sync::Arc::new(shared::clock::SystemClock))?;
//! server::serve(listener, server::router(app), std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod audit;
mod base_credentials;
mod client_address;
pub mod config;
pub mod error;
pub mod explain;
mod files;
pub mod grant;
mod http;
pub mod identity;
mod limit;
mod metrics;
mod policy_tests;
pub mod refusal;
pub mod reload;
mod routes;
mod serve;
pub mod settings;
mod signed;
mod sts_client;
mod tls;
mod token_cache;
pub mod uploads;
mod vend;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use shared::clock::Clock;
use time::OffsetDateTime;

use crate::audit::Audit;
use crate::config::Config;
use crate::error::StartError;
use crate::identity::Memory;
use crate::limit::Backoff;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::sts_client::{StsClock, Verdict};
use crate::token_cache::TokenCache;
use crate::uploads::Uploads;

pub use crate::routes::{Routes, TOKEN_PATH, router};
pub use crate::serve::{Answer, Door, Peer, serve, serve_through};
pub use crate::tls::Tls;
pub use crate::vend::Vended;

/// What every request shares.
#[derive(Debug)]
pub struct App {
    settings: ArcSwap<Settings>,
    memory: Arc<Memory>,
    /// Why the last reload changed nothing; `None` when it did.
    reload_failure: Mutex<Option<String>>,
    clock: Arc<StsClock>,
    cache: Arc<TokenCache>,
    metrics: Arc<Metrics>,
    backoff: Backoff,
    audit: ArcSwapOption<Audit>,
    draining: AtomicBool,
    /// Whether the log has said that a proxy is not named.
    told_of_proxy: AtomicBool,
    /// Opened once: a reload changes what is done with it, not where it is.
    uploads: Option<Arc<Uploads>>,
}

impl App {
    /// Checks the settings and makes the server ready; nothing is sent yet but to the database of `Uploads`. `clock` dates
    /// the requests to STS. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`]: everything that is wrong with the settings, or no TLS.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        let metrics = Arc::new(Metrics::default());
        let clock = Arc::new(StsClock::new(clock));
        let memory = Arc::new(Memory::default());
        let settings = Settings::new(config, &memory, &clock, &metrics)?;
        let section = settings.config.uploads.as_ref();
        let uploads = section.map(|section| Uploads::open(section, Arc::clone(clock.machine()))).transpose()?;
        let audit = next_audit(&settings.config, None)?;
        let cache_bytes = settings.config.sts.clone().unwrap_or_default().cache_bytes();
        let app = Arc::new(Self {
            settings: ArcSwap::from_pointee(settings),
            cache: Arc::new(TokenCache::new(cache_bytes, Arc::clone(&clock) as Arc<dyn Clock>)),
            memory,
            reload_failure: Mutex::default(),
            clock,
            metrics,
            backoff: Backoff::default(),
            audit: ArcSwapOption::new(audit),
            draining: AtomicBool::new(false),
            told_of_proxy: AtomicBool::new(false),
            uploads,
        });
        if app.uploads.is_some() {
            tokio::spawn(uploads::reconcile::now_and_then(Arc::downgrade(&app)));
        }
        Ok(app)
    }

    /// Puts other settings in the place of those in use, and forgets the tokens given under those. Running requests finish on what
    /// they began with. `Listen`, `Tls`, `Cors`, `Limits.Connections` and `Sts.CacheMegabytes`, and the places of
    /// `Uploads`, are taken at the start alone.
    ///
    /// # Errors
    /// [`StartError`]; then the settings in use stay.
    pub fn reload(&self, config: Config) -> Result<(), StartError> {
        let settings = Settings::new(config, &self.memory, &self.clock, &self.metrics)?;
        self.audit.store(next_audit(&settings.config, self.audit.load_full())?);
        settings.sts.standing().take_over(self.settings().sts.standing());
        self.settings.store(Arc::new(settings));
        self.cache.invalidate();
        Ok(())
    }

    /// The settings in use. Take them once a request.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// The metadata of uploads, where the configuration keeps it.
    pub fn uploads(&self) -> Option<&Arc<Uploads>> {
        self.uploads.as_ref()
    }

    /// Why the files as they are now are not in use; `None` when they are.
    pub fn reload_failure(&self) -> Option<String> {
        self.reload_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_reload(&self, failure: Option<String>) {
        self.metrics.reloaded(if failure.is_some() { "refused" } else { "OK" });
        *self.reload_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// The time: this machine's, corrected by STS, as the lives of tokens are and as OSS sees it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// What is counted here, for a [`Door`].
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Asks STS whose key the server's own is, and writes what that means to the log.
    pub async fn judge_key(&self) {
        let settings = self.settings();
        match settings.sts.verdict(&settings.config.role_arn).await {
            Verdict::Good(text) => tracing::info!("{text}"),
            Verdict::Bad(text) => tracing::error!("{text}"),
        }
    }

    /// From now on `/readyz` says that no more requests are wanted; those that come are answered.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Returns when the audit trail is on the disk.
    pub async fn flush(&self) {
        if let Some(audit) = self.audit.load_full() {
            audit.flush().await;
        }
    }
}

/// The audit trail of `config`: the one in use where it is the same file, which is opened anew.
fn next_audit(config: &Config, in_use: Option<Arc<Audit>>) -> Result<Option<Arc<Audit>>, StartError> {
    let Some(section) = &config.audit else { return Ok(None) };
    if let Some(audit) = in_use.filter(|audit| audit.path() == section.file) {
        audit.reopen();
        return Ok(Some(audit));
    }
    let cannot = |error: std::io::Error| StartError::Audit {
        file: section.file.display().to_string(),
        reason: error.to_string(),
    };
    Audit::open(&section.file).map(Arc::new).map(Some).map_err(cannot)
}
