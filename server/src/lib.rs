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
mod grant;
mod routes;
mod serve;
mod sts_client;

use std::sync::Arc;

use shared::clock::Clock;
use shared::secret::mask;
use shared::timefmt;
use shared::token::{GrantPlace, TokenReply};

use crate::config::Config;
use crate::error::StartError;
use crate::grant::GrantPlan;
use crate::sts_client::StsClient;

pub use crate::routes::{TOKEN_PATH, router};
pub use crate::serve::serve;

/// What every request shares.
#[derive(Debug)]
pub struct App {
    plan: GrantPlan,
    sts: StsClient,
}

impl App {
    /// Checks the settings and makes the server ready; nothing is sent yet. `clock` dates the requests to STS.
    ///
    /// # Errors
    /// [`StartError`]: everything that is wrong with the settings, or no TLS.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        config.check()?;
        let plan = GrantPlan::new(&config)?;
        let sts = StsClient::new(config.sts_endpoint, config.credentials, clock)?;
        Ok(Arc::new(Self { plan, sts }))
    }

    /// Asks STS for a token. A failure is a reply too: the contract's refusal.
    pub async fn token(&self) -> TokenReply {
        match self.sts.assume_role(self.plan.ask()).await {
            Ok(role) => {
                let expires = role.credentials.expiration.map(timefmt::iso8601).unwrap_or_default();
                let key = mask(&role.credentials.access_key_id);
                tracing::info!(key, expires, sts_request = ?role.request_id, "token granted");
                TokenReply::Granted(self.plan.grant(role))
            }
            Err(failure) => {
                let (error_code, error_message) = (failure.code().to_owned(), failure.to_string());
                tracing::warn!(code = ?error_code, reason = ?error_message, "no token");
                TokenReply::Refused { error_code, error_message }
            }
        }
    }

    /// Where the tokens may be used, as apps are told.
    pub fn place(&self) -> &GrantPlace {
        self.plan.place()
    }
}
