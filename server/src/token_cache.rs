//! Tokens kept in memory: one question to STS for all who ask for the same thing, and none handed out that ends too soon.
//!
//! Nothing is written to disk, and a refusal is remembered by nobody.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use axum::body::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use shared::clock::Clock;
use shared::timefmt;
use shared::token::{Grant, TokenReply};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::error::StsFailure;

/// The mobile SDKs fetch anew when less than this is left, in seconds (`token-server.md` §2.1, §2.2).
const MOBILE_REFETCH: i64 = 300;
/// Python's `alibabacloud-credentials` fetches anew when this or less is left (`token-server.md` §2.5).
const PYTHON_REFETCH: i64 = 900;
/// What a client is given beyond the point at which it would fetch anew.
const MARGIN: i64 = 60;
/// How long an older token stands in for a new one that STS did not give, before STS is asked again.
const STAND_IN: i64 = 30;
/// What an entry takes beside its body, in bytes: key, facts, counters, and the bookkeeping of cache and allocator.
const ENTRY_BYTES: u64 = 400;
/// About how long a body is; the cache makes room for so many entries at once.
const TYPICAL_BODY_BYTES: u64 = 1024;

/// What tokens are told apart by: identity, grant, question and place, as a digest, and the settings that it was asked under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Of what.
    pub digest: Digest,
    /// Of [`TokenCache::generation`].
    pub generation: u64,
}

/// Half a SHA-256.
pub type Digest = [u8; 16];

/// The digest of `parts`. They are told apart by their lengths, so no two lists have one digest.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}

/// A token ready to be sent.
pub struct Token {
    /// The body of the contract, zeroed when the last copy is dropped.
    body: Bytes,
    /// Unix seconds. After this a new one is asked for.
    fresh_until: i64,
    /// Unix seconds. After this no SDK would use it.
    usable_until: i64,
    /// For the audit trail.
    pub facts: Facts,
}

/// What may be told of a token to those who keep the books; no secret.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The id of the temporary key, masked.
    pub key_id: Box<str>,
    /// When it ends, in Unix seconds.
    pub expires: i64,
    /// STS's name for the request that made it.
    pub sts_request_id: Box<str>,
}

/// What every body of one second ends in: the time of this server.
#[derive(Debug, Default)]
pub struct End {
    second: i64,
    text: String,
}

impl End {
    fn at(now: OffsetDateTime) -> Self {
        Self { second: now.unix_timestamp(), text: format!(r#","ServerTime":"{}"}}"#, timefmt::iso8601(now)) }
    }
}

/// How a token was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was here.
    Cache,
    /// STS gave it, for this caller or for one who asked at the same time.
    Sts,
}

/// A token that STS has just given.
#[derive(Debug)]
pub struct NewToken {
    /// The token and its place.
    pub grant: Grant,
    /// STS's name for the request.
    pub sts_request_id: String,
}

type Outcome = Result<Arc<Token>, StsFailure>;
/// A question under way, whose answer any number of tasks wait for.
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// The tokens, up to a number of bytes; those that are asked for least make room.
pub struct TokenCache {
    held: Cache<Key, Arc<Token>, Weight>,
    flights: Mutex<HashMap<Key, Flight>>,
    generation: AtomicU64,
    /// To write the time anew for each answer would be a tenth of a token from the cache.
    end: ArcSwap<End>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Token>> for Weight {
    fn weight(&self, _: &Key, token: &Arc<Token>) -> u64 {
        token.body.len() as u64 + ENTRY_BYTES
    }
}

impl TokenCache {
    /// An empty cache of at most `max_bytes`; `clock` is the one that STS's dates are compared with.
    pub fn new(max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        let entries = usize::try_from(max_bytes / (TYPICAL_BODY_BYTES + ENTRY_BYTES)).unwrap_or(usize::MAX);
        let held = Cache::with_weighter(entries, max_bytes, Weight);
        Self { held, flights: Mutex::default(), generation: AtomicU64::new(0), end: ArcSwap::default(), clock }
    }

    /// Which settings are in use. Whoever reads this first and the settings then never takes old ones for new.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The token of `key`: the one held, or the one that the question under way or else `ask` brings. The question runs to its
    /// end even if all who wait for it give up. While STS has trouble that may pass, a token that SDKs would still use stands in.
    ///
    /// # Errors
    /// What the one question failed with, for all who waited for it.
    pub async fn token<A>(
        self: &Arc<Self>,
        key: Key,
        ask: impl FnOnce() -> A,
    ) -> Result<(Arc<Token>, Origin), StsFailure>
    where
        A: Future<Output = Result<NewToken, StsFailure>> + Send + 'static,
    {
        if let Some(token) = self.fresh(&key) {
            return Ok((token, Origin::Cache));
        }
        let flight = {
            let mut flights = self.flights();
            // Put away between the look above and the lock.
            if let Some(token) = self.fresh(&key) {
                return Ok((token, Origin::Cache));
            }
            // A landed flight is still here only if its task was stopped before it could put the token away.
            match flights.get(&key).filter(|flight| flight.peek().is_none()) {
                Some(flight) => flight.clone(),
                None => {
                    let flight = self.take_off(key, ask());
                    flights.insert(key, flight.clone());
                    flight
                }
            }
        };
        flight.await.map(|token| (token, Origin::Sts))
    }

