//! The token route: HTTP 200 whatever the outcome, because Android never reads the body of an HTTP error.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};

use super::{fresh_json, refusal};
use crate::App;

/// Answers the token contract. A body is read, up to the limit, and ignored, as the samples ignore it.
pub(super) async fn token(State(app): State<Arc<App>>, body: Result<Bytes, BytesRejection>) -> Response {
    if let Err(rejection) = body {
        return refusal(rejection.status(), "InvalidBody", &rejection.body_text());
    }
    (fresh_json(), app.token().await.to_json()).into_response()
}
