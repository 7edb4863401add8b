//! The walk of one token: who asks, what may they have, is it in the cache, what does STS say, and what the books say of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use shared::clock::Clock;
use shared::timefmt;
use shared::token::Grant;
use time::OffsetDateTime;

use crate::App;
use crate::audit::Entry;
use crate::error::StsFailure;
use crate::grant::{Asked, Planned};
use crate::identity::Identity;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::token_cache::{Digest, Key, NewToken, Origin, Token, digest};

/// A token, and what it was planned as.
#[derive(Debug)]
pub struct Vended {
    token: Arc<Token>,
    origin: Origin,
    /// Why.
    pub planned: Arc<Planned>,
}

/// A plan with the digest of everything that tokens differ by.
#[derive(Debug, Clone)]
pub struct Plan {
    planned: Arc<Planned>,
    digest: Digest,
}

impl Plan {
    /// Works the digest out.
    pub fn new(planned: Planned) -> Self {
        let digest = digest_of(&planned);
        Self { planned: Arc::new(planned), digest }
    }
}

impl Vended {
    /// The token itself and its place.
    ///
    /// # Errors
    /// Never for a token that STS gave; a 500 rather than a panic.
    pub fn grant(&self) -> Result<Grant, Refusal> {
        self.token.grant().ok_or_else(|| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "the token cannot be read back")
        })
    }
}

/// What came to be known of a request on its way, for the books.
#[derive(Default)]
struct Seen {
    identity: Option<Identity>,
    planned: Option<Arc<Planned>>,
}

impl App {
    /// The body of the token contract, ready to be sent now.
    pub fn body_of(&self, vended: &Vended) -> Bytes {
        self.cache.body(&vended.token)
    }

    /// Gives the sender of a request a token: who is it, what may it have, is there one already, and what does STS say.
    /// `peer` is where the connection comes from. What is asked for is in the query, and in `asked` besides.
    ///
    /// # Errors
    /// [`Refusal`] by a limit, an identity provider, the grants, or STS.
    pub async fn vend(&self, head: &Parts, peer: Option<IpAddr>, asked: Asked) -> Result<Vended, Refusal> {
        let generation = self.cache.generation();
        let settings = self.settings();
        let address = self.address(&settings, head, peer);
        let mut seen = Seen::default();
        let outcome = match self.plan(&settings, head, address, asked, &mut seen).await {
            Ok(plan) => self.token(&settings, generation, plan, &mut seen).await,
            Err(refusal) => Err(refusal),
        };
        match &outcome {
            Ok(vended) => self.metrics.vended(vended.origin == Origin::Cache),
            Err(refusal) => self.metrics.refused(&refusal.code),
        }
        if let Some(audit) = self.audit.load_full() {
            audit.note(self.entry(address, &seen, &outcome)).await;
        }
        outcome
    }

    /// Who asks, and what they may have, behind the limits.
    async fn plan(
        &self,
        settings: &Settings,
        head: &Parts,
        address: Option<IpAddr>,
        asked: Asked,
        seen: &mut Seen,
    ) -> Result<Plan, Refusal> {
        self.admit_address(settings, address)?;
        if let Some(everybody) = &settings.everybody {
            return Ok(everybody.clone());
        }
        let identity = seen.identity.insert(self.identify(settings, head, address).await?);
        self.admit(settings, identity)?;
        let asked = match settings.grants.reads_questions() {
            true => Asked::from_query_and(head.uri.query(), asked)?,
            false => Asked::default(),
        };
        settings.grants.plan(identity, &asked).map(Plan::new)
    }

    /// Who asks beside tokens, behind the same limits; `peer` is where the connection comes from.
    ///
    /// # Errors
    /// [`Refusal`] by a limit or an identity provider.
    pub(crate) async fn asker(
        &self,
        settings: &Settings,
        head: &Parts,
        peer: Option<IpAddr>,
    ) -> Result<Identity, Refusal> {
        let address = self.address(settings, head, peer);
        self.admit_address(settings, address)?;
        let identity = self.identify(settings, head, address).await?;
        self.admit(settings, &identity)?;
        Ok(identity)
    }

