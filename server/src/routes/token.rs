//! The token route: HTTP 200 whatever the outcome, because Android never reads the body of an HTTP error.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::request::Parts;
use axum::response::Response;
use shared::token::TokenReply;

use super::{contract, peer_address};
use crate::App;
use crate::refusal::Refusal;

/// Answers the token contract. A body is read, up to the limit, and ignored, as the samples ignore it.
pub(super) async fn token(State(app): State<Arc<App>>, head: Parts, body: Result<Bytes, BytesRejection>) -> Response {
    contract(match granted(&app, &head, body).await {
        Ok(reply) => reply,
        Err(refusal) => {
            tracing::warn!(code = ?refusal.code, reason = ?refusal.message, "no token");
            refusal.into_reply()
        }
    })
}

async fn granted(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<TokenReply, Refusal> {
    body.map_err(|rejection| {
        Refusal::bad_request("InvalidBody", format!("{}: ask with GET, or send no body.", rejection.body_text()))
    })?;
    let vended = app.vend(head, peer_address(head), None).await?;
    Ok(TokenReply::Granted(vended.grant))
}
