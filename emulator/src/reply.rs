//! Answers as OSS gives them: XML bodies, errors, and the headers that every answer has (`oss-rest.md` §2.1).

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::error::{OssCode, OssError};
use shared::timefmt;
use time::OffsetDateTime;

use crate::store::StoreError;

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An XML answer, 200.
pub fn xml(body: String) -> Response<Body> {
    typed("application/xml", body.into())
}

/// An answer of some type, 200, its length known.
pub fn typed(content_type: &str, body: bytes::Bytes) -> Response<Body> {
    let length = body.len();
    let mut response = Response::new(Body::from(body));
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    response
}

/// Sets a header; a value that HTTP cannot carry is left out.
pub fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}

/// As [`set`], for a name that comes from a record.
pub fn set_named(response: &mut Response<Body>, name: &str, value: &str) {
    if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
        set(response, name, value);
    }
}

/// `ETag`, in its quotes.
pub fn set_etag(response: &mut Response<Body>, etag: &str) {
    set(response, header::ETAG, &format!("\"{etag}\""));
}

/// `x-oss-hash-crc64ecma`, an unsigned decimal.
pub fn set_crc64(response: &mut Response<Body>, crc64: u64) {
    set_named(response, "x-oss-hash-crc64ecma", &crc64.to_string());
}

/// The answer to a request that is refused. A HEAD has no body, so its error goes into `x-oss-err`, where the SDKs look for it.
pub fn refusal(error: &OssError, head: bool) -> Response<Body> {
    let xml = error.to_xml();
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if status == StatusCode::NOT_MODIFIED {
        empty(status)
    } else if head {
        let mut response = empty(status);
        set_named(&mut response, "x-oss-err", &STANDARD.encode(xml));
        response
    } else {
        let mut response = self::xml(xml);
        *response.status_mut() = status;
        response
    };
    if let Some(ec) = &error.ec {
        set_named(&mut response, "x-oss-ec", ec);
    }
    response
}

/// The headers that every answer has. `Date` is the emulator's time: SDKs correct their clocks by it.
pub fn finish(response: &mut Response<Body>, request_id: &str, now: OffsetDateTime, milliseconds: u128) {
    set(response, header::SERVER, "AliyunOSS");
    set(response, header::DATE, &timefmt::http_date(now));
    set_named(response, "x-oss-request-id", request_id);
    set_named(response, "x-oss-server-time", &milliseconds.to_string());
}

/// A failure of the machine: the person who runs the emulator reads the reason in its log, the client reads that it is not its fault.
pub fn internal(error: &StoreError) -> OssError {
    tracing::error!("{error}");
    OssError::new(OssCode::InternalError, "We encountered an internal error. Please try again.")
}

impl From<StoreError> for crate::ops::Failure {
    fn from(error: StoreError) -> Self {
        internal(&error).into()
    }
}
