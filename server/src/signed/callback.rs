//! Ready-made callbacks: what `x-oss-callback` must hold, with this server's mark in its address.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::object_key::Prefix;

use crate::config::UploadsSection;
use crate::refusal::Refusal;
use crate::uploads::tag::{TAG_PARAMETER, Tag};

/// What OSS fills in of every upload; the names are those of its documents.
const BODY: &str = "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}&crc64=${crc64}\
     &imageInfo.width=${imageInfo.width}&imageInfo.height=${imageInfo.height}&reqId=${reqId}";

/// The value of `x-oss-callback`, or of the form field or query parameter `callback`: base64 of JSON.
///
/// # Errors
/// [`Refusal`] 501 when the configuration has no `Uploads.CallbackUrl`.
pub fn callback(uploads: Option<&UploadsSection>, identity: &str, prefix: Option<&Prefix>) -> Result<String, Refusal> {
    let configured = uploads.and_then(|uploads| Some((uploads, uploads.callback_url.as_ref()?)));
    let (uploads, url) = configured.ok_or_else(|| {
        let message = "the server vends no callbacks: its configuration has no Uploads.CallbackUrl";
        Refusal::new(axum::http::StatusCode::NOT_IMPLEMENTED, "NoCallbackUrl", message)
    })?;
    let mut url = url.clone();
    if let Some(secret) = &uploads.callback_secret {
        let prefix = prefix.map(ToString::to_string).unwrap_or_default();
        let tag = Tag { identity: identity.to_owned(), prefix }.seal(secret);
        let joint = if url.contains('?') { '&' } else { '?' };
        url = format!("{url}{joint}{TAG_PARAMETER}={tag}");
    }
    let own: String = uploads.callback_vars.iter().map(|name| format!("&{name}=${{x:{name}}}")).collect();
    let callback = json!({
        "callbackUrl": url,
        "callbackBody": format!("{BODY}{own}"),
        "callbackBodyType": "application/x-www-form-urlencoded",
        "callbackSNI": url.starts_with("https://"),
    });
    Ok(STANDARD.encode(callback.to_string()))
}
