//! One request to OSS: signed, sent, its answer read, and all of that again when it may help.

pub(crate) mod answer;
mod call;
pub(crate) mod connecting;
pub(crate) mod heads;
pub(crate) mod payload;
pub(crate) mod sink;
pub(crate) mod transport;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use shared::clock::Clock;
use shared::credentials::{Credentials, may_send_to};
use shared::object_key::ObjectKey;
use shared::region::key_path;
use shared::secret::mask;
use shared::sign::{Request, Signer};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::config::ClientConfig;
use crate::credentials::Provider;
use crate::error::TransferError;
use crate::observer::{Event, ExchangeId, Observer, Peer};
use crate::pace::Pace;
use crate::retry::{self, Budget, Remedy};

use answer::Reply;
pub(crate) use call::Call;
use connecting::Connecting;
use payload::Sent;
use sink::Sink;

/// What every operation needs: settings, credentials, connections, and the limit on concurrent requests.
pub(crate) struct Http {
    pub(crate) config: ClientConfig,
    pub(crate) provider: Arc<Provider>,
    pub(crate) observer: Observer,
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
    connecting: Connecting,
    permits: Semaphore,
    upload_pace: Arc<Pace>,
    download_pace: Pace,
    /// Host and port that requests go to.
    host: String,
}

/// A failed attempt, with what its remedy needs.
struct Failure {
    error: TransferError,
    /// OSS's time when it refused.
    server_time: Option<OffsetDateTime>,
    /// What the request was signed with.
    credentials: Option<Credentials>,
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        Self { error, server_time: None, credentials: None }
    }
}

/// The most that is read of an answer that is no object: an XML body, or an error.
pub(crate) const MAX_TEXT: u64 = 4 * 1024 * 1024;

impl Http {
    /// Checks the settings; connects to nothing.
    pub(crate) fn new(
        config: ClientConfig,
        provider: Arc<Provider>,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Result<Self, TransferError> {
        config.check()?;
        let base = config.endpoint.url(Some(&config.bucket), None);
        let url = Url::parse(&base)
            .map_err(|error| TransferError::Config { setting: "endpoint", problem: format!("{base}: {error}") })?;
        let connecting = Connecting::default();
        let builder = transport::builder(&url, config.connect_timeout).connector_layer(connecting.clone());
        Ok(Self {
            client: transport::build(builder)?,
            connecting,
            upload_pace: Arc::new(Pace::new(config.max_bytes_per_second)),
            download_pace: Pace::new(config.max_bytes_per_second),
            permits: Semaphore::new(config.max_concurrent_requests.min(Semaphore::MAX_PERMITS)),
            host: transport::authority(&url),
            config,
            provider,
            observer,
            clock,
        })
    }

    /// Changes how many bytes a second may be sent, and received.
    pub(crate) fn set_pace(&self, rate: Option<NonZeroU64>) {
        self.upload_pace.set(rate);
        self.download_pace.set(rate);
    }

    /// The bucket's URL, without a key.
    pub(crate) fn bucket_url(&self) -> String {
        self.config.endpoint.url(Some(&self.config.bucket), None)
    }

    pub(crate) fn bucket(&self) -> &shared::bucket::BucketName {
        &self.config.bucket
    }

    /// The host that requests go to, for errors.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The present moment by OSS's clock, as far as it is known.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now().saturating_add(self.provider.skew())
    }

    /// Sends `call` until it succeeds or nothing helps; the answer's body goes to `sink`.
    pub(crate) async fn send(&self, call: &Call<'_>, sink: &mut Sink<'_>) -> Result<Reply, TransferError> {
        let mut budget = Budget::new(self.config.max_error_retries);
        let mut repetition = 0;
        loop {
            let failure = match self.attempt(call, sink).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let wait = match budget.spend(retry::remedy(&failure.error)) {
                Remedy::None => return Err(failure.error),
                Remedy::Wait => self.back_off(budget.waits()),
                Remedy::CorrectClock => {
                    let Some(server_time) = failure.server_time else { return Err(failure.error) };
                    let ahead = server_time - self.clock.now();
                    self.provider.correct_clock(ahead);
                    self.observer.emit(Event::ClockCorrected { offset_seconds: ahead.whole_seconds() });
                    Duration::ZERO
                }
                Remedy::RefreshToken => {
                    let Some(refused) = &failure.credentials else { return Err(failure.error) };
                    if !self.provider.replace(refused).await? {
                        return Err(failure.error);
                    }
                    Duration::ZERO
                }
            };
            repetition += 1;
            let reason = failure.error.to_string();
            self.observer.emit(Event::Retrying { operation: call.operation, attempt: repetition, wait, reason });
            tokio::time::sleep(wait).await;
        }
    }

