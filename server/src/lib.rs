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

pub mod config;
pub mod error;
pub mod explain;
mod files;
pub mod grant;
mod http;
pub mod identity;
pub mod refusal;
pub mod reload;
mod routes;
mod serve;
pub mod settings;
mod sts_client;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use axum::http::request::Parts;
use shared::clock::Clock;
use shared::secret::mask;
use shared::timefmt;
use shared::token::Grant;
use time::OffsetDateTime;

use crate::config::Config;
use crate::error::StartError;
use crate::grant::{Asked, Planned};
use crate::identity::Memory;
use crate::refusal::Refusal;
use crate::settings::Settings;

pub use crate::routes::{TOKEN_PATH, router};
pub use crate::serve::{Peer, serve};

/// What every request shares.
#[derive(Debug)]
pub struct App {
    settings: ArcSwap<Settings>,
    memory: Arc<Memory>,
    /// Why the last reload changed nothing; `None` when it did.
    reload_failure: Mutex<Option<String>>,
    clock: Arc<dyn Clock>,
}

/// A token, and what it was planned as.
#[derive(Debug)]
pub struct Vended {
    /// What the caller gets.
    pub grant: Grant,
    /// Why.
    pub planned: Planned,
}

impl App {
    /// Checks the settings and makes the server ready; nothing is sent yet. `clock` dates the requests to STS.
    ///
    /// # Errors
    /// [`StartError`]: everything that is wrong with the settings, or no TLS.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        let memory = Arc::new(Memory::default());
        let settings = ArcSwap::from_pointee(Settings::new(config, &memory, &clock)?);
        Ok(Arc::new(Self { settings, memory, reload_failure: Mutex::default(), clock }))
    }

    /// Puts other settings in the place of those in use. Running requests finish on what they began with.
    ///
    /// # Errors
    /// [`StartError`]; then the settings in use stay.
    pub fn reload(&self, config: Config) -> Result<(), StartError> {
        self.settings.store(Arc::new(Settings::new(config, &self.memory, &self.clock)?));
        Ok(())
    }

    /// The settings in use. Take them once a request.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Why the files as they are now are not in use; `None` when they are.
    pub fn reload_failure(&self) -> Option<String> {
        self.reload_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_reload(&self, failure: Option<String>) {
        *self.reload_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// The time by this server's clock.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Gives the sender of a request a token: who is it, what may it have, and what does STS say. What it asks for is
    /// `asked`, or else in its query.
    ///
    /// # Errors
    /// [`Refusal`] by an identity provider, by the grants, or by STS.
    pub async fn vend(&self, head: &Parts, address: Option<IpAddr>, asked: Option<Asked>) -> Result<Vended, Refusal> {
        let settings = self.settings();
        let identity = settings.identities.identify(head, address).await?;
        let asked = match asked {
            _ if !settings.grants.reads_questions() => Asked::default(),
            Some(asked) => asked,
            None => Asked::from_query(head.uri.query())?,
        };
        let planned = settings.grants.plan(&identity, &asked)?;
        let role = settings.sts.assume_role(&planned.ask).await?;
        let expires = role.credentials.expiration.map(timefmt::iso8601).unwrap_or_default();
        let key = mask(&role.credentials.access_key_id);
        tracing::info!(identity = planned.identity, grant = planned.grant, key, expires, sts_request = ?role.request_id, "token granted");
        Ok(Vended { grant: Grant { credentials: role.credentials, place: planned.place.clone() }, planned })
    }
}
