//! `/accounts` on the control port: who there is, and another set of them in its place.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Control;
use crate::accounts::{Accounts, DocumentError, MAX_DOCUMENT};

/// `GET /accounts`: the accounts in force, as one document; secrets are `***`.
pub async fn show(State(control): State<Control>) -> Json<Value> {
    Json(control.world.accounts.snapshot().masked())
}

/// `PUT /accounts`: the document takes the place of the accounts in force, whole and at once, and is kept in the data
/// folder if one was named. 400 with `path`, `found`, `expected` when it is wrong; nothing has changed then.
pub async fn put(State(control): State<Control>, body: Body) -> Response {
    let Ok(body) = to_bytes(body, MAX_DOCUMENT).await else {
        let error = format!("the document was cut off, or has more than {MAX_DOCUMENT} bytes");
        return refused(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": error }));
    };
    let accounts = match Accounts::parse(&body) {
        Ok(accounts) => accounts,
        Err(error) => return wrong(&error),
    };
    let world = control.world.clone();
    let replaced = tokio::task::spawn_blocking(move || world.accounts.replace(accounts)).await;
    let failure = match replaced {
        Ok(Ok(accounts)) => return Json(accounts.masked()).into_response(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!("accounts could not be kept: {failure}");
    let error = format!("the accounts could not be kept, so nothing has changed: {failure}");
    refused(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": error }))
}

fn wrong(error: &DocumentError) -> Response {
    let DocumentError { path, found, expected } = error;
    let body = json!({ "error": error.to_string(), "path": path, "found": found, "expected": expected });
    refused(StatusCode::BAD_REQUEST, &body)
}

fn refused(status: StatusCode, body: &Value) -> Response {
    (status, Json(body)).into_response()
}
