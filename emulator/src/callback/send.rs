//! Sending a callback: a signed POST to each URL until one answers as it must (`token-server.md` §5.2, §5.4, §5.5).

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use shared::error::OssError;
use shared::sign::callback;
use shared::timefmt;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::SetupError;
use super::answer::{Failure, answer};
use super::key::CallbackKey;
use super::plan::Plan;
use super::variables::Facts;

/// How long each URL has, from connecting to the last byte of its answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How many callbacks are under way at once; each may hold one answer.
const MAX_UNDER_WAY: usize = 256;

/// Sends callbacks, signed with the emulator's key.
#[derive(Debug)]
pub struct Caller {
    key: CallbackKey,
    key_url: String,
    http: Client,
    /// Without and with the server's name in the handshake. Made when first needed: root certificates take a while to load.
    https: [OnceLock<Option<Client>>; 2],
    under_way: Semaphore,
}

impl Caller {
    /// A caller whose public key is served at `key_url`.
    ///
    /// # Errors
    /// [`SetupError::Client`] when the HTTP client cannot be set up.
    pub fn new(key: CallbackKey, key_url: &str) -> Result<Self, SetupError> {
        // An error means that the process has a provider already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            key,
            key_url: STANDARD.encode(key_url),
            http: client().tls_certs_only([]).build()?,
            https: [OnceLock::new(), OnceLock::new()],
            under_way: Semaphore::new(MAX_UNDER_WAY),
        })
    }

    /// The public key that belongs at the key's URL, in PEM.
    pub fn public_key_pem(&self) -> &str {
        self.key.public_key_pem()
    }

    /// Asks the URLs of `plan` in order, up to 5 s each, and returns the body of the first right answer: JSON of at most 1 MiB.
    /// For an upload that is done; whatever comes of this, the object stays.
    ///
    /// # Errors
    /// `CallbackFailed` (HTTP 203) with what was wrong at the last URL.
    pub async fn run(&self, plan: &Plan, facts: &Facts, now: OffsetDateTime) -> Result<Bytes, OssError> {
        self.run_within(plan, facts, now, TIME_LIMIT).await
    }

    pub(super) async fn run_within(
        &self,
        plan: &Plan,
        facts: &Facts,
        now: OffsetDateTime,
        limit: Duration,
    ) -> Result<Bytes, OssError> {
        let Ok(_place) = self.under_way.try_acquire() else {
            return Err(Failure::TooMany.into());
        };
        let body = Bytes::from(plan.body(facts));
        let mut failure = Failure::Connect;
        for url in plan.urls() {
            let asking = self.ask(plan, facts, url, body.clone(), now);
            failure = match tokio::time::timeout(limit, asking).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Timeout(authority(url), limit),
            };
            // The path may hold a secret of the app server.
            tracing::info!(request_id = facts.request_id, "callback to {}: {}", authority(url), failure.message());
        }
        Err(failure.into())
    }

    async fn ask(
        &self,
        plan: &Plan,
        facts: &Facts,
        url: &Url,
        body: Bytes,
        now: OffsetDateTime,
    ) -> Result<Bytes, Failure> {
        let headers = self.headers(plan, facts, url, &body, now)?;
        let client = if url.scheme() == "https" { self.https(plan.sni())? } else { &self.http };
        let request = client.post(url.clone()).headers(headers).body(body);
        answer(request.send().await.map_err(|error| Failure::of(&error))?).await
    }

    fn headers(
        &self,
        plan: &Plan,
        facts: &Facts,
        url: &Url,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<HeaderMap, Failure> {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", url.path());
        let signature = self.key.sign(&callback::text(&target, body)).map_err(|error| {
            tracing::error!("a callback could not be signed: {error}");
            Failure::Gateway
        })?;
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: &str| {
            // A value that HTTP cannot carry is left out.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(CONNECTION, "close");
        set(CONTENT_TYPE, plan.content_type());
        set(HeaderName::from_static("content-md5"), &STANDARD.encode(fast_md5::digest(body)));
        set(DATE, &timefmt::http_date(now));
        set(AUTHORIZATION, &signature);
        set(HeaderName::from_static("x-oss-pub-key-url"), &self.key_url);
        set(HeaderName::from_static("x-oss-bucket"), &facts.bucket);
        set(HeaderName::from_static("x-oss-request-id"), &facts.request_id);
        if let Some(requester) = &facts.requester {
            set(HeaderName::from_static("x-oss-requester"), requester);
        }
        set(HeaderName::from_static("x-oss-signature-version"), "1.0");
        set(HeaderName::from_static("x-oss-tag"), "CALLBACK");
        if let Some(host) = plan.host() {
            headers.insert(HOST, host.clone());
        }
        Ok(headers)
    }

    fn https(&self, sni: bool) -> Result<&Client, Failure> {
        let [without, with] = &self.https;
        let made = if sni { with } else { without }.get_or_init(|| {
            let built = client().tls_sni(sni).build();
            built
                .inspect_err(|error| {
                    tracing::error!("no HTTPS for callbacks: {error}; are root certificates installed?")
                })
                .ok()
        });
        made.as_ref().ok_or(Failure::Gateway)
    }
}

fn client() -> reqwest::ClientBuilder {
    Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent("aliyun-oss-callback")
}

/// `host:port` of a URL.
fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, caller, facts, simple};
    use super::*;

    #[tokio::test]
    async fn no_more_than_so_many_are_under_way() {
        let caller = caller();
        let _all = caller.under_way.try_acquire_many(u32::try_from(MAX_UNDER_WAY).unwrap()).unwrap();
        let error = caller.run(&simple("127.0.0.1:1"), &facts(), NOW).await.unwrap_err();
        assert_eq!((error.status, error.message.as_str()), (203, "Too many callback requests."));
        assert_eq!(error.ec.as_deref(), Some("0007-00000201"));
    }
}