    /// Where a request comes from, as far as that is known.
    fn address(&self, settings: &Settings, head: &Parts, peer: Option<IpAddr>) -> Option<IpAddr> {
        let peer = peer?;
        let news =
            !self.told_of_proxy.load(Ordering::Relaxed) && settings.neighbours.is_unnamed_proxy(peer, &head.headers);
        if news && !self.told_of_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "a request came through a proxy that TrustedProxies does not name: limits, back-off and audit trail take all its \
                 clients for one. If it is yours, name it there"
            );
        }
        Some(settings.neighbours.client(peer, &head.headers))
    }

    /// Writes into the audit trail that the server's own key signed a request of this plan.
    pub(crate) async fn note_signature(
        &self,
        settings: &Settings,
        head: &Parts,
        peer: Option<IpAddr>,
        (provider, planned, key_id): (&str, &Planned, &str),
    ) {
        let Some(audit) = self.audit.load_full() else { return };
        let entry = Entry {
            time: timefmt::iso8601_millis(self.clock.now()),
            outcome: "signed",
            address: self.address(settings, head, peer),
            provider: Some(provider.to_owned()),
            key: Some(shared::secret::mask(key_id)),
            ..entry_of(planned)
        };
        audit.note(entry).await;
    }

    async fn identify(&self, settings: &Settings, head: &Parts, address: Option<IpAddr>) -> Result<Identity, Refusal> {
        let identity = settings.identities.identify(head, address).await;
        if let (Err(refusal), Some(address)) = (&identity, address)
            && is_a_guess(refusal)
        {
            self.backoff.note_failure(address, Instant::now());
        }
        identity
    }

    fn admit_address(&self, settings: &Settings, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(address) = address else { return Ok(()) };
        settings.limits.admit_address(address).inspect_err(|_| self.metrics.limited("address"))?;
        self.backoff.admit(address, Instant::now).inspect_err(|_| self.metrics.limited("failures"))
    }

    fn admit(&self, settings: &Settings, identity: &Identity) -> Result<(), Refusal> {
        if identity.provider == Identity::NO_PROVIDER {
            return Ok(());
        }
        let admitted = settings.limits.admit_identity(&identity.provider, &identity.user);
        admitted.inspect_err(|_| self.metrics.limited("identity"))
    }

    /// The token of a plan, from the cache or from STS.
    async fn token(
        &self,
        settings: &Arc<Settings>,
        generation: u64,
        plan: Plan,
        seen: &mut Seen,
    ) -> Result<Vended, Refusal> {
        let Plan { planned, digest } = plan;
        let ask = || {
            let (settings, planned) = (Arc::clone(settings), Arc::clone(&planned));
            async move { ask_sts(&settings, &planned).await }
        };
        let outcome = match planned.reusable {
            true => self.cache.token(Key { digest, generation }, ask).await,
            false => ask().await.map(|new| (Arc::new(self.cache.uncached(new)), Origin::Sts)),
        };
        match outcome {
            Ok((token, origin)) => Ok(Vended { token, origin, planned }),
            Err(failure) => {
                seen.planned = Some(planned);
                Err(failure.into())
            }
        }
    }

    fn entry(&self, address: Option<IpAddr>, seen: &Seen, outcome: &Result<Vended, Refusal>) -> Entry {
        let planned = outcome.as_ref().map_or(seen.planned.as_ref(), |vended| Some(&vended.planned));
        let provider = seen.identity.as_ref().map_or(Identity::NO_PROVIDER, |identity| &identity.provider);
        let known = seen.identity.is_some() || planned.is_some();
        let mut entry = Entry {
            time: timefmt::iso8601_millis(self.clock.now()),
            address,
            provider: known.then(|| provider.to_owned()),
            ..planned.map(|planned| entry_of(planned)).unwrap_or_default()
        };
        match outcome {
            Ok(vended) => {
                let facts = &vended.token.facts;
                entry.outcome = "granted";
                entry.key = Some(facts.key_id.to_string());
                entry.expires = OffsetDateTime::from_unix_timestamp(facts.expires).ok().map(timefmt::iso8601);
                entry.sts_request_id = Some(facts.sts_request_id.to_string());
                entry.cached = Some(vended.origin == Origin::Cache);
            }
            Err(refusal) => {
                entry.outcome = "refused";
                entry.code = Some(refusal.code.to_string());
            }
        }
        entry
    }
}

/// What a plan says of itself in the audit trail.
fn entry_of(planned: &Planned) -> Entry {
    Entry {
        identity: Some(planned.identity.clone()),
        grant: Some(planned.grant.clone()),
        prefix: planned.prefix.as_ref().map(ToString::to_string),
        session: Some(planned.ask.role_session_name.clone()),
        ..Entry::default()
    }
}

/// Whether a credential was refused that nobody gave out. One that has ended, or none at all, is no guess.
fn is_a_guess(refusal: &Refusal) -> bool {
    const HONEST: [&str; 5] =
        ["CredentialMissing", "CredentialExpired", "CredentialUsed", "CredentialRevoked", "CredentialTooLong"];
    refusal.status == StatusCode::UNAUTHORIZED && !HONEST.contains(&&*refusal.code)
}

/// The digest of everything that tokens differ by.
fn digest_of(planned: &Planned) -> Digest {
    let (ask, place) = (&planned.ask, serde_json::to_string(&planned.place).unwrap_or_default());
    let duration = ask.duration_seconds.to_string();
    digest([
        planned.identity.as_str(),
        &planned.grant,
        &ask.role_arn,
        &ask.role_session_name,
        &duration,
        // No policy is the whole role; an empty one would be something else.
        ask.policy.as_deref().unwrap_or("whole role"),
        ask.external_id.as_deref().unwrap_or_default(),
        &place,
    ])
}

async fn ask_sts(settings: &Settings, planned: &Planned) -> Result<NewToken, StsFailure> {
    let role = settings.sts.assume_role(&planned.ask).await?;
    let expires = role.credentials.expiration.map(timefmt::iso8601).unwrap_or_default();
    let key = shared::secret::mask(&role.credentials.access_key_id);
    let (identity, grant) = (&planned.identity, &planned.grant);
    tracing::info!(identity, grant, key, expires, sts_request = ?role.request_id, "token granted");
    Ok(NewToken {
        grant: Grant { credentials: role.credentials, place: planned.place.clone() },
        sts_request_id: role.request_id,
    })
}
