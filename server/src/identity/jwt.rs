//! JSON Web Tokens: signature, issuer, audience and time are checked, and its claims name the user.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, dangerous, decode};
use serde_json::{Map, Value};
use shared::clock::Clock;
use time::Duration;

use super::credential::Presented;
use super::key_set::{self, KeySet, VerifyingKey};
use super::memory::Memory;
use super::{Identity, Verdict};
use crate::config::section::wrong;
use crate::config::{Jwt, MIN_SECRET_BYTES};
use crate::error::{Problem, StartError};
use crate::files;
use crate::refusal::Refusal;

const DEFAULT_LEEWAY: u32 = 60;
const DEFAULT_REFRESH: u32 = 3600;
/// Every algorithm of public keys. A public key is never taken for the secret of an HS algorithm.
const ASYMMETRIC: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

type Claims = Map<String, Value>;

/// One issuer's tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    name: String,
    query: String,
    algorithms: Vec<Algorithm>,
    keys: Keys,
    issuer: Option<String>,
    audience: Option<String>,
    user_claim: String,
    device_claim: Option<String>,
    grants_claim: Option<String>,
    leeway: i64,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
enum Keys {
    Fixed(Arc<Vec<VerifyingKey>>),
    Fetched(Arc<KeySet>),
}

impl Tokens {
    pub(super) fn new(
        name: &str,
        section: &Jwt,
        folder: &Path,
        at: &str,
        (memory, clock): (&Memory, &Arc<dyn Clock>),
        problems: &mut Vec<Problem>,
    ) -> Result<Self, StartError> {
        let is_secret = section.secret.is_some() || section.secret_file.is_some();
        let keys = match &section.jwks_url {
            Some(url) => {
                let refresh = Duration::seconds(section.refresh_seconds.unwrap_or(DEFAULT_REFRESH).into());
                Keys::Fetched(key_set_of(url, refresh, memory, clock)?)
            }
            None => Keys::Fixed(Arc::new(fixed_keys(section, folder, at, is_secret, problems).unwrap_or_default())),
        };
        Ok(Self {
            name: name.to_owned(),
            query: section.query.clone().unwrap_or("token".to_owned()),
            algorithms: algorithms(section, is_secret, at, problems),
            keys,
            issuer: section.issuer.clone(),
            audience: section.audience.clone(),
            user_claim: section.user_claim.clone().unwrap_or("sub".to_owned()),
            device_claim: section.device_claim.clone(),
            grants_claim: section.grants_claim.clone(),
            leeway: section.leeway_seconds.unwrap_or(DEFAULT_LEEWAY).into(),
            clock: Arc::clone(clock),
        })
    }

    pub(super) fn query(&self) -> &str {
        &self.query
    }

    pub(super) async fn identify(&self, presented: &Presented<'_>) -> Result<Verdict, Refusal> {
        let Some(token) = presented.credential(&self.query)? else { return Ok(Verdict::NotMine) };
        // What is no token, or another issuer's, is for another provider. Nothing of it is believed yet.
        let Ok(unproven) = dangerous::insecure_decode::<Claims>(token) else { return Ok(Verdict::NotMine) };
        if self
            .issuer
            .as_deref()
            .is_some_and(|issuer| unproven.claims.get("iss").and_then(Value::as_str) != Some(issuer))
        {
            return Ok(Verdict::NotMine);
        }
        let header = unproven.header;
        if !self.algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(invalid("it is signed in a way that is not taken here."));
        }
        let keys = match &self.keys {
            Keys::Fixed(keys) => Arc::clone(keys),
            Keys::Fetched(set) => set.keys(header.kid.as_deref()).await?,
        };
        let claims = self.verified(token, header.alg, header.kid.as_deref(), &keys)?;
        self.check_time(&claims)?;
        self.identity(&claims).map(Verdict::Known)
    }

    /// The claims, once one of the keys that may have signed them has.
    fn verified(
        &self,
        token: &str,
        alg: Algorithm,
        id: Option<&str>,
        keys: &[VerifyingKey],
    ) -> Result<Claims, Refusal> {
        let mut validation = Validation::new(alg);
        let mut required = Vec::new();
        // The library reads wall time; ours comes from the injected clock.
        validation.validate_exp = false;
        validation.validate_aud = self.audience.is_some();
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        let fits = |key: &&VerifyingKey| {
            let named = key.id.as_deref().is_none_or(|known| id.is_none_or(|id| id == known));
            named && key.algorithm.is_none_or(|only| only == alg) && key.key.family() == alg.family()
        };
        let mut refusal = invalid("its key is not known here.");
        for key in keys.iter().filter(fits) {
            match decode::<Claims>(token, &key.key, &validation) {
                Ok(good) => return Ok(good.claims),
                Err(error) => refusal = invalid(reason(error.kind())),
            }
        }
        Err(refusal)
    }

    fn check_time(&self, claims: &Claims) -> Result<(), Refusal> {
        let now = self.clock.now().unix_timestamp();
        let seconds = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => match value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64)) {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(invalid("one of its times is no number.")),
            },
        };
        match seconds("exp")? {
            None => return Err(invalid("it has no end (exp).")),
            Some(end) if end.saturating_add(self.leeway) <= now => {
                return Err(Refusal::unauthorized("CredentialExpired", "Your token has ended: sign in again."));
            }
            Some(_) => {}
        }
        match seconds("nbf")? {
            Some(begin) if begin.saturating_sub(self.leeway) > now => Err(invalid("its time has not begun (nbf).")),
            _ => Ok(()),
        }
    }

    fn identity(&self, claims: &Claims) -> Result<Identity, Refusal> {
        let user = claims.get(&self.user_claim).and_then(text_of).filter(|user| !user.is_empty());
        let user = user.ok_or_else(|| invalid(&format!("its claim {} names no user.", self.user_claim)))?;
        let grants = match self.grants_claim.as_ref().map(|name| claims.get(name)) {
            None => None,
            // A token without the claim has no grants: who asks for the claim means to limit.
            Some(None) => Some(Vec::new()),
            Some(Some(Value::Array(names))) => Some(names.iter().filter_map(text_of).collect()),
            Some(Some(name)) => Some(text_of(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()),
        };
        let claims: BTreeMap<String, String> =
            claims.iter().filter_map(|(name, value)| Some((name.clone(), text_of(value)?))).collect();
        let device = self.device_claim.as_ref().and_then(|name| claims.get(name).cloned());
        Ok(Identity { device, grants, claims, ..Identity::new(&self.name, &user) })
    }
}

