//! Signed URLs: the app's own backend signs a URL for one user, for SDKs that can do no more than GET a fixed URL.
//!
//! The signature is the lower-case hexadecimal HMAC-SHA256, by the secret, of `DT1`, a line feed, and every other parameter
//! of the query as `name=value`, percent-encoded (RFC 3986), sorted, joined by `&`. Path and host are left out, so that
//! proxies may rewrite them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::clock::Clock;
use shared::secret::{Secret, constant_time_eq};
use shared::sign::encode;
use time::{Duration, OffsetDateTime};

use super::credential::Presented;
use super::memory::{Full, Memory};
use super::{Identity, Verdict};
use crate::config::section::wrong;
use crate::config::{MIN_SECRET_BYTES, SignedUrl};
use crate::error::Problem;
use crate::files;
use crate::refusal::Refusal;

/// How the names of all parameters of a signed URL begin, but for those that narrow it.
pub const BEGINNING: &str = "dt-";
/// The parameters of a signed URL.
pub const USER: &str = "dt-user";
pub const DEVICE: &str = "dt-device";
pub const EXPIRES: &str = "dt-expires";
pub const NONCE: &str = "dt-nonce";
pub const KEY_ID: &str = "dt-key";
pub const SIGNATURE: &str = "dt-signature";
/// Before the name of a claim for folder templates.
const CLAIM: &str = "dt-claim-";

const DEFAULT_MAX_LIFE: u32 = 30 * 86_400;
const NONCE_LENGTH: std::ops::RangeInclusive<usize> = 16..=128;

/// The signing keys of one provider.
#[derive(Debug)]
pub(super) struct SignedUrls {
    name: String,
    keys: Vec<(String, Secret)>,
    max_life: Duration,
    max_uses: Option<u32>,
    revoked: Vec<String>,
    memory: Arc<Memory>,
    clock: Arc<dyn Clock>,
}

impl SignedUrls {
    pub(super) fn new(
        name: &str,
        section: &SignedUrl,
        folder: &Path,
        at: &str,
        (memory, clock): (&Arc<Memory>, &Arc<dyn Clock>),
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut keys: Vec<(String, Secret)> = Vec::new();
        for (index, key) in section.keys.iter().enumerate() {
            let at = format!("{at}.Keys[{index}]");
            if keys.iter().any(|(id, _)| *id == key.id) {
                wrong(problems, format!("{at}.Id"), "another key has the same Id");
            }
            let (written, file) = (key.secret.as_ref(), key.secret_file.as_deref());
            let secret = files::secret(folder, written, file, &at, MIN_SECRET_BYTES, problems);
            keys.extend(secret.map(|secret| (key.id.clone(), secret)));
        }
        Self {
            name: name.to_owned(),
            keys,
            max_life: Duration::seconds(section.max_life_seconds.unwrap_or(DEFAULT_MAX_LIFE).into()),
            max_uses: section.max_uses,
            revoked: section.revoked_nonces.clone(),
            memory: Arc::clone(memory),
            clock: Arc::clone(clock),
        }
    }

    pub(super) fn identify(&self, presented: &Presented<'_>) -> Result<Verdict, Refusal> {
        let Some(signature) = presented.parameter(SIGNATURE)? else { return Ok(Verdict::NotMine) };
        if presented.has_bearer() {
            return Err(Refusal::bad_request("CredentialAmbiguous", "Give one credential: the URL is signed already."));
        }
        let need = |name| presented.parameter(name)?.filter(|value| !value.is_empty()).ok_or_else(|| malformed(name));
        let key_id = need(KEY_ID)?;
        let Some((_, secret)) = self.keys.iter().find(|(id, _)| id == key_id) else { return Ok(Verdict::NotMine) };
        let others = presented.query().iter().filter(|(name, _)| name != SIGNATURE);
        let expected = sign(secret, others.map(|(name, value)| (&**name, &**value)));
        if !constant_time_eq(expected.as_bytes(), signature.as_bytes()) {
            return Err(Refusal::unauthorized(
                "SignatureDoesNotMatch",
                "The URL's signature is not that of its content.",
            ));
        }
        let expires = need(EXPIRES)?.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        self.check_time_and_nonce(expires.ok_or_else(|| malformed(EXPIRES))?, need(NONCE)?)?;
        let mut claims = BTreeMap::new();
        for (name, value) in presented.query() {
            if let Some(claim) = name.strip_prefix(CLAIM)
                && claims.insert(claim.to_owned(), value.clone().into_owned()).is_some()
            {
                return Err(malformed(name));
            }
        }
        let device = presented.parameter(DEVICE)?.map(str::to_owned);
        Ok(Verdict::Known(Identity { device, claims, ..Identity::new(&self.name, need(USER)?) }))
    }

    fn check_time_and_nonce(&self, expires: OffsetDateTime, nonce: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        if expires <= now {
            return Err(Refusal::unauthorized("CredentialExpired", "The URL has ended: get a new one."));
        }
        if expires - now > self.max_life {
            let message = format!("The URL lives longer than {} s.", self.max_life.whole_seconds());
            return Err(Refusal::unauthorized("CredentialTooLong", message));
        }
        let plain = nonce.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !NONCE_LENGTH.contains(&nonce.len()) || !plain {
            return Err(malformed(NONCE));
        }
        if self.revoked.iter().any(|revoked| revoked == nonce) {
            return Err(Refusal::unauthorized("CredentialRevoked", "The URL is good no more: get a new one."));
        }
        let Some(max_uses) = self.max_uses else { return Ok(()) };
        let key = format!("{}/{nonce}", self.name);
        let count = |uses: &mut u32| {
            *uses = uses.saturating_add(1);
            *uses
        };
        match self.memory.nonces.update(&key, now, expires, || 0, count) {
            Ok(uses) if uses <= max_uses => Ok(()),
            Ok(_) => Err(Refusal::unauthorized("CredentialUsed", "The URL has been used: get a new one.")),
            Err(Full) => {
                let message = "too many URLs are in use to count another.";
                Err(Refusal::unavailable("Busy", message, std::time::Duration::from_secs(60)))
            }
        }
    }
}

fn malformed(name: &str) -> Refusal {
    Refusal::unauthorized("CredentialMalformed", format!("The URL's {name} is missing or malformed."))
}

/// The signature of these parameters.
pub fn sign<'a>(secret: &Secret, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<String> =
        parameters.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.sort();
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    mac.update(b"DT1\n");
    mac.update(pairs.join("&").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// The query of a signed URL; `parameters` are narrowing ones and claims besides user, end and nonce.
pub fn signed_query(key_id: &str, secret: &Secret, parameters: &[(&str, &str)]) -> String {
    let mut all = vec![(KEY_ID, key_id)];
    all.extend(parameters);
    let signature = sign(secret, all.iter().copied());
    all.push((SIGNATURE, &signature));
    let pairs: Vec<String> = all.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