    /// The body of the contract for `token`, with the time of now as its `ServerTime`.
    pub fn body(&self, token: &Token) -> Bytes {
        let now = self.clock.now();
        if self.end.load().second != now.unix_timestamp() {
            self.end.store(Arc::new(End::at(now)));
        }
        token.body(&self.end.load())
    }

    /// Forgets every token: the settings have changed. Questions under way are answered, and their tokens not kept.
    pub fn invalidate(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.held.clear();
    }

    /// A token that is for one caller alone and kept by nobody.
    pub fn uncached(&self, new: NewToken) -> Token {
        Token::new(new, self.now())
    }

    /// How many tokens are held, and the bytes that they take.
    pub fn size(&self) -> (usize, u64) {
        (self.held.len(), self.held.weight())
    }

    fn fresh(&self, key: &Key) -> Option<Arc<Token>> {
        self.held.get(key).filter(|token| self.now() < token.fresh_until)
    }

    fn take_off<A>(self: &Arc<Self>, key: Key, asking: A) -> Flight
    where
        A: Future<Output = Result<NewToken, StsFailure>> + Send + 'static,
    {
        let cache = Arc::clone(self);
        let task = tokio::spawn(async move { cache.land(key, asking.await) });
        task.map(|landed| landed.unwrap_or(Err(StsFailure::Stopped))).boxed().shared()
    }

    /// Puts the answer away.
    fn land(&self, key: Key, answer: Result<NewToken, StsFailure>) -> Outcome {
        let now = self.now();
        let outcome = match answer {
            Ok(new) => Ok(Arc::new(Token::new(new, now))),
            Err(failure) => match self.held.peek(&key).filter(|held| failure.may_pass() && now < held.usable_until) {
                Some(held) => Ok(Arc::new(held.standing_in(now))),
                None => Err(failure),
            },
        };
        let mut flights = self.flights();
        flights.remove(&key);
        if let Ok(token) = &outcome
            && now < token.fresh_until
            && key.generation == self.generation.load(Ordering::Acquire)
        {
            self.held.insert(key, Arc::clone(token));
        }
        outcome
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }
}

impl Token {
    fn new(new: NewToken, now: i64) -> Self {
        let credentials = &new.grant.credentials;
        let expires = credentials.expiration.map_or(now, |at| at.unix_timestamp());
        let facts = Facts {
            key_id: shared::secret::mask(&credentials.access_key_id).into(),
            expires,
            sts_request_id: new.sts_request_id.into(),
        };
        let json = Zeroizing::new(TokenReply::Granted(new.grant).to_json().into_bytes().into_boxed_slice());
        Self {
            body: Bytes::from_owner(json),
            fresh_until: expires - least_remainder(expires - now),
            usable_until: expires - MOBILE_REFETCH - MARGIN,
            facts,
        }
    }

    /// The same token, asked for again a little later.
    fn standing_in(&self, now: i64) -> Self {
        let fresh_until = (now + STAND_IN).min(self.usable_until);
        Self { body: self.body.clone(), fresh_until, usable_until: self.usable_until, facts: self.facts.clone() }
    }

    /// The body of the contract with this end in the place of its own; a copy for one answer.
    pub fn body(&self, end: &End) -> Bytes {
        let without_end = self.body.strip_suffix(b"}").unwrap_or(&self.body);
        [without_end, end.text.as_bytes()].concat().into()
    }

    /// The token itself, for those who sign with it or tell it in another form; read from the body, which holds all of it.
    pub fn grant(&self) -> Option<Grant> {
        match TokenReply::parse(std::str::from_utf8(&self.body).ok()?) {
            Ok(TokenReply::Granted(grant)) => Some(grant),
            _ => None,
        }
    }
}

/// How much of its life a token from the cache must have left, in seconds, so that no SDK asks again at once. Python's line is
/// kept where a new token stays above it for a while; where it does not, Python asks each time whatever is done here.
fn least_remainder(life: i64) -> i64 {
    let python = PYTHON_REFETCH + MARGIN;
    if life >= python + MARGIN { python } else { MOBILE_REFETCH + MARGIN }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tokens, bytes) = self.size();
        f.debug_struct("TokenCache").field("tokens", &tokens).field("bytes", &bytes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("facts", &self.facts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
