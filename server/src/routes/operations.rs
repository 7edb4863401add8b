//! For those who run the server: is it alive, does it want requests, and what has it counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::{fresh_json, peer_address, refusal};
use crate::App;
use crate::metrics::CONTENT_TYPE;

/// `/healthz`, `/readyz` and `/metrics`.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}

/// 200 while the process answers at all.
async fn healthz() -> Response {
    (fresh_json(), json!({ "status": "ok" }).to_string()).into_response()
}

/// 200 when tokens can be had, else 503 with the reason in general words; the log has the particular ones. Trouble with STS is
/// looked into anew by this question itself, every few seconds.
async fn readyz(State(app): State<Arc<App>>) -> Response {
    let not_ready = |reason: &str| {
        let body = json!({ "status": "not ready", "reason": reason });
        (StatusCode::SERVICE_UNAVAILABLE, fresh_json(), body.to_string()).into_response()
    };
    if app.draining.load(Ordering::Relaxed) {
        return not_ready("the server is stopping");
    }
    let settings = app.settings();
    let standing = settings.sts.standing();
    if standing.trouble().is_none() {
        return (fresh_json(), ready(&app).to_string()).into_response();
    }
    if standing.take_turn_to_ask() {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.judge_key().await });
    }
    not_ready("STS gives no tokens at the moment; the log says why")
}

/// Tokens can be had. A database that is away takes nothing from that: uploads wait on the disk.
fn ready(app: &App) -> serde_json::Value {
    match app.uploads().map(|uploads| uploads.standing()) {
        None => json!({ "status": "ready" }),
        Some((false, 0)) => json!({ "status": "ready", "uploads": "stored" }),
        Some(_) => json!({ "status": "ready", "uploads": "waiting for their database" }),
    }
}

/// Prometheus's text, for this machine and those whom the configuration names.
async fn metrics(State(app): State<Arc<App>>, head: Parts) -> Response {
    let settings = app.settings();
    let observer = peer_address(&head).is_some_and(|peer| settings.neighbours.is_observer(peer, &head.headers));
    if !observer {
        let message = "Metrics are for this machine alone, and for those in Metrics.AllowedFrom of the configuration.";
        return refusal(StatusCode::FORBIDDEN, "AccessDenied", message);
    }
    let uploads = app.uploads().map(|uploads| uploads.standing()).unwrap_or_default();
    let text = app.metrics.text(app.cache.size(), uploads);
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
