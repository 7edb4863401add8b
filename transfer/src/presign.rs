//! URLs that carry their own signature: for a browser, or for whoever has no key.

use std::time::Duration;

use shared::object_key::ObjectKey;
use shared::sign::MAX_PRESIGN_SECONDS;

use crate::error::TransferError;
use crate::http::Http;

/// The one request that a URL is for.
#[derive(Debug, Clone, Copy)]
pub struct Presign<'a> {
    /// `GET`, `PUT`…
    pub method: &'a str,
    /// `None` addresses the bucket.
    pub key: Option<&'a ObjectKey>,
    /// Query parameters, decoded.
    pub query: &'a [(String, String)],
    /// Headers that take part in the signature, and which the request must then carry: `content-type`, `x-oss-*`.
    pub headers: &'a [(String, String)],
}

/// A URL with which anyone may make the one request that it is for, until it expires.
pub(crate) async fn presign(http: &Http, wanted: Presign<'_>, expires: Duration) -> Result<String, TransferError> {
    let seconds = u32::try_from(expires.as_secs()).unwrap_or(u32::MAX);
    if !(1..=MAX_PRESIGN_SECONDS).contains(&i64::from(seconds)) {
        let problem = format!("{seconds} s; it must lie between 1 s and {MAX_PRESIGN_SECONDS} s (7 days)");
        return Err(TransferError::Config { setting: "the life of a presigned URL", problem });
    }
    let credentials = http.provider.credentials().await?;
    http.guard_demo_key(&credentials)?;
    let mut request = http.request(wanted.method, wanted.key);
    request.query.extend_from_slice(wanted.query);
    request.headers.extend_from_slice(wanted.headers);
    http.signer(&credentials).presign(&mut request, seconds);
    http.url(&request).map(String::from)
}