    /// As [`send`](Self::send), for answers whose body is nothing or a small text.
    pub(crate) async fn send_small(&self, call: &Call<'_>) -> Result<Reply, TransferError> {
        self.send(call, &mut Sink::memory(MAX_TEXT)).await
    }

    fn back_off(&self, waits: u32) -> Duration {
        // Without randomness there is no jitter, but still a wait.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        retry::back_off(self.config.retry_base_wait, self.config.retry_max_wait, waits, random)
    }

    async fn attempt(&self, call: &Call<'_>, sink: &mut Sink<'_>) -> Result<Reply, Failure> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await.map_err(|_| TransferError::Cancelled)?;
        let credentials = self.provider.credentials().await?;
        let sent = Sent::new(call.progress.clone());
        let (exchange, began) = (ExchangeId::next(), Instant::now());
        let outcome = self.exchange(exchange, call, &credentials, &sent, sink).await;
        self.tell_end(exchange, began.elapsed(), outcome.as_ref().err().map(|failure| &failure.error), &credentials);
        outcome.map_err(|failure| {
            sent.take_back();
            Failure { credentials: Some(credentials), ..failure }
        })
    }

    fn tell_end(
        &self,
        exchange: ExchangeId,
        elapsed: Duration,
        error: Option<&TransferError>,
        credentials: &Credentials,
    ) {
        self.observer.emit(match error {
            None => Event::ResponseDone { exchange, elapsed },
            Some(TransferError::Oss(error)) => Event::ResponseRefused {
                exchange,
                elapsed,
                code: error.code.as_str().to_owned(),
                ec: error.ec.clone().unwrap_or_default(),
                message: error.message.clone(),
                details: heads::details(error, credentials),
            },
            Some(error) => Event::ExchangeBroken { exchange, elapsed, reason: error.to_string() },
        });
    }

    async fn exchange(
        &self,
        exchange: ExchangeId,
        call: &Call<'_>,
        credentials: &Credentials,
        sent: &Arc<Sent>,
        sink: &mut Sink<'_>,
    ) -> Result<Reply, Failure> {
        let request = self.signed(exchange, call, credentials, sent)?;
        let (peer, operation, method) = (Peer::Oss, call.operation, call.method);
        let (url, headers) = (request.url().to_string(), heads::shown(request.headers()));
        let key = call.key.map(|key| key.as_str().to_owned());
        self.observer.emit(Event::RequestSent { exchange, peer, operation, key, method, url, headers });
        let began = Instant::now();
        let mut response = tokio::select! {
            response = self.client.execute(request) => response.map_err(|error| self.broken(sent, &error))?,
            error = self.silence(sent) => return Err(error.into()),
        };
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let request_id = answer::text(&headers, "x-oss-request-id").unwrap_or_default().to_owned();
        let (elapsed, head) = (began.elapsed(), heads::shown(&headers));
        let answered =
            Event::ResponseReceived { exchange, peer, operation, status, request_id, headers: head, elapsed };
        self.observer.emit(answered);
        // OSS reports a failed callback as 203.
        if !response.status().is_success() || status == 203 {
            let body = self.error_body(&mut response).await;
            let server_time = answer::date(&headers);
            let error = answer::refusal(method, status, &headers, &body, &self.host).into();
            return Err(Failure { error, server_time, credentials: None });
        }
        if sent.bytes() != call.payload.len() {
            let reason = "the answer came before the request was over".to_owned();
            return Err(TransferError::Interrupted { host: self.host.clone(), reason }.into());
        }
        let body = self.receive(&mut response, &headers, sent, sink, method).await?;
        let reply = Reply { headers, body, sent_crc: sent.crc() };
        if call.checked {
            reply.check_crc(reply.sent_crc)?;
        }
        Ok(reply)
    }

    async fn receive(
        &self,
        response: &mut reqwest::Response,
        headers: &HeaderMap,
        sent: &Sent,
        sink: &mut Sink<'_>,
        method: &str,
    ) -> Result<bytes::Bytes, TransferError> {
        let expected = answer::number(headers, "content-length").filter(|_| method != "HEAD");
        sink.restart(expected).await?;
        while let Some(chunk) = self.chunk(response).await?.map_err(|error| self.broken(sent, &error))? {
            self.download_pace.take(chunk.len(), || {}).await;
            sink.take(chunk).await?;
        }
        sink.end().await
    }

    /// The next piece of an answer's body, within the socket timeout.
    async fn chunk(
        &self,
        response: &mut reqwest::Response,
    ) -> Result<reqwest::Result<Option<bytes::Bytes>>, TransferError> {
        tokio::time::timeout(self.config.socket_timeout, response.chunk()).await.map_err(|_| self.timeout())
    }

    /// What can be read of an error body; a broken one is used as far as it came.
    async fn error_body(&self, response: &mut reqwest::Response) -> String {
        let mut body = Vec::new();
        while let Ok(Ok(Some(chunk))) = self.chunk(response).await {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > MAX_TEXT {
                break;
            }
        }
        String::from_utf8_lossy(&body).into_owned()
    }

    fn broken(&self, sent: &Sent, error: &reqwest::Error) -> TransferError {
        sent.failure().unwrap_or_else(|| transport::broken(&self.host, error))
    }

    fn timeout(&self) -> TransferError {
        TransferError::Timeout { host: self.host.clone(), seconds: self.config.socket_timeout.as_secs_f64() }
    }

    /// Returns once nothing has been sent for the socket timeout. Making a connection is no silence: it has its own timeout.
    async fn silence(&self, sent: &Sent) -> TransferError {
        loop {
            let last = self.connecting.last().map_or(sent.last(), |connecting| connecting.max(sent.last()));
            let patience = self.config.socket_timeout.saturating_sub(last.elapsed());
            if patience.is_zero() {
                return self.timeout();
            }
            tokio::time::sleep(patience).await;
        }
    }

    fn signed(
        &self,
        exchange: ExchangeId,
        call: &Call<'_>,
        credentials: &Credentials,
        sent: &Arc<Sent>,
    ) -> Result<reqwest::Request, TransferError> {
        self.guard_demo_key(credentials)?;
        let mut request = self.request(call.method, call.key);
        if call.of_service {
            request.bucket = None;
        }
        request.query = call.query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        request.headers = call.headers.clone();
        if !call.unsigned {
            let signed = self.signer(credentials).sign_headers(&mut request);
            let masked = |text: String| heads::masked(&text, credentials);
            self.observer.emit(Event::Signed {
                exchange,
                canonical_request: signed.canonical_request.map(masked),
                string_to_sign: masked(signed.string_to_sign),
            });
        }
        let method = call.method.parse().map_err(|_| config("method", call.method))?;
        let mut out = reqwest::Request::new(method, self.url(&request)?);
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| config("header name", name))?;
            let value =
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| config("header value of", name.as_str()))?;
            out.headers_mut().append(name, value);
        }
        if matches!(call.method, "PUT" | "POST") {
            out.headers_mut().insert("content-length", HeaderValue::from(call.payload.len()));
            *out.body_mut() = Some(call.payload.body(sent, &self.upload_pace));
        }
        Ok(out)
    }

    /// A request to the bucket, for signing.
    pub(crate) fn request(&self, method: &str, key: Option<&ObjectKey>) -> Request {
        Request::new(method, Some(self.config.bucket.as_str()), key.map(ObjectKey::as_str))
    }

    /// Signs with `credentials` at this moment.
    pub(crate) fn signer<'a>(&'a self, credentials: &'a Credentials) -> Signer<'a> {
        let (region, version) = (self.config.region.as_str(), self.config.sign_version);
        Signer { credentials, region, version, now: self.now() }
    }

    /// Refuses to show a demo key to the real cloud.
    pub(crate) fn guard_demo_key(&self, credentials: &Credentials) -> Result<(), TransferError> {
        if may_send_to(&credentials.access_key_id, &self.host) {
            return Ok(());
        }
        let key_id = mask(&credentials.access_key_id);
        Err(TransferError::DemoKeyToRealCloud { key_id, host: self.host.clone() })
    }

    /// The URL of a request, query included.
    pub(crate) fn url(&self, request: &Request) -> Result<Url, TransferError> {
        let path = request.key.as_deref().map(key_path).unwrap_or_default();
        let bucket = request.bucket.as_ref().map(|_| &self.config.bucket);
        let mut text = self.config.endpoint.url(bucket, None);
        text.push_str(&path);
        if !request.query.is_empty() {
            text.push('?');
            text.push_str(&request.query_string());
        }
        let url = Url::parse(&text).map_err(|error| config("object key", &error.to_string()))?;
        if url.path().ends_with(&path) { Ok(url) } else { Err(config("object key", DOTS)) }
    }
}

const DOTS: &str = "a key that consists of dots alone cannot stand in a URL; choose another name";

fn config(setting: &'static str, problem: &str) -> TransferError {
    TransferError::Config { setting, problem: problem.to_owned() }
}
