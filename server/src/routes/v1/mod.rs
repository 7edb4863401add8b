//! The REST form under `/v1`: true HTTP statuses, described by an OpenAPI document that is made from these handlers.

mod page;
mod token;
pub(super) mod uploads;
mod vend;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Refused, fresh_json};
use crate::App;
use crate::refusal::Refusal;

#[derive(OpenApi)]
#[openapi(info(
    title = "Direct Transfer",
    description = "What apps ask of their app server. Who asks is known by the credential of an identity provider, in the header \
        `Authorization` or as the server's configuration says. Refusals have the body `Refused`."
))]
struct Description;

/// The routes below `/v1`, with their description and its page.
pub(super) fn router(app: Arc<App>) -> axum::Router {
    let described = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(token::token))
        .routes(routes!(uploads::list, uploads::report))
        .routes(routes!(uploads::reconcile))
        .routes(routes!(vend::presign))
        .routes(routes!(vend::upload_form))
        .routes(routes!(vend::callback))
        .routes(routes!(vend::sign))
        .with_state(app);
    let (router, description) = described.split_for_parts();
    page::with_description(router, &description)
}

/// An answer in JSON that nobody may store.
fn answer<T: Serialize>(status: StatusCode, body: &T) -> Response {
    (status, fresh_json(), serde_json::to_string(body).unwrap_or_default()).into_response()
}

/// Reads a body of JSON, whatever type it is sent as.
fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Refusal> {
    serde_json::from_slice(&body?)
        .map_err(|error| Refusal::bad_request("InvalidBody", format!("the body is not what is asked for: {error}")))
}
