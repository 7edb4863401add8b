//! `/v1/token`: the token contract's content with true HTTP statuses, for callers that read them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::secret::Secret;
use shared::timefmt;
use shared::token::Grant;
use utoipa::ToSchema;

use super::super::{fresh_json, peer_address};
use super::Refused;
use crate::App;
use crate::grant::{Asked, Planned};
use crate::refusal::Refusal;

/// A token, and where to use it. Times are `YYYY-MM-DDTHH:MM:SSZ`; absent fields are left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Token<'a> {
    access_key_id: &'a str,
    access_key_secret: &'a str,
    security_token: &'a str,
    expiration: String,
    /// Seconds from `ServerTime` to `Expiration`, so that a wrong clock does no harm.
    expires_in: i64,
    server_time: String,
    grant: &'a str,
    identity: &'a str,
    /// The bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<&'a str>,
    /// Its region, without `oss-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    /// Where OSS listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    /// The folder that the token stays in.
    #[serde(skip_serializing_if = "Option::is_none")]
    object_prefix: Option<&'a str>,
    /// The one key that may be written, where the server chose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    object_key: Option<&'a str>,
}

/// A token for what the query and, in a POST, the JSON body ask; neither may contradict the other.
#[utoipa::path(method(get, post), path = "/v1/token", tag = "token", params(Asked), request_body = Option<Asked>, responses(
    (status = 200, description = "The token", body = Token<'static>),
    (status = 400, description = "The question makes no sense", body = Refused),
    (status = 401, description = "There is no good credential", body = Refused),
    (status = 403, description = "The caller may not have this", body = Refused),
    (status = 503, description = "STS is away or throttles; `Retry-After` says for how long", body = Refused),
))]
pub(super) async fn token(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let asked = asked(body)?;
    let vended = app.vend(&head, peer_address(&head), asked).await?;
    Ok((fresh_json(), body_of(&app, &vended.grant()?, &vended.planned)).into_response())
}

/// The question of the body, which may be empty.
fn asked(body: Result<Bytes, BytesRejection>) -> Result<Asked, Refusal> {
    let body = body?;
    if body.is_empty() {
        return Ok(Asked::default());
    }
    let expected = "expected an object with grant, folder, seconds, extension or size";
    serde_json::from_slice(&body).map_err(|_| {
        Refusal::bad_request("InvalidBody", format!("The body is not the JSON that it should be: {expected}."))
    })
}

fn body_of(app: &App, grant: &Grant, planned: &Planned) -> String {
    let (credentials, place) = (&grant.credentials, &grant.place);
    let now = app.now();
    let token = Token {
        access_key_id: &credentials.access_key_id,
        access_key_secret: credentials.access_key_secret.expose(),
        security_token: credentials.security_token.as_ref().map_or("", Secret::expose),
        expiration: credentials.expiration.map(timefmt::iso8601).unwrap_or_default(),
        expires_in: credentials.expiration.map_or(0, |end| (end - now).whole_seconds().max(0)),
        server_time: timefmt::iso8601(now),
        grant: &planned.grant,
        identity: &planned.identity,
        bucket: place.bucket.as_deref(),
        region: place.region.as_deref(),
        endpoint: place.endpoint.as_deref(),
        object_prefix: place.object_prefix.as_deref(),
        object_key: place.object_key.as_deref(),
    };
    serde_json::to_string(&token).unwrap_or_default()
}