/// The set of this URL that was fetched before a reload, or a new one.
fn key_set_of(
    url: &str,
    refresh: Duration,
    memory: &Memory,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<KeySet>, StartError> {
    let mut sets = memory.key_sets.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(set) = sets.get(url).filter(|set| set.refresh() == refresh) {
        return Ok(Arc::clone(set));
    }
    let set = Arc::new(KeySet::new(url, refresh, clock)?);
    sets.insert(url.to_owned(), Arc::clone(&set));
    Ok(set)
}

fn fixed_keys(
    section: &Jwt,
    folder: &Path,
    at: &str,
    is_secret: bool,
    problems: &mut Vec<Problem>,
) -> Option<Vec<VerifyingKey>> {
    let one = |key| vec![VerifyingKey { id: None, algorithm: None, key }];
    if is_secret {
        let (written, file) = (section.secret.as_ref(), section.secret_file.as_deref());
        let secret = files::secret(folder, written, file, at, MIN_SECRET_BYTES, problems)?;
        return Some(one(DecodingKey::from_secret(secret.expose().as_bytes())));
    }
    if let Some(path) = &section.jwks_file {
        let at = format!("{at}.JwksFile");
        let text = files::read(folder, path, &at, problems)?;
        return key_set::read(&text).map_err(|reason| wrong(problems, at, reason)).ok();
    }
    let at = format!("{at}.PublicKeyFile");
    let pem = files::read(folder, section.public_key_file.as_deref()?, &at, problems)?;
    let readers = [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
    let key = readers.iter().find_map(|read| read(pem.as_bytes()).ok());
    if key.is_none() {
        wrong(problems, at, "expected one public key in PEM: RSA, P-256, P-384 or Ed25519");
    }
    key.map(one)
}

fn algorithms(section: &Jwt, is_secret: bool, at: &str, problems: &mut Vec<Problem>) -> Vec<Algorithm> {
    let Some(names) = &section.algorithms else {
        return if is_secret { vec![Algorithm::HS256] } else { ASYMMETRIC.to_vec() };
    };
    let mut read = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse::<Algorithm>() {
            Ok(algorithm) if (algorithm.family() == AlgorithmFamily::Hmac) == is_secret => read.push(algorithm),
            _ => {
                let expected =
                    if is_secret { "HS256, HS384 or HS512" } else { "RS256, PS256, ES256, EdDSA or their like" };
                wrong(
                    problems,
                    format!("{at}.Algorithms[{index}]"),
                    format!("with this kind of key, expected {expected}"),
                );
            }
        }
    }
    if names.is_empty() {
        wrong(problems, format!("{at}.Algorithms"), "it is empty: leave it out for the usual ones");
    }
    read
}

/// A claim as text; lists and objects have none.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn invalid(what: &str) -> Refusal {
    Refusal::unauthorized("CredentialInvalid", format!("Your token is not good: {what}"))
}

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "its signature is wrong.",
        ErrorKind::InvalidIssuer => "its issuer (iss) is another.",
        ErrorKind::InvalidAudience => "it is for another audience (aud).",
        ErrorKind::MissingRequiredClaim(_) => "it lacks its issuer (iss) or audience (aud).",
        _ => "it cannot be read.",
    }
}
