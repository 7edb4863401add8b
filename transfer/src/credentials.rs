//! The token: fetched once however many ask, kept while fresh, judged by OSS's clock.

use std::sync::Arc;

use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::token::Grant;

use crate::error::TransferError;
use crate::observer::Observer;

/// Where credentials come from.
#[derive(Debug, Clone)]
pub enum CredentialsSource {
    /// A bare GET of this URL, as the mobile SDKs do (`token-server.md` §2.1).
    AppServer {
        /// The token URL; whatever identifies the user rides in its query.
        url: String,
    },
    /// These, for ever.
    Fixed(Credentials),
}

/// Keeps credentials fresh. Share one in an [`Arc`].
#[derive(Debug)]
pub struct Provider {}

impl Provider {
    /// A provider that has fetched nothing yet.
    ///
    /// # Errors
    /// [`TransferError::Config`] when the URL is none, or when no HTTP client can be made.
    pub fn new(source: CredentialsSource, clock: Arc<dyn Clock>, observer: Observer) -> Result<Self, TransferError> {
        let _ = (source, clock, observer);
        todo!()
    }

    /// The credentials to sign with.
    ///
    /// # Errors
    /// As for [`grant`](Self::grant).
    pub async fn credentials(&self) -> Result<Credentials, TransferError> {
        todo!()
    }

    /// The token with the place that the app server names for it.
    ///
    /// # Errors
    /// Whatever the one fetch failed with, for all who waited for it.
    pub async fn grant(&self) -> Result<Grant, TransferError> {
        todo!()
    }

    /// Fetches a new token, even if the old one is fresh.
    ///
    /// # Errors
    /// As for [`grant`](Self::grant).
    pub async fn refresh(&self) -> Result<Grant, TransferError> {
        todo!()
    }

    /// The last token, fresh or not; asks nobody.
    pub fn current(&self) -> Option<Grant> {
        todo!()
    }
}
