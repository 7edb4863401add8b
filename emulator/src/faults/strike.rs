//! What struck one request, and how it is carried out: waits, slow bodies, refusals, lies and lost connections.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, Response, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use shared::error::{OssCode, OssError};
use shared::fault::Fault;
use shared::sts::StsError;

use super::link::Link;
use crate::listen::Cut;
use crate::reply;

/// How long what was sent of an answer has to leave before its connection closes.
const LEAVE: Duration = Duration::from_millis(50);

/// What struck one request.
#[derive(Debug, Default)]
pub struct Strike {
    names: Vec<String>,
    wait: Duration,
    links: Vec<Arc<Link>>,
    /// The fault that decides what becomes of it.
    deed: Option<Fault>,
}

impl Strike {
    /// Whether there is room for this fault: one deed a request, and any number that slow it.
    pub(super) fn takes(&self, fault: &Fault) -> bool {
        fault.is_slowness() || self.deed.is_none()
    }

    /// Whether anything struck.
    pub(super) fn is_any(&self) -> bool {
        !self.names.is_empty()
    }

    /// Adds a fault; `link` is the rule's, `chance` draws what is left to chance.
    pub(super) fn add(&mut self, fault: &Fault, link: Option<&Arc<Link>>, chance: u64) {
        let mut name = fault.to_string();
        match fault {
            Fault::Latency { ms, jitter_ms } => {
                let ms = ms.saturating_add(chance.checked_rem(jitter_ms.saturating_add(1)).unwrap_or_default());
                name = format!("{} {ms} ms", fault.name());
                self.wait += Duration::from_millis(ms);
            }
            Fault::Bandwidth { .. } => self.links.extend(link.cloned()),
            Fault::SlowBody { bytes_per_second } => self.links.push(Arc::new(Link::new(*bytes_per_second))),
            deed => self.deed = Some(deed.clone()),
        }
        self.names.push(name);
    }

    /// What struck, for the record.
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Waits as long as the request is to wait.
    pub async fn wait(&self) {
        if !self.wait.is_zero() {
            tokio::time::sleep(self.wait).await;
        }
    }

    /// The request's body, as slow as it is to be, and as long.
    pub fn receive(&self, headers: &HeaderMap, mut body: Body) -> Body {
        if let Some(Fault::Reset { after_bytes }) = self.deed {
            body = cut(body, at(after_bytes, headers));
        }
        self.links.iter().fold(body, |body, link| Arc::clone(link).carry(body))
    }

    /// Whether nothing of the request is to be done, nor answered.
    pub fn drops_before(&self, headers: &HeaderMap) -> Option<Cut> {
        let empty = headers.get(header::TRANSFER_ENCODING).is_none() && length(headers).unwrap_or_default() == 0;
        match self.deed {
            Some(Fault::DropBefore) => Some(Cut::Close),
            Some(Fault::Reset { .. }) if empty => Some(Cut::Reset),
            _ => None,
        }
    }

    /// What is answered in the place of what the operation would have.
    pub fn refusal(&self) -> Option<OssError> {
        match self.deed {
            Some(Fault::ServerError { status }) => Some(server_error(status)),
            // The code is that of OSS's service for traffic; for requests its pages give the EC alone.
            Some(Fault::Throttling) => Some(
                OssError { status: 503, ..OssError::new(OssCode::Other("QpsLimitExceeded".to_owned()), THROTTLED) }
                    .ec("0004-00000302"),
            ),
            Some(Fault::ExpiredToken) => Some(
                OssError::new(OssCode::SecurityTokenExpired, "The security token you provided has expired.")
                    .ec("0002-00000007"),
            ),
            _ => None,
        }
    }

    /// As [`refusal`](Self::refusal), in STS's words.
    pub fn sts_refusal(&self) -> Option<StsError> {
        match self.deed {
            Some(Fault::ServerError { status }) => {
                let message = "The request has failed due to a temporary failure of the server.";
                Some(StsError::new(status, "ServiceUnavailable", message))
            }
            Some(Fault::Throttling) => {
                Some(StsError::new(400, "Throttling.User", "Request was denied due to user flow control."))
            }
            _ => None,
        }
    }

