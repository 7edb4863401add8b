//! Outgoing HTTP: one way to make a client, for STS, key sets and the login's webhook.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::config::is_loopback;
use crate::error::StartError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
    if reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_loopback)) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| StartError::HttpClient(root_cause(&error)))
}

/// The innermost reason of an error, such as "Connection refused"; never a URL.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The body of an answer, of at most `most` bytes.
///
/// # Errors
/// Why it cannot be read, for a log.
pub(crate) async fn text(mut response: reqwest::Response, most: usize) -> Result<String, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| root_cause(&error))? {
        if body.len() + chunk.len() > most {
            return Err(format!("the answer has more than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())
}
