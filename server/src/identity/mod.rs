//! Who asks: the providers of the configuration in their order, and the identity that one of them vouches for.

mod credential;
pub mod device_keys;
mod jwt;
mod key_set;
mod memory;
pub mod signed_url;
mod webhook;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use shared::clock::Clock;

use self::credential::Presented;
use self::device_keys::Devices;
use self::jwt::Tokens;
pub(crate) use self::memory::Memory;
use self::signed_url::SignedUrls;
use self::webhook::Login;
use crate::config::{Config, Provider};
use crate::error::{Problem, StartError};
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

/// What one provider says of a request.
#[derive(Debug)]
enum Verdict {
    /// It has no credential of this provider's kind.
    NotMine,
    Known(Identity),
}

/// A provider, ready to be asked.
#[derive(Debug)]
enum Ready {
    Devices(Devices),
    Tokens(Box<Tokens>),
    SignedUrls(SignedUrls),
    Login(Arc<Login>),
}

/// The providers of the configuration.
#[derive(Debug)]
pub struct Identities {
    /// `false`: the configuration tells no callers apart, as the reference document.
    told_apart: bool,
    providers: Vec<Ready>,
    /// Who callers without a credential are; `None` refuses them.
    anonymous: Option<Identity>,
}

impl Identities {
    /// Makes the providers ready; what is wrong goes to `problems`. Blocks on the files of keys. Nothing is sent.
    ///
    /// # Errors
    /// [`StartError`] when TLS cannot be set up.
    pub(crate) fn new(
        config: &Config,
        memory: &Arc<Memory>,
        clock: &Arc<dyn Clock>,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, StartError> {
        let sections = config.identity.as_ref().map(|identity| identity.providers.as_slice()).unwrap_or_default();
        let (mut providers, mut anonymous) = (Vec::new(), None);
        for (index, provider) in sections.iter().enumerate() {
            let at = format!("Identity.Providers[{index}]");
            let (name, folder) = (provider.name(), config.folder.as_path());
            providers.push(match provider {
                Provider::DeviceKeys(it) => Ready::Devices(Devices::new(name, it, folder, &at, problems)),
                Provider::Jwt(it) => {
                    Ready::Tokens(Box::new(Tokens::new(name, it, folder, &at, (memory, clock), problems)?))
                }
                Provider::SignedUrl(it) => {
                    Ready::SignedUrls(SignedUrls::new(name, it, folder, &at, (memory, clock), problems))
                }
                Provider::Webhook(it) => Ready::Login(Arc::new(Login::new(name, it, &at, clock, problems)?)),
                Provider::Anonymous(it) => {
                    let user = it.user.as_deref().unwrap_or("anonymous");
                    anonymous = Some(Identity { grants: it.grants.clone(), ..Identity::new(name, user) });
                    continue;
                }
            });
        }
        Ok(Self { told_apart: config.identity.is_some(), providers, anonymous })
    }

    /// Who sends the request with this head; `address` is the client's, where it is known.
    ///
    /// # Errors
    /// [`Refusal`] 401 without a good credential, 400 with two, 503 when the provider cannot be asked.
    pub async fn identify(&self, head: &Parts, address: Option<IpAddr>) -> Result<Identity, Refusal> {
        if !self.told_apart {
            return Ok(Identity::everybody());
        }
        let presented = Presented::of(head, address)?;
        for provider in &self.providers {
            if let Verdict::Known(identity) = provider.identify(&presented).await? {
                return self.not_reserved(identity);
            }
        }
        if self.has_credential(&presented)? {
            return Err(Refusal::unauthorized("CredentialUnknown", "Nobody here knows this credential."));
        }
        self.anonymous.clone().ok_or_else(|| {
            let mut ways = vec!["in the header Authorization: Bearer".to_owned()];
            ways.extend(self.providers.iter().map(|provider| format!("as {} in the URL", provider.parameter())));
            ways.dedup();
            Refusal::unauthorized("CredentialMissing", format!("Send your credential {}.", ways.join(", or ")))
        })
    }

    /// The identities that the configuration itself names: devices, and callers without a credential.
    pub fn known_by_name(&self) -> Vec<Identity> {
        let mut known: Vec<Identity> = self
            .providers
            .iter()
            .filter_map(|provider| match provider {
                Ready::Devices(devices) => Some(devices.identities()),
                _ => None,
            })
            .flatten()
            .collect();
        known.extend(self.anonymous.clone());
        if !self.told_apart {
            known.push(Identity::everybody());
        }
        known
    }

    /// Whether the parameter `name` of a query is one that tells who asks.
    pub fn reads(&self, name: &str) -> bool {
        self.providers.iter().any(|provider| match provider {
            Ready::SignedUrls(_) => name.starts_with(signed_url::BEGINNING),
            other => other.parameter() == name,
        })
    }

    /// A provider that calls somebody what callers without credential are called would give the folder away.
    fn not_reserved(&self, identity: Identity) -> Result<Identity, Refusal> {
        match &self.anonymous {
            Some(anonymous) if anonymous.user == identity.user => {
                Err(Refusal::forbidden("IdentityReserved", "This user's name is that of callers without a credential."))
            }
            _ => Ok(identity),
        }
    }

    /// Whether there is a credential at all: a bad one does not make its sender anonymous.
    fn has_credential(&self, presented: &Presented<'_>) -> Result<bool, Refusal> {
        let mut any = presented.has_bearer();
        for provider in &self.providers {
            any |= presented.parameter(provider.parameter())?.is_some();
        }
        Ok(any)
    }
}

impl Ready {
    async fn identify(&self, presented: &Presented<'_>) -> Result<Verdict, Refusal> {
        match self {
            Self::Devices(devices) => devices.identify(presented),
            Self::Tokens(tokens) => tokens.identify(presented).await,
            Self::SignedUrls(urls) => urls.identify(presented),
            Self::Login(login) => login.identify(presented).await,
        }
    }

    /// The query parameter that carries the credential.
    fn parameter(&self) -> &str {
        match self {
            Self::Devices(devices) => devices.query(),
            Self::Tokens(tokens) => tokens.query(),
            Self::SignedUrls(_) => signed_url::SIGNATURE,
            Self::Login(login) => login.query(),
        }
    }
}
