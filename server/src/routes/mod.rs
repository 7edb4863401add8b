//! The routes of the app server, and what every one of them shares: the body limit, the time limit and the request log.

mod callback;
mod operations;
mod token;
mod v1;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::body::Incoming;
use serde::Serialize;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::ToSchema;

use crate::App;
use crate::config::CorsSection;
use crate::refusal::Refusal;
use crate::serve::{Answer, Peer};

/// The path that messages recommend.
pub const TOKEN_PATH: &str = "/sts";
/// Where tokens are asked for: `/` in the Java, Node and Ruby samples, `/sts` in ali-oss's example, `/sts/getsts` in the
/// samples of the Android and iOS SDKs.
const TOKEN_PATHS: [&str; 3] = ["/", TOKEN_PATH, "/sts/getsts"];
/// Where OSS tells of uploads.
const CALLBACK_PATH: &str = "/callback";
/// The longest body of any route: a report of an upload with 64 values of 1 KiB would not fit, and is none.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Longer than the deadlines of STS and of an issuer's keys together, so that it cuts off slow senders alone.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a browser remembers that it may ask.
const CORS_MAX_AGE: Duration = Duration::from_secs(600);

/// Every route of the app server.
#[derive(Debug, Clone)]
pub struct Routes {
    app: Arc<App>,
    router: Router,
    /// Whether tokens go out by the shortest way: a third of a token from the cache would be what the router and its layers cost.
    straight: bool,
}

impl Answer for Routes {
    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response {
        let asks = matches!(*request.method(), Method::GET | Method::POST);
        match self.straight && asks && TOKEN_PATHS.contains(&request.uri().path()) {
            true => token::token(&self.app, request, Some(peer)).await,
            false => self.router.answer(request, peer).await,
        }
    }

    fn is_shared(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback() || self.app.settings().neighbours.is_proxy(address)
    }
}

/// Every route of the app server.
pub fn router(app: Arc<App>) -> Routes {
    let others = Router::new()
        .merge(operations::routes())
        .route(CALLBACK_PATH, post(callback::callback))
        .with_state(Arc::clone(&app))
        .merge(v1::router(Arc::clone(&app)))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(&app), limited_and_logged));
    let token = get(token::routed).post(token::routed).fallback(token::other_method).with_state(Arc::clone(&app));
    let router = TOKEN_PATHS.iter().fold(others, |router, path| router.route(path, token.clone()));
    match &app.settings().config.cors {
        Some(section) => Routes { router: router.layer(cors(section)), straight: false, app: Arc::clone(&app) },
        None => Routes { router, straight: true, app: Arc::clone(&app) },
    }
}

/// Lets the pages of `section` ask from a browser.
fn cors(section: &CorsSection) -> CorsLayer {
    let origins = &section.allowed_origins;
    let allowed = match origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(CORS_MAX_AGE)
}

/// What a path is counted as: strangers make up any number of them.
fn label(path: &str) -> &'static str {
    match path {
        _ if TOKEN_PATHS.contains(&path) => "token",
        "/healthz" | "/readyz" | "/metrics" => "operations",
        CALLBACK_PATH => "callback",
        _ if path == "/v1" || path.starts_with("/v1/") => "v1",
        _ => "other",
    }
}

/// Counts and logs path, status and time; a line for each success only at the level debug. The query is left out, for it may hold a caller's credentials.
async fn limited_and_logged(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (started, method, uri) = (Instant::now(), request.method().clone(), request.uri().clone());
    let response = match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = "the request did not arrive in time";
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message).into_response()
        }
    };
    note(&app, &method, uri.path(), response.status().as_u16(), started.elapsed());
    response
}

/// Counts a request and logs it.
fn note(app: &App, method: &Method, path: &str, status: u16, took: Duration) {
    app.metrics.answered(label(path), status, took);
    let ms = took.as_millis();
    match status {
        200..400 => tracing::debug!(%method, path, status, ms, "request"),
        _ => tracing::info!(%method, path, status, ms, "request"),
    }
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
    head.extensions.get::<Peer>().copied().map(Peer::address)
}

/// An answer of the token contract.
fn contract(body: Bytes) -> Response {
    (fresh_json(), body).into_response()
}

/// A refusal in the token contract: HTTP 200 all the same.
fn contract_refusal(refusal: Refusal) -> Response {
    let wait = refusal.retry_after;
    let mut response = contract(refusal.into_reply().to_json().into());
    if let Some(wait) = wait {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        response.headers_mut().insert(header::RETRY_AFTER, u64::try_from(seconds).unwrap_or(u64::MAX).into());
    }
    response
}

/// The body of a refusal; the HTTP status says the same.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    /// The HTTP status.
    status_code: u16,
    /// What a program may act on.
    error_code: String,
    /// What a person reads.
    error_message: String,
}

/// A refusal outside the token contract, in its form; here the HTTP status and `StatusCode` agree.
pub(crate) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = Refused { status_code: status.as_u16(), error_code: code.to_owned(), error_message: message.to_owned() };
    (status, fresh_json(), serde_json::to_string(&body).unwrap_or_default()).into_response()
}

/// The headers of every answer. iOS fetches tokens through a caching session, so no answer may be stored.
fn fresh_json() -> [(header::HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ]
}
