//! The client of STS: one signed AssumeRole, asked again when that may help, inside one deadline.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::region::Endpoint;
use shared::secret::{Secret, mask};
use shared::sign::{encode, rpc};
use shared::sts::{AssumeRole, AssumedRole, StsError};
use shared::timefmt;
use tokio::sync::Semaphore;

use crate::error::{StartError, StsFailure};
use crate::http::{self, root_cause};

/// The whole time for one token, retries included: some apps wait for it without a time limit of their own.
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_RETRIES: u32 = 2;
/// How many questions are on their way at once. STS takes 100 a second; the rest of a burst waits its turn here.
const MAX_IN_FLIGHT: usize = 50;
/// Replies have some two thousand bytes; what is longer is no reply.
const MAX_REPLY_BYTES: usize = 64 * 1024;
/// A key id this short may be part of an ordinary word, so messages are not searched for it.
const MIN_MASKED_KEY_ID: usize = 10;

/// Asks one STS endpoint with one key.
#[derive(Debug)]
pub struct StsClient {
    http: reqwest::Client,
    endpoint: Endpoint,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    in_flight: Semaphore,
    deadline: Duration,
}

impl StsClient {
    /// A client of the STS at `endpoint`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`StartError::HttpClient`] when TLS cannot be set up.
    pub fn new(endpoint: Endpoint, credentials: Credentials, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let http = http::client(&endpoint.to_string())?;
        let in_flight = Semaphore::new(MAX_IN_FLIGHT);
        Ok(Self { http, endpoint, credentials, clock, in_flight, deadline: DEADLINE })
    }

    /// Asks for a token. Trouble that may pass (network, 5xx, throttling) is retried at most twice, all within 10 s.
    ///
    /// # Errors
    /// [`StsFailure`]: STS's own refusal, or why there is no answer.
    pub async fn assume_role(&self, ask: &AssumeRole) -> Result<AssumedRole, StsFailure> {
        let in_time = tokio::time::timeout(self.deadline, self.attempts(ask)).await;
        in_time.unwrap_or_else(|_| {
            Err(StsFailure::Timeout { endpoint: self.endpoint.to_string(), seconds: self.deadline.as_secs() })
        })
    }

    async fn attempts(&self, ask: &AssumeRole) -> Result<AssumedRole, StsFailure> {
        // The semaphore is never closed, so this always waits for a place.
        let _place = self.in_flight.acquire().await.ok();
        let mut retries = 0;
        loop {
            match self.attempt(ask).await {
                Err(failure) if retries < MAX_RETRIES && failure.may_pass() => {
                    tracing::info!(code = failure.code(), retries, "STS is asked again");
                    tokio::time::sleep(pause_before_retry(retries)).await;
                    retries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, ask: &AssumeRole) -> Result<AssumedRole, StsFailure> {
        let form = self.signed_form(ask, &nonce()?);
        let request =
            self.http.post(self.endpoint.url(None, None)).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = request.body(form).send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let body = self.bounded_text(response).await?;
        if status == 200
            && let Some(role) = AssumedRole::from_json(&body).filter(is_complete)
        {
            return Ok(role);
        }
        match StsError::from_json(status, &body).filter(|_| status >= 300) {
            Some(error) => Err(StsFailure::Refused(self.without_key_id(error))),
            None => Err(StsFailure::InvalidResponse { endpoint: self.endpoint.to_string(), status }),
        }
    }

    /// The body of the POST: every parameter and its signature (Alibaba Cloud RPC, signature V1).
    fn signed_form(&self, ask: &AssumeRole, nonce: &str) -> String {
        let timestamp = timefmt::iso8601(self.clock.now());
        let mut parameters = ask.parameters();
        let mut push = |name: &str, value: &str| parameters.push((name.to_owned(), value.to_owned()));
        push("Format", "JSON");
        push("AccessKeyId", &self.credentials.access_key_id);
        push("SignatureMethod", "HMAC-SHA1");
        push("SignatureVersion", "1.0");
        push("SignatureNonce", nonce);
        push("Timestamp", &timestamp);
        if let Some(token) = &self.credentials.security_token {
            push("SecurityToken", token.expose());
        }
        let signature = rpc::sign(&self.credentials.access_key_secret, "POST", &parameters);
        parameters.push(("Signature".to_owned(), signature));
        let pairs: Vec<String> = parameters.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        pairs.join("&")
    }

    async fn bounded_text(&self, mut response: reqwest::Response) -> Result<String, StsFailure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > MAX_REPLY_BYTES {
                let status = response.status().as_u16();
                return Err(StsFailure::InvalidResponse { endpoint: self.endpoint.to_string(), status });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    fn unreachable(&self, error: &reqwest::Error) -> StsFailure {
        StsFailure::Unreachable { endpoint: self.endpoint.to_string(), reason: root_cause(error) }
    }

    /// STS repeats the string that it signed, with the server's own key id in it; apps have no business with that.
    fn without_key_id(&self, mut error: StsError) -> StsError {
        let key_id = &self.credentials.access_key_id;
        if key_id.len() >= MIN_MASKED_KEY_ID {
            error.message = error.message.replace(key_id, &mask(key_id));
        }
        error
    }
}

/// Fields that are there and empty would reach the phone as a token that signs nothing.
fn is_complete(role: &AssumedRole) -> bool {
    let credentials = &role.credentials;
    !credentials.access_key_id.is_empty()
        && !credentials.access_key_secret.expose().is_empty()
        && credentials.security_token.as_ref().is_some_and(|token| !Secret::expose(token).is_empty())
}

/// 128 random bits: STS refuses a nonce that it has seen.
fn nonce() -> Result<String, StsFailure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| StsFailure::NoRandomness(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// 100 to 200 ms, then 200 to 400 ms: apart, so that a burst does not come back as a burst.
fn pause_before_retry(retries: u32) -> Duration {
    let base = 100 << retries;
    let jitter = getrandom::u32().map_or(0, |random| u64::from(random) % base);
    Duration::from_millis(base + jitter)
}

#[cfg(test)]
mod tests {
    use shared::clock::SystemClock;

    use super::*;

    #[tokio::test]
    async fn an_sts_that_never_answers_is_given_up_at_the_deadline() {
        // Its queue takes the connection, and nobody reads from it.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let key = Credentials::long_term("LTAI5tExampleKeyId00", Secret::new("secret"));
        let mut client = StsClient::new(endpoint.clone(), key, Arc::new(SystemClock)).unwrap();
        client.deadline = Duration::from_millis(50);
        let ask = AssumeRole {
            role_arn: "acs:ram::1:role/r".to_owned(),
            role_session_name: "direct-transfer".to_owned(),
            duration_seconds: 900,
            policy: None,
            external_id: None,
        };
        let failure = client.assume_role(&ask).await.unwrap_err();
        assert_eq!(failure, StsFailure::Timeout { endpoint: endpoint.to_string(), seconds: 0 });
        assert_eq!(failure.code(), "StsTimeout");
    }
}
