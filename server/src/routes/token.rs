//! The token route: HTTP 200 whatever the outcome, because Android never reads the body of an HTTP error.

use std::sync::Arc;
use std::time::Instant;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;

use super::{MAX_BODY_BYTES, REQUEST_TIMEOUT, contract, contract_refusal, method_not_allowed, note};
use crate::App;
use crate::grant::Asked;
use crate::refusal::Refusal;
use crate::serve::Peer;

/// Answers the token contract, by way of the router.
pub(super) async fn routed(State(app): State<Arc<App>>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    token(&app, request, peer).await
}

/// Answers the token contract. A body is read, up to the limit, and ignored, as the samples ignore it.
pub(super) async fn token<B>(app: &App, request: Request<B>, peer: Option<Peer>) -> Response
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let response = match granted(app, &head, body, peer).await {
        Ok(body) => contract(body),
        Err(refusal) => {
            tracing::warn!(code = ?refusal.code, reason = ?refusal.message, "no token");
            contract_refusal(refusal)
        }
    };
    note(app, &head.method, head.uri.path(), response.status().as_u16(), began.elapsed());
    response
}

/// Any other method: refused, counted and logged as on every route.
pub(super) async fn other_method(State(app): State<Arc<App>>, request: Request) -> Response {
    let (began, method) = (Instant::now(), request.method().clone());
    let response = method_not_allowed(method.clone()).await;
    note(&app, &method, request.uri().path(), response.status().as_u16(), began.elapsed());
    response
}

async fn granted<B>(app: &App, head: &Parts, body: B, peer: Option<Peer>) -> Result<Bytes, Refusal>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    if !body.is_end_stream() {
        ignore(Body::new(body)).await?;
    }
    let vended = app.vend(head, peer.map(Peer::address), Asked::default()).await?;
    Ok(app.body_of(&vended))
}

/// Reads a body to its end, or to the limits of length and time.
async fn ignore(body: Body) -> Result<(), Refusal> {
    let refused = |why: &str| Refusal::bad_request("InvalidBody", format!("{why}: ask with GET, or send no body."));
    match tokio::time::timeout(REQUEST_TIMEOUT, to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(refused(&format!("The body cannot be read ({error})"))),
        Err(_) => Err(refused("The body did not arrive in time")),
    }
}
