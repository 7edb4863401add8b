//! The token route: HTTP 200 whatever the outcome, because Android never reads the body of an HTTP error.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use shared::token::TokenReply;

use super::contract;
use crate::App;

/// Answers the token contract. A body is read, up to the limit, and ignored, as the samples ignore it.
pub(super) async fn token(State(app): State<Arc<App>>, body: Result<Bytes, BytesRejection>) -> Response {
    contract(match body {
        Ok(_) => app.token().await,
        Err(rejection) => TokenReply::Refused {
            error_code: "InvalidBody".to_owned(),
            error_message: format!("{}: ask with GET, or send no body.", rejection.body_text()),
        },
    })
}
