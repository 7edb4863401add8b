//! The HTTP client underneath: HTTP/1.1, ring for TLS, no redirects, no proxy on this machine; and what its errors mean.

use std::error::Error;
use std::sync::Once;
use std::time::Duration;

use reqwest::{ClientBuilder, Url};

use crate::error::TransferError;

static PROVIDER: Once = Once::new();

/// A builder for requests to `url`'s host.
///
/// For plain http no root certificates are loaded: a small container may have none, and then the platform's verifier fails.
pub(crate) fn builder(url: &Url, connect_timeout: Duration) -> ClientBuilder {
    // An application that has installed a provider of its own keeps it.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("direct-transfer/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout);
    if url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    }
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    builder
}

/// Builds the client.
pub(crate) fn build(builder: ClientBuilder) -> Result<reqwest::Client, TransferError> {
    builder.build().map_err(|error| TransferError::Config {
        setting: "the HTTP client",
        problem: format!("{}; check that the system's root certificates are installed", root_cause(&error)),
    })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `host` or `host:port` of a URL, for messages: never its query, which may hold a token.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a failed exchange with `host` means.
pub(crate) fn broken(host: &str, error: &reqwest::Error) -> TransferError {
    let (host, reason) = (host.to_owned(), root_cause(error));
    if error.is_connect() {
        TransferError::Connect { host, reason }
    } else {
        TransferError::Interrupted { host, reason }
    }
}

/// The innermost cause: `Connection refused` rather than `error sending request`. Holds no URL.
fn root_cause(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else {
        return if error.is_timeout() { "no answer in time".to_owned() } else { "the request failed".to_owned() };
    };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_has_its_provider_and_plain_http_needs_no_roots() {
        for url in ["https://oss-cn-hangzhou.aliyuncs.com/", "http://127.0.0.1:1/"] {
            let url = Url::parse(url).unwrap();
            // A machine without root certificates is told so; nothing panics for want of a provider.
            if let Err(error) = build(builder(&url, Duration::from_secs(1))) {
                assert!(url.scheme() == "https" && error.to_string().contains("root certificates"), "{url}: {error}");
            }
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://127.0.0.1:9000/", true),
            ("http://[::1]:9000/", true),
            ("http://localhost/", true),
            ("http://192.168.1.2/", false),
            ("https://oss-cn-hangzhou.aliyuncs.com/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
