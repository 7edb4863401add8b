//! `POST /callback`: OSS tells of an upload, and hands this answer on to the app that made it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::fresh_json;
use crate::App;
use crate::refusal::Refusal;
use crate::uploads::Kept;
use crate::uploads::report::{Callback, ReportError};

/// OSS waits for 5 s (`token-server.md` §5.4).
const BUDGET: Duration = Duration::from_millis(4500);
const RETRY: Duration = Duration::from_secs(5);

/// Answers OSS: exactly 200, with a body of known length, once the upload is kept for good.
pub(super) async fn callback(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let kept = tokio::time::timeout(BUDGET, keep(&app, &head, body)).await;
    let kept =
        kept.unwrap_or_else(|_| Err(Refusal::unavailable("Timeout", "the upload could not be kept in time", RETRY)));
    match kept {
        Ok(kept) => {
            let upload = kept.upload();
            tracing::info!(id = upload.id, verified = upload.verified, "OSS told of an upload");
            (StatusCode::OK, fresh_json(), json!({ "Status": "OK", "Id": upload.id }).to_string()).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn keep(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<Kept, Refusal> {
    let uploads = app.uploads().ok_or_else(super::v1::uploads::not_kept)?;
    let body = body?;
    let settings = app.settings();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let callback = Callback {
        target: head.uri.path_and_query().map_or("/", |target| target.as_str()),
        signature: text("authorization").unwrap_or_default(),
        key_url: text("x-oss-pub-key-url").unwrap_or_default(),
        content_type: text("content-type").unwrap_or_default(),
        bucket: text("x-oss-bucket"),
        body: &body,
    };
    Ok(uploads.take_callback(callback, settings.checks()).await?)
}

impl From<ReportError> for Refusal {
    fn from(error: ReportError) -> Self {
        let message = error.to_string();
        match error {
            ReportError::Signature | ReportError::Key(_) => Self::bad_request("InvalidSignature", message),
            ReportError::Tag => Self::forbidden("InvalidTag", message),
            ReportError::Claims(_) => Self::bad_request("InvalidUpload", message),
            ReportError::OtherBucket => Self::forbidden("OtherBucket", message),
            ReportError::Outside(_) => Self::forbidden("ObjectOutsidePrefix", message),
            ReportError::Absent => Self::new(StatusCode::NOT_FOUND, "NoSuchObject", message),
            ReportError::Differs { .. } => Self::new(StatusCode::CONFLICT, "UploadDiffers", message),
            ReportError::Bucket(_) => Self::unavailable("BucketUnavailable", message, RETRY),
            ReportError::NoBucket => Self::new(StatusCode::NOT_IMPLEMENTED, "PlaceUnknown", message),
            ReportError::Queue(error) => {
                // What it says names folders of this machine.
                tracing::error!(%error, "an upload cannot be kept");
                Self::unavailable(
                    "UploadsUnavailable",
                    "the upload cannot be kept at the moment; tell of it again",
                    RETRY,
                )
            }
        }
    }
}
