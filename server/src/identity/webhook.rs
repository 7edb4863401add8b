//! The app's own login: each credential is put to it, and it says who that is (after MinIO's identity plugin).
//!
//! `POST {"credential": "…", "address": "…"}`; 200 with `{"user", "device"?, "maxValiditySeconds"?, "claims"?, "grants"?}`
//! vouches, 401 or 403 refuses, and anything else is trouble.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration as Wait;

use axum::http::header::AUTHORIZATION;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::clock::Clock;
use time::Duration;
use tokio::sync::Semaphore;

use super::credential::Presented;
use super::memory::Expiring;
use super::{Identity, Verdict};
use crate::config::Webhook;
use crate::config::section::wrong;
use crate::error::{Problem, StartError};
use crate::http::{self, root_cause};
use crate::refusal::Refusal;

const DEFAULT_TIMEOUT: u32 = 3000;
const DEFAULT_CACHE: u32 = 60;
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// How many logins are remembered; the rest is asked again.
const MAX_REMEMBERED: usize = 50_000;
/// How many questions are on their way at once; the others wait their turn.
const MAX_IN_FLIGHT: usize = 64;
const RETRY_AFTER: Wait = Wait::from_secs(2);

/// The login.
#[derive(Debug)]
pub(super) struct Login {
    name: String,
    query: String,
    url: String,
    authorization: Option<HeaderValue>,
    timeout: Wait,
    cache: Duration,
    http: reqwest::Client,
    /// By the hash of the credential; the credential itself is not kept.
    known: Expiring<[u8; 32], Identity>,
    in_flight: Semaphore,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    user: String,
    device: Option<String>,
    max_validity_seconds: Option<u32>,
    #[serde(default)]
    claims: BTreeMap<String, serde_json::Value>,
    grants: Option<Vec<String>>,
}

impl Login {
    pub(super) fn new(
        name: &str,
        section: &Webhook,
        at: &str,
        clock: &Arc<dyn Clock>,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, StartError> {
        let header = |secret: &shared::secret::Secret| HeaderValue::from_str(secret.expose()).ok();
        let mut authorization = section.authorization.as_ref().and_then(header);
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        } else if section.authorization.is_some() {
            wrong(problems, format!("{at}.Authorization"), "it has characters that a header cannot have");
        }
        Ok(Self {
            name: name.to_owned(),
            query: section.query.clone().unwrap_or("ticket".to_owned()),
            url: section.url.clone(),
            authorization,
            timeout: Wait::from_millis(section.timeout_milliseconds.unwrap_or(DEFAULT_TIMEOUT).into()),
            cache: Duration::seconds(section.cache_seconds.unwrap_or(DEFAULT_CACHE).into()),
            http: http::client(&section.url)?,
            known: Expiring::new(MAX_REMEMBERED),
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            clock: Arc::clone(clock),
        })
    }

    pub(super) fn query(&self) -> &str {
        &self.query
    }

    pub(super) async fn identify(&self, presented: &Presented<'_>) -> Result<Verdict, Refusal> {
        let Some(credential) = presented.credential(&self.query)? else { return Ok(Verdict::NotMine) };
        let hash: [u8; 32] = Sha256::digest(credential.as_bytes()).into();
        if let Some(identity) = self.known.get(&hash, self.clock.now()) {
            return Ok(Verdict::Known(identity));
        }
        let asked = tokio::time::timeout(self.timeout, self.ask(credential, presented.address)).await;
        let identity = asked.unwrap_or_else(|_| Err(self.unavailable("no answer in time")))?;
        let now = self.clock.now();
        let good_for = identity.max_seconds.map_or(self.cache, |most| self.cache.min(Duration::seconds(most.into())));
        if good_for.is_positive() {
            // A full memory forgets nobody: this one is asked again.
            let _ = self.known.update(&hash, now, now + good_for, || identity.clone(), |_| ());
        }
        Ok(Verdict::Known(identity))
    }

    async fn ask(&self, credential: &str, address: Option<IpAddr>) -> Result<Identity, Refusal> {
        // The semaphore is never closed, so this always waits for a place.
        let _place = self.in_flight.acquire().await.ok();
        let question = json!({ "credential": credential, "address": address.map(|address| address.to_string()) });
        let mut request =
            self.http.post(&self.url).header("content-type", "application/json").body(question.to_string());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let response = request.send().await.map_err(|error| self.unavailable(&root_cause(&error)))?;
        match response.status().as_u16() {
            200 => {}
            401 | 403 => {
                return Err(Refusal::unauthorized("CredentialRefused", "The login does not know this credential."));
            }
            status => return Err(self.unavailable(&format!("HTTP {status}"))),
        }
        let body = http::text(response, MAX_ANSWER_BYTES).await.map_err(|reason| self.unavailable(&reason))?;
        let answer: Answer = serde_json::from_str(&body)
            .map_err(|_| self.unavailable("an answer that is no JSON object with a user"))?;
        if answer.user.is_empty() {
            return Err(self.unavailable("an answer whose user is empty"));
        }
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Some(value.to_string()),
            _ => None,
        };
        Ok(Identity {
            device: answer.device,
            claims: answer.claims.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect(),
            grants: answer.grants,
            max_seconds: answer.max_validity_seconds,
            ..Identity::new(&self.name, &answer.user)
        })
    }

    fn unavailable(&self, reason: &str) -> Refusal {
        tracing::warn!(provider = self.name, url = self.url, reason, "the login cannot be asked");
        Refusal::unavailable("IdentityUnavailable", "The login cannot be asked just now.", RETRY_AFTER)
    }
}
