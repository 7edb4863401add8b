//! URLs that carry their own signature: for a browser, or for whoever has no key.

use std::time::Duration;

use shared::object_key::ObjectKey;
use shared::sign::MAX_PRESIGN_SECONDS;

use crate::error::TransferError;
use crate::http::Http;

/// A URL with which anyone may make the one request that it is for, until it expires.
pub(crate) async fn presign(
    http: &Http,
    method: &str,
    key: &ObjectKey,
    process: Option<&str>,
    expires: Duration,
) -> Result<String, TransferError> {
    let seconds = u32::try_from(expires.as_secs()).unwrap_or(u32::MAX);
    if !(1..=MAX_PRESIGN_SECONDS).contains(&i64::from(seconds)) {
        let problem = format!("{seconds} s; it must lie between 1 s and {MAX_PRESIGN_SECONDS} s (7 days)");
        return Err(TransferError::Config { setting: "the life of a presigned URL", problem });
    }
    let credentials = http.provider.credentials().await?;
    http.guard_demo_key(&credentials)?;
    let mut request = http.request(method, Some(key));
    if let Some(process) = process {
        request = request.with_param("x-oss-process", process);
    }
    http.signer(&credentials).presign(&mut request, seconds);
    http.url(&request).map(String::from)
}
