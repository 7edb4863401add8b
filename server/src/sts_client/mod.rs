//! The client of STS: one signed question, asked again when that may help, inside one deadline.

mod budget;
mod clock;
mod standing;
mod verdict;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::region::Endpoint;
use shared::secret::{Secret, mask};
use shared::sts::{AssumeRole, AssumedRole, CallerIdentity, StsError, caller_identity_parameters};
use tokio::sync::Semaphore;

use self::budget::Budget;
pub use self::clock::StsClock;
pub use self::standing::Standing;
pub use self::verdict::Verdict;
pub use self::wire::Signature;
use crate::base_credentials::BaseCredentials;
use crate::error::{StartError, StsFailure};
use crate::http::{self, BodyError, root_cause};
use crate::metrics::Metrics;

/// The whole time for one token, retries included: some apps wait for it without a time limit of their own.
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_RETRIES: u32 = 2;
/// How many questions are on their way at once; the rest of a burst waits its turn here.
const MAX_IN_FLIGHT: usize = 50;
/// Replies have some two thousand bytes; what is longer is no reply.
const MAX_REPLY_BYTES: usize = 64 * 1024;
/// A key id this short may be part of an ordinary word, so messages are not searched for it.
const MIN_MASKED_KEY_ID: usize = 10;

/// How STS is asked.
#[derive(Debug, Clone)]
pub struct StsSettings {
    /// Where.
    pub endpoint: Endpoint,
    /// Signed how.
    pub signature: Signature,
    /// At most so many AssumeRole calls a second. STS takes 100 of an account in a region (its quota page).
    pub calls_per_second: NonZeroU32,
}

/// Asks one STS endpoint.
#[derive(Debug)]
pub struct StsClient {
    http: reqwest::Client,
    endpoint: Endpoint,
    signature: Signature,
    base: Arc<BaseCredentials>,
    clock: Arc<StsClock>,
    in_flight: Semaphore,
    budget: Budget,
    standing: Standing,
    metrics: Arc<Metrics>,
    deadline: Duration,
}

impl StsClient {
    /// A client that signs with the key of `base`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`StartError::HttpClient`] when TLS cannot be set up.
    pub fn new(
        settings: StsSettings,
        base: Arc<BaseCredentials>,
        clock: Arc<StsClock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let StsSettings { endpoint, signature, calls_per_second } = settings;
        Ok(Self {
            http: http::client(&endpoint.to_string())?,
            endpoint,
            signature,
            base,
            clock,
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            budget: Budget::new(calls_per_second),
            standing: Standing::default(),
            metrics,
            deadline: DEADLINE,
        })
    }

    /// Asks for a token. Trouble that may pass (network, 5xx, throttling) is retried at most twice, all within 10 s.
    ///
    /// # Errors
    /// [`StsFailure`]: STS's own refusal, or why there is no answer.
    pub async fn assume_role(&self, ask: &AssumeRole) -> Result<AssumedRole, StsFailure> {
        let read = |body: &str| AssumedRole::from_json(body).filter(is_complete);
        self.call(&ask.parameters(), true, read).await
    }

    /// Asks whose key the server's own is, and says in plain words what that means for tokens of `role_arn`.
    pub async fn verdict(&self, role_arn: &str) -> Verdict {
        let outcome = self.call(&caller_identity_parameters(), false, CallerIdentity::from_json).await;
        let key = self.base.get().await.map(|credentials| mask(&credentials.access_key_id)).unwrap_or_default();
        Verdict::new(&outcome, &key, &self.base.source_name(), role_arn, self.clock.ahead())
    }

