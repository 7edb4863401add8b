//! Presigned URLs (V4): one request each, for whoever holds the URL, until it ends.

use serde::Serialize;
use shared::credentials::Credentials;
use shared::sign::{Request, SignVersion, Signer};
use shared::timefmt;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::Place;

/// A URL, and how to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Presigned {
    /// `GET`, `HEAD` or `PUT`.
    pub method: String,
    /// Holds a signature: whoever has it may make the request.
    pub url: String,
    /// The headers to send with it, which are part of the signature.
    pub headers: BTreeMap<String, String>,
    /// The object that it is for.
    pub object: String,
    /// When it ends: `2017-12-12T07:49:09Z`.
    pub expiration: String,
}

/// What a URL is for.
#[derive(Debug, Clone, Copy)]
pub struct Purpose<'a> {
    /// `GET`, `HEAD` or `PUT`.
    pub method: &'a str,
    /// The object.
    pub object: &'a str,
    /// The Content-Type that the sender must send.
    pub content_type: Option<&'a str>,
    /// An IMG process, such as `image/resize,w_200`.
    pub process: Option<&'a str>,
    /// A callback that the sender can neither leave out nor change.
    pub callback: Option<&'a str>,
}

/// Signs a URL with `credentials`; it lives `seconds`, and no longer than its token.
pub fn presign(
    place: &Place,
    credentials: &Credentials,
    purpose: Purpose<'_>,
    seconds: u32,
    now: OffsetDateTime,
) -> Presigned {
    let seconds = within_token(credentials, seconds, now);
    let mut request = Request::new(purpose.method, Some(place.bucket.as_str()), Some(purpose.object));
    let mut headers = BTreeMap::new();
    if let Some(content_type) = purpose.content_type {
        request = request.with_header("content-type", content_type);
        headers.insert("Content-Type".to_owned(), content_type.to_owned());
    }
    for (name, value) in [("x-oss-process", purpose.process), ("callback", purpose.callback)] {
        if let Some(value) = value {
            request = request.with_param(name, value);
        }
    }
    let signer = Signer { credentials, region: place.region.as_str(), version: SignVersion::V4, now };
    signer.presign(&mut request, seconds);
    let base = place.endpoint.url(Some(&place.bucket), Some(purpose.object));
    Presigned {
        method: purpose.method.to_owned(),
        url: format!("{base}?{}", request.query_string()),
        headers,
        object: purpose.object.to_owned(),
        expiration: timefmt::iso8601(now + Duration::seconds(i64::from(seconds))),
    }
}

/// `seconds`, or what is left of the token's life.
pub(super) fn within_token(credentials: &Credentials, seconds: u32, now: OffsetDateTime) -> u32 {
    let left = credentials.expiration.map_or(i64::from(seconds), |end| (end - now).whole_seconds().max(1));
    u32::try_from(left).map_or(seconds, |left| left.min(seconds))
}
