//! JSON Web Key Sets: read leniently, fetched from a URL, kept while they are young, fetched again when a key is missing.

use std::sync::Arc;
use std::time::Duration as Wait;

use arc_swap::ArcSwap;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use shared::clock::Clock;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use crate::error::StartError;
use crate::http::{self, root_cause};
use crate::refusal::Refusal;

/// The whole time for one fetch.
const DEADLINE: Wait = Wait::from_secs(5);
/// Between two fetches for keys that are missing: a caller can make up key ids.
const PAUSE: Duration = Duration::seconds(10);
const RETRY_AFTER: Wait = Wait::from_secs(10);
/// Key sets of large issuers have some ten kilobytes.
const MAX_BYTES: usize = 512 * 1024;
const MAX_KEYS: usize = 100;

/// A key that verifies tokens.
pub(super) struct VerifyingKey {
    /// Its `kid`.
    pub id: Option<String>,
    /// The one algorithm that it is for, if its set says so.
    pub algorithm: Option<Algorithm>,
    /// What verifies.
    pub key: DecodingKey,
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key may be a shared secret.
        f.debug_struct("VerifyingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The public signing keys of a set. Keys for encryption, of unknown kinds and shared secrets are passed over.
///
/// # Errors
/// What is wrong with a set that has no key that can be used.
pub(super) fn read(text: &str) -> Result<Vec<VerifyingKey>, String> {
    let set: Value = serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or("it has no list \"keys\"")?;
    let keys: Vec<VerifyingKey> = listed.iter().take(MAX_KEYS).filter_map(verifying_key).collect();
    if keys.is_empty() {
        Err("it has no public key that signs (RSA, P-256, P-384 or Ed25519)".to_owned())
    } else {
        Ok(keys)
    }
}

fn verifying_key(value: &Value) -> Option<VerifyingKey> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let shared = matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
    let algorithm = match jwk.common.key_algorithm {
        Some(named) => Some(named.to_string().parse().ok()?),
        None => None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| signs && !shared)?;
    Some(VerifyingKey { id: jwk.common.key_id, algorithm, key })
}

/// The keys of a URL.
#[derive(Debug)]
pub(crate) struct KeySet {
    url: String,
    http: reqwest::Client,
    refresh: Duration,
    clock: Arc<dyn Clock>,
    fetched: ArcSwap<Fetched>,
    /// Held while fetching; when that was last tried.
    tried: Mutex<Option<OffsetDateTime>>,
}

#[derive(Debug, Default)]
struct Fetched {
    keys: Arc<Vec<VerifyingKey>>,
    at: Option<OffsetDateTime>,
}

impl KeySet {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// [`StartError`] when TLS cannot be set up.
    pub(super) fn new(url: &str, refresh: Duration, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        Ok(Self {
            url: url.to_owned(),
            http: http::client(url)?,
            refresh,
            clock: Arc::clone(clock),
            fetched: ArcSwap::default(),
            tried: Mutex::new(None),
        })
    }

    /// How old the keys may be.
    pub(super) fn refresh(&self) -> Duration {
        self.refresh
    }

    /// The keys, among them the one called `id` if the set has it. Old keys stay good while new ones cannot be had.
    ///
    /// # Errors
    /// [`Refusal`] 503 when a key is missing and the set cannot be fetched, or was just fetched.
    pub(super) async fn keys(self: &Arc<Self>, id: Option<&str>) -> Result<Arc<Vec<VerifyingKey>>, Refusal> {
        let fetched = self.fetched.load_full();
        if !has(&fetched.keys, id) {
            return self.fetch_missing(id).await;
        }
        if self.is_old(&fetched) {
            let this = Arc::clone(self);
            // Nobody waits for this: the keys at hand are good until the issuer leaves them out.
            tokio::spawn(async move {
                if let Ok(mut tried) = this.tried.try_lock()
                    && tried.is_none_or(|at| this.clock.now() - at >= PAUSE)
                {
                    this.fetch(&mut tried).await;
                }
            });
        }
        Ok(Arc::clone(&fetched.keys))
    }

    fn is_old(&self, fetched: &Fetched) -> bool {
        fetched.at.is_none_or(|at| self.clock.now() - at >= self.refresh)
    }

    /// One caller fetches; the others wait for it and look again.
    async fn fetch_missing(&self, id: Option<&str>) -> Result<Arc<Vec<VerifyingKey>>, Refusal> {
        let mut tried = self.tried.lock().await;
        let keys = Arc::clone(&self.fetched.load().keys);
        if has(&keys, id) {
            return Ok(keys);
        }
        let just_tried = tried.is_some_and(|at| self.clock.now() - at < PAUSE);
        if just_tried || !self.fetch(&mut tried).await {
            let message = "the key of this credential cannot be had just now.";
            return Err(Refusal::unavailable("IdentityUnavailable", message, RETRY_AFTER));
        }
        Ok(Arc::clone(&self.fetched.load().keys))
    }

    /// Whether new keys are there.
    async fn fetch(&self, tried: &mut Option<OffsetDateTime>) -> bool {
        let now = self.clock.now();
        *tried = Some(now);
        let asked = tokio::time::timeout(DEADLINE, self.ask()).await;
        match asked.unwrap_or_else(|_| Err("no answer in 5 s".to_owned())) {
            Ok(keys) => {
                tracing::info!(url = self.url, keys = keys.len(), "key set fetched");
                self.fetched.store(Arc::new(Fetched { keys: Arc::new(keys), at: Some(now) }));
                true
            }
            Err(reason) => {
                tracing::warn!(url = self.url, reason, "the key set cannot be fetched; the last good one stays");
                false
            }
        }
    }

    async fn ask(&self) -> Result<Vec<VerifyingKey>, String> {
        let response = self.http.get(&self.url).send().await.map_err(|error| root_cause(&error))?;
        match response.status().as_u16() {
            200 => read(&http::text(response, MAX_BYTES).await?),
            status => Err(format!("HTTP {status}")),
        }
    }
}

/// A token that names no key may be signed by any.
fn has(keys: &[VerifyingKey], id: Option<&str>) -> bool {
    match id {
        Some(id) => keys.iter().any(|key| key.id.as_deref().is_none_or(|known| known == id)),
        None => !keys.is_empty(),
    }
}
