//! `/v1/token`: the token contract's content with true HTTP statuses, for callers that read them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::secret::Secret;
use shared::timefmt;
use shared::token::GrantPlace;

use super::{fresh_json, peer_address};
use crate::grant::Asked;
use crate::refusal::Refusal;
use crate::{App, Vended};

/// The body of a token. Times are `YYYY-MM-DDTHH:MM:SSZ`; absent fields are left out.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Token<'a> {
    access_key_id: &'a str,
    access_key_secret: &'a str,
    security_token: &'a str,
    expiration: String,
    /// Seconds from `ServerTime` to `Expiration`, so that a wrong clock does no harm.
    expires_in: i64,
    server_time: String,
    grant: &'a str,
    identity: &'a str,
    #[serde(flatten)]
    place: &'a GrantPlace,
}

/// A token for what the query or, in a POST, the JSON body asks.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let asked = asked(body)?;
    let vended = app.vend(&head, peer_address(&head), asked).await?;
    Ok((fresh_json(), body_of(&app, &vended)).into_response())
}

/// The question of the body; `None` without a body.
fn asked(body: Result<Bytes, BytesRejection>) -> Result<Option<Asked>, Refusal> {
    let body = body.map_err(|rejection| Refusal::bad_request("InvalidBody", rejection.body_text()))?;
    if body.is_empty() {
        return Ok(None);
    }
    let expected = "expected an object with grant, folder, seconds, extension or size";
    serde_json::from_slice(&body).map(Some).map_err(|_| {
        Refusal::bad_request("InvalidBody", format!("The body is not the JSON that it should be: {expected}."))
    })
}

fn body_of(app: &App, vended: &Vended) -> String {
    let (credentials, planned) = (&vended.grant.credentials, &vended.planned);
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
        place: &vended.grant.place,
    };
    serde_json::to_string(&token).unwrap_or_default()
}

impl IntoResponse for Refusal {
    /// The refusal with its own status, `Retry-After` where waiting helps, and how to authenticate where that is missing.
    fn into_response(self) -> Response {
        tracing::warn!(code = ?self.code, reason = ?self.message, "no token");
        let mut response = super::refusal(self.status, &self.code, &self.message);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
