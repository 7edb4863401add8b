//! What the app server answered: JSON of a known length, or one of OSS's complaints (`token-server.md` §5.4, §5.5).

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Response, StatusCode};
use serde::de::IgnoredAny;
use shared::error::{OssCode, OssError};

/// The longest answer, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What went wrong at one URL.
#[derive(Debug)]
pub enum Failure {
    /// No connection.
    Connect,
    /// No TLS, or an answer that is no HTTP or breaks off.
    Gateway,
    /// `host:port`, and the time it had.
    Timeout(String, Duration),
    /// Another status than 200.
    Status(u16),
    /// An answer without `Content-Length`, as one in chunks.
    MissingLength,
    /// A `Content-Length` that is zero or no number.
    InvalidLength,
    /// An answer of more than 1 MiB.
    TooLong,
    /// Anything but JSON; a byte order mark is no JSON.
    NotJson,
    /// Too many callbacks are under way.
    TooMany,
}

impl Failure {
    /// In OSS's words.
    pub fn message(&self) -> String {
        match self {
            Self::Connect => "Error status : -1. OSS can not connect to your callbackUrl, please check it.".to_owned(),
            Self::Gateway => "Error status : 502.".to_owned(),
            Self::Timeout(authority, limit) => {
                let ms = limit.as_millis();
                format!("Error status : -1 {authority} reply timeout, cost: {ms} ms, timeout: {ms} ms.")
            }
            Self::Status(status) => format!("Error status : {status}."),
            Self::MissingLength => "Error Status : 400.User server missing content-length.".to_owned(),
            Self::InvalidLength => "Error Status : 400.User server return invalid content-length value.".to_owned(),
            Self::TooLong => "Error Status : 400.User server return too long content-length value.".to_owned(),
            Self::NotJson => "Response body is not valid json format.".to_owned(),
            Self::TooMany => "Too many callback requests.".to_owned(),
        }
    }

    fn ec(&self) -> &'static str {
        match self {
            Self::TooMany => "0007-00000201",
            Self::Timeout(..) => "0007-00000202",
            Self::NotJson => "0007-00000205",
            _ => "0007-00000203",
        }
    }

    /// What a failed exchange means.
    pub fn of(error: &reqwest::Error) -> Self {
        // The first says the URL, which may be called anything.
        if causes(error).skip(1).any(|cause| cause.to_string().contains("content-length")) {
            return Self::InvalidLength; // the HTTP library refuses such an answer itself
        }
        if error.is_connect() && !causes(error).any(is_tls) { Self::Connect } else { Self::Gateway }
    }
}

impl From<Failure> for OssError {
    fn from(failure: Failure) -> Self {
        Self::new(OssCode::CallbackFailed, failure.message()).ec(failure.ec())
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

/// rustls' errors come inside of I/O errors, which leave them out of the chain of causes.
fn is_tls(mut cause: &(dyn Error + 'static)) -> bool {
    while let Some(inside) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inside;
    }
    cause.is::<rustls::Error>()
}

/// The body of a right answer. Its length is known before anything is read, so no more than that is ever held.
pub(super) async fn answer(mut response: Response) -> Result<Bytes, Failure> {
    if response.status() != StatusCode::OK {
        return Err(Failure::Status(response.status().as_u16()));
    }
    let length = response.headers().get(CONTENT_LENGTH).ok_or(Failure::MissingLength)?;
    let length = length.to_str().ok().and_then(|text| text.parse::<usize>().ok()).ok_or(Failure::InvalidLength)?;
    match length {
        0 => return Err(Failure::InvalidLength),
        1..=MAX_BYTES => {}
        _ => return Err(Failure::TooLong),
    }
    let mut body = BytesMut::with_capacity(length);
    while let Some(piece) = response.chunk().await.map_err(|_| Failure::Gateway)? {
        body.extend_from_slice(&piece);
    }
    let text = std::str::from_utf8(&body).map_err(|_| Failure::NotJson)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| Failure::NotJson)?;
    Ok(body.freeze())
}