    /// Whether the callback is to fail.
    pub fn callback_fails(&self) -> bool {
        self.deed == Some(Fault::CallbackFailure)
    }

    /// The answer as it leaves.
    ///
    /// # Errors
    /// How the connection ends when no answer leaves.
    pub fn answer(&self, mut response: Response<Body>) -> Result<Response<Body>, Cut> {
        match self.deed {
            Some(Fault::DropAfter) => return Err(Cut::Close),
            // Cut in its middle, or as long as nobody said: reset at its end.
            Some(Fault::Reset { .. }) => return Err(Cut::Reset),
            Some(Fault::WrongEtag) => alter(&mut response, "etag"),
            Some(Fault::WrongCrc) => alter(&mut response, "x-oss-hash-crc64ecma"),
            Some(Fault::Truncate { after_bytes }) => {
                let after = at(after_bytes, response.headers());
                response = response.map(|body| truncated(body, after));
            }
            _ => {}
        }
        if self.links.is_empty() || response.body().size_hint().exact() == Some(0) {
            return Ok(response);
        }
        Ok(response.map(|body| self.links.iter().fold(body, |body, link| Arc::clone(link).carry(body))))
    }
}

const THROTTLED: &str = "The queries per second (QPS) limit is exceeded.";

#[derive(Debug, thiserror::Error)]
#[error("a fault cut it off")]
struct CutOff;

fn server_error(status: u16) -> OssError {
    let (code, message) = match status {
        500 => (OssCode::InternalError, "We encountered an internal error. Please try again."),
        503 => (OssCode::ServiceUnavailable, "Please reduce your request rate."),
        502 => (OssCode::Other("BadGateway".to_owned()), "The gateway got no valid answer."),
        504 => (OssCode::Other("GatewayTimeout".to_owned()), "The gateway got no answer in time."),
        _ => (OssCode::Other("ServerError".to_owned()), "The server has a problem. Please try again."),
    };
    OssError { status, ..OssError::new(code, message) }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Where a body ends that is to end after so many bytes: not later than at its half, if its length is known.
fn at(after_bytes: u64, headers: &HeaderMap) -> u64 {
    length(headers).map_or(after_bytes, |length| after_bytes.min(length / 2))
}

/// At most `after` bytes of a request's body, and an error in the place of the piece that goes beyond.
fn cut(body: Body, after: u64) -> Body {
    let mut left = after;
    Body::from_stream(body.into_data_stream().map(move |piece| {
        let piece = piece?;
        left = left.checked_sub(piece.len() as u64).ok_or_else(|| axum::Error::new(CutOff))?;
        Ok::<Bytes, axum::Error>(piece)
    }))
}

/// The body's first `after` bytes, and then an error, at which the connection closes.
fn truncated(body: Body, after: u64) -> Body {
    let mut left = usize::try_from(after).unwrap_or(usize::MAX);
    let begun = body.into_data_stream().map(move |piece| {
        let mut piece = piece?;
        let whole = piece.len() <= left;
        piece.truncate(left);
        left -= piece.len();
        Ok::<(Bytes, bool), axum::Error>((piece, whole))
    });
    let pieces = begun.flat_map(|piece| match piece {
        Ok((piece, true)) => stream::iter([Ok(piece)]).boxed(),
        Ok((piece, false)) => stream::iter([Ok(piece)]).chain(stream::once(ends())).boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    });
    Body::from_stream(pieces)
}

async fn ends() -> Result<Bytes, axum::Error> {
    tokio::time::sleep(LEAVE).await;
    Err(axum::Error::new(CutOff))
}

/// Changes the last digit of a header's value, if the answer has the header.
fn alter(response: &mut Response<Body>, name: &'static str) {
    let Some(value) = response.headers().get(name).and_then(|value| value.to_str().ok()) else { return };
    let mut value = value.as_bytes().to_vec();
    if let Some(digit) = value.iter_mut().rev().find(|byte| byte.is_ascii_hexdigit()) {
        *digit = if *digit == b'1' { b'2' } else { b'1' };
    }
    reply::set_named(response, name, &String::from_utf8_lossy(&value));
}
