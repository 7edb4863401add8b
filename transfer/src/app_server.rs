//! Asks the app server for a token: one bare GET (`token-server.md` §2.1), bounded in time and size.

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::Value;
use shared::secret::Secret;
use shared::token::{Grant, TokenReply};

use crate::error::TransferError;
use crate::http::{heads, transport};
use crate::observer::{Event, ExchangeId, Observer, Peer};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest answer that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The token route of an app server.
#[derive(Debug)]
pub(crate) struct AppServer {
    url: Url,
    client: reqwest::Client,
    /// Shown as `Authorization: Bearer`, where the app server wants to know who asks.
    bearer: Option<Secret>,
    /// Host and port, for messages.
    host: String,
}

impl AppServer {
    /// Checks the URL; connects to nothing.
    pub(crate) fn new(url: &str, bearer: Option<Secret>) -> Result<Self, TransferError> {
        let fail = |problem: &str| TransferError::Config { setting: "the token URL", problem: problem.to_owned() };
        let url = Url::parse(url.trim()).map_err(|error| fail(&format!("it is no URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(fail("it must begin with http:// or https:// and name a host"));
        }
        let builder = transport::builder(&url, CONNECT_TIMEOUT).timeout(TOTAL_TIMEOUT);
        Ok(Self { client: transport::build(builder)?, host: transport::authority(&url), url, bearer })
    }

    /// Fetches a token.
    pub(crate) async fn ask(&self, observer: &Observer) -> Result<Grant, TransferError> {
        observer.emit(Event::TokenRequested { url: self.shown_url() });
        let (exchange, began) = (ExchangeId::next(), Instant::now());
        let outcome = self.exchange(observer, exchange, began).await;
        let elapsed = began.elapsed();
        observer.emit(match &outcome {
            Ok(_) => Event::ResponseDone { exchange, elapsed },
            Err(TransferError::Token { code, message }) => Event::ResponseRefused {
                exchange,
                elapsed,
                code: code.clone(),
                ec: String::new(),
                message: message.clone(),
                details: Vec::new(),
            },
            Err(error) => Event::ExchangeBroken { exchange, elapsed, reason: error.to_string() },
        });
        outcome
    }

    async fn exchange(
        &self,
        observer: &Observer,
        exchange: ExchangeId,
        began: Instant,
    ) -> Result<Grant, TransferError> {
        let mut request = self.client.get(self.url.clone());
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer.expose());
        }
        let request = request.build().map_err(|error| self.broken(&error))?;
        let (peer, operation, method) = (Peer::AppServer, "GetToken", "GET");
        let (url, headers) = (self.shown_url(), heads::shown(request.headers()));
        observer.emit(Event::RequestSent { exchange, peer, operation, key: None, method, url, headers });
        let mut response = self.client.execute(request).await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        observer.emit(Event::ResponseReceived {
            exchange,
            peer,
            operation,
            status: status.as_u16(),
            request_id: request_id.unwrap_or_default().to_owned(),
            headers: heads::shown(response.headers()),
            elapsed: began.elapsed(),
        });
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(TransferError::TooLarge {
                    size: body.len() as u64,
                    limit: MAX_BODY as u64,
                    way: "the app server's answer",
                    instead: "the URL of its token route",
                });
            }
        }
        let body = String::from_utf8_lossy(&body);
        if !status.is_success() {
            return Err(refused(status.as_u16(), &body));
        }
        match TokenReply::parse(&body)? {
            TokenReply::Granted(grant) => Ok(grant),
            TokenReply::Refused { error_code, error_message } => {
                Err(TransferError::Token { code: error_code, message: error_message })
            }
        }
    }

    /// The URL without its query and userinfo, which may identify the user.
    fn shown_url(&self) -> String {
        format!("{}://{}{}", self.url.scheme(), self.host, self.url.path())
    }

    fn broken(&self, error: &reqwest::Error) -> TransferError {
        if error.is_timeout() && !error.is_connect() {
            return TransferError::Timeout { host: self.host.clone(), seconds: TOTAL_TIMEOUT.as_secs_f64() };
        }
        transport::broken(&self.host, error)
    }
}

/// The reason in an answer whose HTTP status is no success, as some sample servers send it.
fn refused(status: u16, body: &str) -> TransferError {
    let fields: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    TransferError::Token {
        code: text("ErrorCode").unwrap_or_else(|| format!("Http{status}")),
        message: text("ErrorMessage").unwrap_or_else(|| {
            format!("the app server answered HTTP {status}; check the token URL and the app server's log")
        }),
    }
}