    /// How the last questions went.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// One question and its deadline; `budgeted` questions count against STS's limit.
    async fn call<T>(
        &self,
        question: &[(String, String)],
        budgeted: bool,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StsFailure> {
        let in_time = tokio::time::timeout(self.deadline, self.attempts(question, budgeted, read)).await;
        let outcome = in_time.unwrap_or_else(|_| {
            Err(StsFailure::Timeout { endpoint: self.endpoint.to_string(), seconds: self.deadline.as_secs() })
        });
        self.standing.note(outcome.as_ref().err());
        outcome
    }

    async fn attempts<T>(
        &self,
        question: &[(String, String)],
        budgeted: bool,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StsFailure> {
        // The semaphore is never closed, so this always waits for a place.
        let _place = self.in_flight.acquire().await.ok();
        let (mut retries, mut clock_corrected, mut key_replaced) = (0, false, false);
        loop {
            if budgeted {
                self.budget.wait_for_a_turn().await.inspect_err(|_| self.metrics.limited("sts"))?;
            }
            let key = self.base.get().await.map_err(|failure| {
                tracing::error!(%failure, "no base credentials");
                StsFailure::NoBaseCredentials(failure)
            })?;
            let ahead = self.clock.ahead();
            let asked = Instant::now();
            let outcome = self.attempt(question, &key, &read).await;
            self.metrics.sts_called(outcome.as_ref().map_or_else(StsFailure::code, |_| "OK"), asked.elapsed());
            match outcome {
                Err(failure) if retries < MAX_RETRIES && failure.is_worth_a_retry() => {
                    tracing::info!(code = failure.code(), retries, "STS is asked again");
                    tokio::time::sleep(pause_before_retry(retries)).await;
                    retries += 1;
                }
                Err(failure) if !clock_corrected && is_about_time(&failure) && self.clock.ahead() != ahead => {
                    clock_corrected = true;
                }
                Err(failure) if !key_replaced && failure.is_about_the_server() && !is_about_time(&failure) => {
                    key_replaced = true;
                    if !self.base.replace(&key.access_key_id).await {
                        return Err(failure);
                    }
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt<T>(
        &self,
        question: &[(String, String)],
        key: &Credentials,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StsFailure> {
        let nonce = http::nonce().map_err(StsFailure::NoRandomness)?;
        let signing = wire::Signing { key, nonce: &nonce, now: self.clock.now() };
        let request = self.http.post(self.endpoint.url(None, None));
        let request = signing.sign(self.signature, question, &self.endpoint, request);
        let response = request.send().await.map_err(|error| self.unreachable(root_cause(&error)))?;
        let status = response.status().as_u16();
        if let Some(date) = wire::date(&response) {
            self.clock.learn(date);
        }
        let body = http::bytes(response, MAX_REPLY_BYTES).await.map_err(|error| match error {
            BodyError::TooLong(_) => self.invalid(status),
            BodyError::Broken(reason) => self.unreachable(reason),
        })?;
        let body = String::from_utf8_lossy(&body);
        if status == 200
            && let Some(answer) = read(&body)
        {
            return Ok(answer);
        }
        let Some(error) = StsError::from_json(status, &body).filter(|_| status >= 300) else {
            return Err(self.invalid(status));
        };
        Err(StsFailure::Refused(without_key_id(error, &key.access_key_id)))
    }

    fn unreachable(&self, reason: String) -> StsFailure {
        StsFailure::Unreachable { endpoint: self.endpoint.to_string(), reason }
    }

    fn invalid(&self, status: u16) -> StsFailure {
        StsFailure::InvalidResponse { endpoint: self.endpoint.to_string(), status }
    }
}

/// `InvalidTimeStamp.Expired`: the clocks are more than 15 minutes apart.
fn is_about_time(failure: &StsFailure) -> bool {
    matches!(failure, StsFailure::Refused(error) if error.code == "InvalidTimeStamp.Expired")
}

/// STS repeats the string that it signed, with the server's own key id in it; apps have no business with that.
fn without_key_id(mut error: StsError, key_id: &str) -> StsError {
    if key_id.len() >= MIN_MASKED_KEY_ID {
        error.message = error.message.replace(key_id, &mask(key_id));
    }
    error
}

/// Fields that are there and empty would reach the phone as a token that signs nothing.
fn is_complete(role: &AssumedRole) -> bool {
    let credentials = &role.credentials;
    !credentials.access_key_id.is_empty()
        && !credentials.access_key_secret.expose().is_empty()
        && credentials.security_token.as_ref().is_some_and(|token| !Secret::expose(token).is_empty())
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
    use crate::base_credentials::Source;

    #[tokio::test]
    async fn an_sts_that_never_answers_is_given_up_at_the_deadline() {
        // Its queue takes the connection, and nobody reads from it.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let key = Credentials::long_term("LTAI5tExampleKeyId00", Secret::new("secret"));
        let base = Arc::new(BaseCredentials::new(Source::Fixed(key), Arc::new(SystemClock)).unwrap());
        let settings = StsSettings {
            endpoint: endpoint.clone(),
            signature: Signature::Rpc,
            calls_per_second: NonZeroU32::new(10).unwrap(),
        };
        let mut client =
            StsClient::new(settings, base, Arc::new(StsClock::new(Arc::new(SystemClock))), Arc::default()).unwrap();
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
        assert!(client.standing().trouble().unwrap().contains("did not answer"));
    }
}
