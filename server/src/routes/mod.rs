//! The routes of the app server, and what every one of them shares: the body limit, the time limit and the request log.

mod token;
mod v1;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use shared::token::TokenReply;

use crate::App;
use crate::serve::Peer;

/// The path that messages recommend.
pub const TOKEN_PATH: &str = "/sts";
/// Where tokens are asked for: `/` in the Java, Node and Ruby samples, `/sts` in ali-oss's example, `/sts/getsts` in the
/// samples of the Android and iOS SDKs.
const TOKEN_PATHS: [&str; 3] = ["/", TOKEN_PATH, "/sts/getsts"];
/// No route needs a body; a POST may have one.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Longer than the deadline of STS, so that it cuts off slow senders alone.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Every route of the app server.
pub fn router(app: Arc<App>) -> Router {
    let token = get(token::token).post(token::token);
    TOKEN_PATHS
        .iter()
        .fold(Router::new(), |router, path| router.route(path, token.clone()))
        .route("/v1/token", get(v1::token).post(v1::token))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(limited_and_logged))
        .with_state(app)
}

/// Logs path, status and time. The query is left out, for it may hold a caller's credentials.
async fn limited_and_logged(request: Request, next: Next) -> Response {
    let (started, method, path) = (Instant::now(), request.method().clone(), request.uri().path().to_owned());
    let response = match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        // Only the body of a token request is waited for.
        Err(_) => contract(TokenReply::Refused {
            error_code: "RequestTimeout".to_owned(),
            error_message: "The request did not arrive in time.".to_owned(),
        }),
    };
    let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
    tracing::info!(%method, path, status, ms, "request");
    response
}

async fn not_found() -> Response {
    let message = format!("Ask for a token at {}.", TOKEN_PATHS.join(", "));
    refusal(StatusCode::NOT_FOUND, "NotFound", &message)
}

async fn method_not_allowed(method: Method) -> Response {
    let message = format!("{method} is not allowed here: use GET or POST.");
    refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", &message)
}

/// The address that the connection comes from.
fn peer_address(head: &Parts) -> Option<IpAddr> {
    head.extensions.get::<Peer>().map(|peer| peer.0.ip())
}

/// An answer of the token contract: HTTP 200 whatever the outcome.
fn contract(reply: TokenReply) -> Response {
    (fresh_json(), reply.to_json()).into_response()
}

/// A refusal outside the token contract, in its form; here the HTTP status and `StatusCode` agree.
fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "StatusCode": status.as_u16(), "ErrorCode": code, "ErrorMessage": message });
    (status, fresh_json(), body.to_string()).into_response()
}

/// The headers of every answer. iOS fetches tokens through a caching session, so no answer may be stored.
fn fresh_json() -> [(header::HeaderName, &'static str); 3] {
    [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")]
}
