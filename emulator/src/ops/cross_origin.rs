//! What a bucket's CORS and referer settings do to requests: the preflight, the headers of ordinary answers, the referer's gate.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use shared::error::OssError;
use shared::sign::Request;

use super::Failure;
use crate::authenticate::Caller;
use crate::oss::Call;
use crate::reply;
use crate::settings::cors::{self, Cors, CorsHeaders};
use crate::settings::referer::Referers;
use crate::store::BucketRecord;

fn rules(bucket: &BucketRecord) -> Option<Cors> {
    bucket.settings.get("cors").and_then(|text| Cors::parse(text).ok())
}

/// `OPTIONS /bucket/key`, unsigned.
pub fn preflight(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let rules = rules(&*call.bucket_record()?);
    let header = |name| call.request.header(name);
    let (method, headers) = (header("access-control-request-method"), header("access-control-request-headers"));
    let allowed = cors::preflight(rules.as_ref(), header("origin"), method, headers)?;
    let mut response = reply::empty(StatusCode::OK);
    set(&mut response, &allowed);
    Ok(response)
}

/// Adds to any answer what a rule of the bucket allows the page that asked.
pub fn mark(bucket: &BucketRecord, request: &Request, response: &mut Response<Body>) {
    let Some(rules) = rules(bucket) else {
        return;
    };
    if rules.response_vary {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = request.header("origin") else {
        return;
    };
    if request.method != "OPTIONS"
        && let Some(allowed) = rules.actual(origin, &request.method)
    {
        set(response, &allowed);
    }
}

fn set(response: &mut Response<Body>, allowed: &CorsHeaders) {
    for (name, value) in allowed.pairs() {
        reply::set_named(response, name, &value);
    }
}

/// Lets a request through by its referer: only strangers and presigned URLs are asked, for a program that signs its headers is no page.
///
/// # Errors
/// 403 `AccessDenied`.
pub fn check_referer(caller: &Caller<'_>, request: &Request, bucket: &BucketRecord) -> Result<(), OssError> {
    let asked = matches!(caller, Caller::Anonymous) || request.header("authorization").is_none();
    match bucket.settings.get("referer") {
        Some(text) if asked => Referers::parse(text)?.admit(request.header("referer")),
        _ => Ok(()),
    }
}
