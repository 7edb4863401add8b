//! Outgoing HTTP: one way to make a client and to read an answer, for STS, base credentials, key sets and the login's webhook.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::config::is_loopback;
use crate::error::StartError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where a machine of Alibaba Cloud is told about itself; no proxy knows the way.
pub(crate) const METADATA_HOST: &str = "100.100.100.200";

/// A client for `url` that follows no redirect: what is configured is what is asked. Nothing is sent yet.
///
/// # Errors
/// [`StartError::HttpClient`] when TLS cannot be set up.
pub(crate) fn client(url: &str) -> Result<reqwest::Client, StartError> {
    // An error means that the process has a provider already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("direct-transfer-server/", env!("CARGO_PKG_VERSION")));
    if url.starts_with("http://") {
        // Without redirects no TLS will be spoken, so a machine without root certificates is good enough.
        builder = builder.tls_certs_only([]);
    }
    let is_near = |host: &str| is_loopback(host) || host == METADATA_HOST;
    if reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_near)) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| StartError::HttpClient(root_cause(&error)))
}

/// A URL as a log may show it: user, password, query and fragment may be secrets, and are left out.
pub(crate) fn shown(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        Err(_) => "a URL that cannot be read".to_owned(),
    }
}

/// The innermost reason of an error, such as "Connection refused"; never a URL.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// 128 random bits in hex, such as STS wants with each request.
///
/// # Errors
/// The system's words.
pub(crate) fn nonce() -> Result<String, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than what was asked for can be.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
    /// The connection broke.
    #[error("{0}")]
    Broken(String),
}

/// The body of an answer, of at most `most` bytes.
///
/// # Errors
/// [`BodyError`].
pub(crate) async fn bytes(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Broken(root_cause(&error)))? {
        if body.len() + chunk.len() > most {
            return Err(BodyError::TooLong(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The same as text.
///
/// # Errors
/// Why it cannot be read, for a log.
pub(crate) async fn text(response: reqwest::Response, most: usize) -> Result<String, String> {
    let body = bytes(response, most).await.map_err(|error| error.to_string())?;
    String::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())
}
