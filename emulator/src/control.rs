//! The control port: the decision stream, the accounts, the clock, faults and snapshots. It asks for no key, so it answers only those who sit at this machine.

mod accounts;
mod clock;
mod faults;
mod snapshots;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use shared::clock::SkewedClock;
use tokio::sync::broadcast::error::RecvError;

use crate::oss::World;

/// What the control port governs.
#[derive(Debug, Clone)]
pub struct Control {
    /// The world.
    pub world: Arc<World>,
    /// Its clock.
    pub clock: Arc<SkewedClock>,
    /// With HTTPS, the certificate that clients are to trust.
    pub ca_pem: Option<String>,
    /// The bucket that a reset leaves.
    pub first_bucket: String,
}

/// The routes of the control port.
pub fn router(control: Control) -> Router {
    Router::new()
        .route("/decisions", get(decisions))
        .route("/accounts", get(accounts::show).put(accounts::put))
        .route("/clock", get(clock::show).post(clock::set))
        .route("/faults", get(faults::show).put(faults::set).delete(faults::clear))
        .route("/callback_pub_key.pem", get(callback_key))
        .route("/ca.pem", get(ca_pem))
        .merge(snapshots::routes())
        .layer(middleware::from_fn(refuse_browsers))
        .with_state(control)
}

/// A page on the web can make a browser send requests to loopback, but not without `Origin`, nor under a name of ours.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let local = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok();
    if !local || request.headers().contains_key(header::ORIGIN) {
        let error = json!({ "error": "the control port answers local programs only: no Origin header, and an address or localhost as Host" });
        return (StatusCode::FORBIDDEN, Json(error)).into_response();
    }
    next.run(request).await
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

/// `GET /decisions?after=SEQUENCE&limit=N`: a page as JSON, or, to a client that accepts `text/event-stream`, what is kept and then what comes.
async fn decisions(State(control): State<Control>, Query(query): Query<PageQuery>, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/event-stream") {
        return follow(&control.world, query.after).into_response();
    }
    let page = control.world.recorder.page(query.after, query.limit.unwrap_or(1000).clamp(1, 1000));
    let next = page.last().map_or(query.after, |decision| decision.sequence);
    Json(json!({ "decisions": page.iter().map(|decision| &**decision).collect::<Vec<_>>(), "next": next }))
        .into_response()
}

fn follow(world: &Arc<World>, after: u64) -> impl IntoResponse + use<> {
    // Subscribed before the page is read: what comes in between is in both, and told once.
    let live = world.recorder.follow();
    let kept = world.recorder.page(after, usize::MAX);
    let start = (world.clone(), kept.into_iter().collect::<std::collections::VecDeque<_>>(), live, after);
    let events = stream::unfold(start, |(world, mut kept, mut live, mut last)| async move {
        loop {
            if let Some(decision) = kept.pop_front() {
                if decision.sequence <= last {
                    continue;
                }
                last = decision.sequence;
                let event = Event::default().id(last.to_string()).json_data(&*decision).unwrap_or_default();
                return Some((Ok::<_, Infallible>(event), (world, kept, live, last)));
            }
            match live.recv().await {
                Ok(decision) => kept.push_back(decision),
                Err(RecvError::Lagged(_)) => kept = world.recorder.page(last, usize::MAX).into(),
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// `GET /callback_pub_key.pem`: what verifies the signature of a callback.
async fn callback_key(State(control): State<Control>) -> Response {
    let pem = control.world.callbacks.public_key_pem().to_owned();
    ([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response()
}

/// `GET /ca.pem`: what a client of OSS and STS is to trust, if they are served over TLS.
async fn ca_pem(State(control): State<Control>) -> Response {
    match control.ca_pem {
        Some(pem) => ([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "HTTPS is off; start with --https" }))).into_response(),
    }
}
