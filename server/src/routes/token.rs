//! The token route: HTTP 200 whatever the outcome, because Android never reads the body of an HTTP error.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;

use super::{MAX_BODY_BYTES, contract, contract_refusal, peer_address};
use crate::App;
use crate::refusal::Refusal;

/// Answers the token contract. A body is read, up to the limit, and ignored, as the samples ignore it.
pub(super) async fn token(State(app): State<Arc<App>>, request: Request) -> Response {
    match granted(&app, request).await {
        Ok(body) => contract(body),
        Err(refusal) => {
            tracing::warn!(code = ?refusal.code, reason = ?refusal.message, "no token");
            contract_refusal(refusal)
        }
    }
}

async fn granted(app: &App, request: Request) -> Result<Bytes, Refusal> {
    let (head, body) = request.into_parts();
    if !body.is_end_stream() {
        ignore(body).await?;
    }
    Ok(app.vend(&head, peer_address(&head), None).await?.body())
}

async fn ignore(body: Body) -> Result<(), Refusal> {
    let read = to_bytes(body, MAX_BODY_BYTES).await;
    read.map(drop).map_err(|error| {
        Refusal::bad_request(
            "InvalidBody",
            format!("The body cannot be read ({error}): ask with GET, or send no body."),
        )
    })
}
