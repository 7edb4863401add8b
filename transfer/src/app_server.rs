//! Asks the app server: a token by one bare GET (`token-server.md` §2.1), and its records of uploads; bounded in time and size.

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::Value;
use shared::secret::Secret;
use shared::token::{Grant, TokenReply};

use crate::error::{NoRecords, TransferError};
use crate::http::{heads, transport};
use crate::observer::{Event, ExchangeId, Observer, Peer};
use crate::records::{self, RecordPage};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest answer to a question for a token that is read, in bytes.
const MAX_TOKEN: usize = 1024 * 1024;
/// The largest page of records that is read, in bytes: one hundred take 64 KiB, and with all the values that an app may add 7 MiB.
const MAX_RECORDS: usize = 8 * 1024 * 1024;

/// An app server, by its token route.
#[derive(Debug)]
pub(crate) struct AppServer {
    url: Url,
    client: reqwest::Client,
    /// Shown as `Authorization: Bearer`, where the app server wants to know who asks.
    bearer: Option<Secret>,
    /// Host and port, for messages.
    host: String,
}

/// A GET of the app server.
struct Ask {
    operation: &'static str,
    url: Url,
    /// The largest answer, in bytes.
    limit: usize,
}

/// An answer of the app server, as a whole.
struct Told {
    status: u16,
    body: String,
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
        let ask = Ask { operation: "GetToken", url: self.url.clone(), limit: MAX_TOKEN };
        observer.emit(Event::TokenRequested { url: self.shown(&ask.url) });
        self.told(observer, &ask, token_of).await
    }

    /// A page of the records of uploads under `prefix`, newest first, behind `cursor`.
    pub(crate) async fn records(
        &self,
        observer: &Observer,
        prefix: &str,
        cursor: Option<&str>,
    ) -> Result<RecordPage, TransferError> {
        let (url, signed) = records::url_of(&self.url, prefix, cursor);
        let ask = Ask { operation: "ListUploads", url, limit: MAX_RECORDS };
        let mut page = self.told(observer, &ask, |told| page_of(told, signed)).await?;
        // A signed URL could not say under what.
        page.records.retain(|record| record.key.starts_with(prefix));
        Ok(page)
    }

    /// Asks, reads the answer by `read`, and tells the observer of it all.
    async fn told<T>(
        &self,
        observer: &Observer,
        ask: &Ask,
        read: impl FnOnce(&Told) -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        let (exchange, began) = (ExchangeId::next(), Instant::now());
        let outcome = self.exchange(observer, exchange, ask, began).await.and_then(|told| read(&told));
        let elapsed = began.elapsed();
        observer.emit(match &outcome {
            Ok(_) => Event::ResponseDone { exchange, elapsed },
            Err(error @ TransferError::NoRecords(_)) => {
                refused_event(exchange, elapsed, error.code(), &error.to_string())
            }
            Err(TransferError::Token { code, message } | TransferError::AppServer { code, message }) => {
                refused_event(exchange, elapsed, code, message)
            }
            Err(error) => Event::ExchangeBroken { exchange, elapsed, reason: error.to_string() },
        });
        outcome
    }

    async fn exchange(
        &self,
        observer: &Observer,
        exchange: ExchangeId,
        ask: &Ask,
        began: Instant,
    ) -> Result<Told, TransferError> {
        let mut request = self.client.get(ask.url.clone());
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer.expose());
        }
        let request = request.build().map_err(|error| self.broken(&error))?;
        let (peer, operation, method) = (Peer::AppServer, ask.operation, "GET");
        let (url, headers) = (self.shown(&ask.url), heads::shown(request.headers()));
        observer.emit(Event::RequestSent { exchange, peer, operation, key: None, method, url, headers });
        let mut response = self.client.execute(request).await.map_err(|error| self.broken(&error))?;
        let status = response.status().as_u16();
        let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        observer.emit(Event::ResponseReceived {
            exchange,
            peer,
            operation,
            status,
            request_id: request_id.unwrap_or_default().to_owned(),
            headers: heads::shown(response.headers()),
            elapsed: began.elapsed(),
        });
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > ask.limit {
                return Err(TransferError::TooLarge {
                    size: body.len() as u64,
                    limit: ask.limit as u64,
                    way: "the app server's answer",
                    instead: "the URL of its token route",
                });
            }
        }
        Ok(Told { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// A URL without its query and userinfo, which may identify the user.
    fn shown(&self, url: &Url) -> String {
        format!("{}://{}{}", url.scheme(), self.host, url.path())
    }

    fn broken(&self, error: &reqwest::Error) -> TransferError {
        if error.is_timeout() && !error.is_connect() {
            return TransferError::Timeout { host: self.host.clone(), seconds: TOTAL_TIMEOUT.as_secs_f64() };
        }
        transport::broken(&self.host, error)
    }
}

fn token_of(told: &Told) -> Result<Grant, TransferError> {
    if !is_success(told.status) {
        let (code, message) = refusal(told);
        return Err(TransferError::Token { code, message });
    }
    match TokenReply::parse(&told.body)? {
        TokenReply::Granted(grant) => Ok(grant),
        TokenReply::Refused { error_code, error_message } => {
            Err(TransferError::Token { code: error_code, message: error_message })
        }
    }
}

/// The page in an answer. Other app servers know nothing of records, and may answer any path with a page for people or a token.
fn page_of(told: &Told, signed: bool) -> Result<RecordPage, TransferError> {
    if is_success(told.status) {
        return RecordPage::parse(&told.body, signed).ok_or(TransferError::NoRecords(NoRecords::NoRoute));
    }
    let (code, message) = refusal(told);
    Err(match told.status {
        404 | 405 => TransferError::NoRecords(NoRecords::NoRoute),
        501 if code == records::NOT_KEPT => TransferError::NoRecords(NoRecords::NotKept),
        _ => TransferError::AppServer { code, message },
    })
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn refused_event(exchange: ExchangeId, elapsed: Duration, code: &str, message: &str) -> Event {
    let (code, message) = (code.to_owned(), message.to_owned());
    Event::ResponseRefused { exchange, elapsed, code, ec: String::new(), message, details: Vec::new() }
}

/// Code and message in an answer whose HTTP status is no success, as our server and some sample servers send it.
fn refusal(told: &Told) -> (String, String) {
    let status = told.status;
    let fields: Value = serde_json::from_str(&told.body).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let otherwise = || format!("the app server answered HTTP {status}; check the token URL and the app server's log");
    (text("ErrorCode").unwrap_or_else(|| format!("Http{status}")), text("ErrorMessage").unwrap_or_else(otherwise))
}
