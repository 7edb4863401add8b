//! `/snapshot`, `/snapshots`, `/restore` and `/reset` on the control port: the store of buckets and objects kept, brought back, emptied.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::Control;
use crate::store::{BucketRecord, SnapshotError, SnapshotName, Store, StoreError, run, to_ms};

/// The routes.
pub fn routes() -> Router<Control> {
    Router::new()
        .route("/snapshot", post(take))
        .route("/snapshots", get(list))
        .route("/snapshots/{name}", delete(forget))
        .route("/restore", post(restore))
        .route("/reset", post(reset))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// `POST /snapshot {"name"}`: keeps the store as it is now; 201, 409 when the name is taken.
async fn take(State(control): State<Control>, Json(named): Json<Named>) -> Response {
    let now_ms = to_ms(control.world.clock.now());
    with_name(&control, &named.name, StatusCode::CREATED, move |store, name| {
        store.take_snapshot(name, now_ms).map(|snapshot| json!(snapshot))
    })
    .await
}

/// `GET /snapshots`: all of them, by name.
async fn list(State(control): State<Control>) -> Response {
    match run(&control.world.store, Store::snapshots).await {
        Ok(snapshots) => Json(json!({ "snapshots": snapshots })).into_response(),
        Err(error) => failed(&error),
    }
}

/// `POST /restore {"name"}`: the store is what it was, in one step; 404 without such a snapshot.
async fn restore(State(control): State<Control>, Json(named): Json<Named>) -> Response {
    let world = Arc::clone(&control.world);
    with_name(&control, &named.name, StatusCode::OK, move |store, name| {
        store.restore_snapshot(name)?;
        world.sweeps.forget();
        Ok(json!({ "restored": true }))
    })
    .await
}

/// `DELETE /snapshots/NAME`: 200; 404 without such a snapshot.
async fn forget(State(control): State<Control>, Path(name): Path<String>) -> Response {
    with_name(&control, &name, StatusCode::OK, |store, name| {
        store.delete_snapshot(name).map(|()| json!({ "deleted": true }))
    })
    .await
}

/// `POST /reset`: all buckets are gone but the first one, which is empty again. Snapshots stay.
async fn reset(State(control): State<Control>) -> Response {
    let (bucket, now_ms) = (control.first_bucket, to_ms(control.world.clock.now()));
    let world = Arc::clone(&control.world);
    let done = run(&control.world.store, move |store| {
        store.reset(&bucket, &BucketRecord::new(now_ms))?;
        world.sweeps.forget();
        Ok(())
    })
    .await;
    match done {
        Ok(()) => Json(json!({ "reset": true })).into_response(),
        Err(error) => failed(&error),
    }
}

async fn with_name(
    control: &Control,
    name: &str,
    success: StatusCode,
    work: impl FnOnce(&Store, &SnapshotName) -> Result<serde_json::Value, SnapshotError> + Send + 'static,
) -> Response {
    let Some(name) = SnapshotName::parse(name) else {
        let error = "expected as name 1 to 64 letters, digits, '-', '_' or '.', not beginning with a dot";
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    };
    let done = run(&control.world.store, move |store| Ok(work(store, &name))).await;
    let error = match done {
        Ok(Ok(value)) => return (success, Json(value)).into_response(),
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    };
    let status = match &error {
        SnapshotError::Exists => StatusCode::CONFLICT,
        SnapshotError::Missing => StatusCode::NOT_FOUND,
        SnapshotError::Store(error) => return failed(error),
    };
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}

fn failed(error: &StoreError) -> Response {
    tracing::error!("{error}");
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))).into_response()
}
