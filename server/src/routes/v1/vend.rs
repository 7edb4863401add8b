//! What `/v1` vends beside tokens: presigned URLs, upload forms, callbacks and signatures.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use shared::object_key::ObjectKey;
use utoipa::ToSchema;

use super::super::peer_address;
use super::{Refused, answer, read};
use crate::App;
use crate::config::VendSection;
use crate::error::StsFailure;
use crate::grant::{Asked, Planned};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::signed::callback::callback as ready_made;
use crate::signed::post_policy::{Rules, UploadForm};
use crate::signed::presign::{Presigned, Purpose};
use crate::signed::{Place, may, post_policy, presign as signing, self_sign};

/// The one request that a URL is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PresignAsk {
    /// `GET`, `HEAD` or `PUT`.
    #[schema(example = "PUT")]
    method: String,
    /// The object's key, within the caller's folder; absent where the server chooses it.
    object: Option<String>,
    /// The Content-Type that will be sent with a PUT.
    content_type: Option<String>,
    /// An IMG process for a GET, such as `image/resize,w_200`.
    process: Option<String>,
    /// Seconds; at most `Vend.MaxSeconds`, and no longer than the token lives.
    expires_seconds: Option<u32>,
    /// Whether OSS shall tell this server of the upload, which the holder of the URL cannot prevent.
    #[serde(default)]
    callback: bool,
    /// The named grant to use.
    grant: Option<String>,
    /// The extension of the file, where the server chooses the key.
    extension: Option<String>,
    /// The size of the file in bytes, where the server chooses the key.
    size: Option<u64>,
}

/// A URL with which anyone may make one request.
#[utoipa::path(post, path = "/v1/presign", tag = "vend", request_body = PresignAsk, responses(
    (status = 200, description = "The URL, and the headers to send", body = Presigned),
    (status = 400, description = "The question makes no sense", body = Refused),
    (status = 403, description = "The grant does not allow it", body = Refused),
    (status = 501, description = "The server vends no URLs", body = Refused),
))]
pub(super) async fn presign(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &presigned(&app, &head, body).await?))
}

async fn presigned(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<Presigned, Refusal> {
    let settings = app.settings();
    let section = section(&settings)?;
    let ask: PresignAsk = read(body)?;
    let invalid = |message: &str| Refusal::bad_request("InvalidAsk", message);
    let action = match ask.method.as_str() {
        "GET" | "HEAD" => "oss:GetObject",
        "PUT" => "oss:PutObject",
        _ => return Err(invalid("Method must be GET, HEAD or PUT")),
    };
    if ask.method != "PUT" && (ask.callback || ask.content_type.is_some()) {
        return Err(invalid("Callback and ContentType go with PUT alone"));
    }
    if ask.method == "PUT" && ask.process.is_some() {
        return Err(invalid("Process goes with GET alone"));
    }
    if ask.content_type.as_ref().is_some_and(|text| !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())) {
        return Err(invalid("ContentType must look like image/jpeg"));
    }
    let asked = Asked { grant: ask.grant, extension: ask.extension, size: ask.size, ..Asked::default() };
    let vended = app.vend(head, peer_address(head), asked).await?;
    let place = Place::of(&vended.planned.place)?;
    let object = object(ask.object, &vended.planned)?;
    may(&vended.planned, action, &place.bucket, &object)?;
    let callback = ask.callback.then(|| callback_for(&settings, &vended.planned)).transpose()?;
    let purpose = Purpose {
        method: &ask.method,
        object: &object,
        content_type: ask.content_type.as_deref(),
        process: ask.process.as_deref(),
        callback: callback.as_deref(),
    };
    let seconds = seconds(ask.expires_seconds, section)?;
    Ok(signing::presign(&place, &vended.grant()?.credentials, purpose, seconds, app.now()))
}

/// What a form may upload.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct FormAsk {
    /// The object's key, within the caller's folder; `${filename}` in it stands for the name of the file. Absent where the
    /// server chooses it.
    #[schema(example = "users/alice/${filename}")]
    object: Option<String>,
    /// The Content-Types allowed, of those that the server allows.
    #[serde(default)]
    content_types: Vec<String>,
    /// The least size in bytes.
    #[serde(default)]
    min_bytes: u64,
    /// The greatest size in bytes; at most `Vend.MaxBytes`.
    max_bytes: Option<u64>,
    /// Seconds; at most `Vend.MaxSeconds`, and no longer than the token lives.
    expires_seconds: Option<u32>,
    /// Whether OSS shall tell this server of the upload, which the sender of the form cannot prevent.
    #[serde(default)]
    callback: bool,
    /// The named grant to use.
    grant: Option<String>,
    /// The extension of the file, where the server chooses the key.
    extension: Option<String>,
    /// The size of the file in bytes, where the server chooses the key.
    size: Option<u64>,
}

/// A form with which a browser may upload one file.
#[utoipa::path(post, path = "/v1/post-policy", tag = "vend", request_body = FormAsk, responses(
    (status = 200, description = "Where the form goes, and its fields", body = UploadForm),
    (status = 400, description = "The question makes no sense", body = Refused),
    (status = 403, description = "The grant does not allow it", body = Refused),
    (status = 501, description = "The server vends no forms", body = Refused),
))]
pub(super) async fn upload_form(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &form(&app, &head, body).await?))
}

async fn form(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<UploadForm, Refusal> {
    let settings = app.settings();
    let section = section(&settings)?;
    let ask: FormAsk = read(body)?;
    let invalid = |message: &str| Refusal::bad_request("InvalidAsk", message);
    let chosen = settings.config.object_key.as_ref().and_then(|keys| keys.max_bytes);
    let most = chosen.map_or(section.max_bytes, |max| max.min(section.max_bytes));
    let max = ask.max_bytes.unwrap_or(most);
    if max > most || ask.min_bytes > max {
        return Err(invalid(&format!("MaxBytes must be at most {most}, and MinBytes at most MaxBytes")));
    }
    let content_types = if ask.content_types.is_empty() { &section.content_types } else { &ask.content_types };
    let allowed = |name: &String| section.content_types.is_empty() || section.content_types.contains(name);
    if let Some(name) = content_types.iter().find(|name| !allowed(name)) {
        return Err(Refusal::forbidden("ContentTypeNotAllowed", format!("the server does not allow {name}")));
    }
    let asked = Asked { grant: ask.grant, extension: ask.extension, size: ask.size, ..Asked::default() };
    let vended = app.vend(head, peer_address(head), asked).await?;
    let place = Place::of(&vended.planned.place)?;
    let object = object(ask.object, &vended.planned)?;
    // The policy of the form lets through what begins like this; the token's own policy is asked by OSS again.
    let fixed = object.split("${filename}").next().unwrap_or_default();
    may(&vended.planned, "oss:PutObject", &place.bucket, fixed)?;
    let callback = ask.callback.then(|| callback_for(&settings, &vended.planned)).transpose()?;
    let rules = Rules { object: &object, content_types, size: (ask.min_bytes, max), callback: callback.as_deref() };
    let seconds = seconds(ask.expires_seconds, section)?;
    Ok(post_policy::upload_form(&place, &vended.grant()?.credentials, rules, seconds, app.now()))
}

/// Headers for an upload by an SDK.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallbackHeaders {
    /// Base64 of JSON, to be sent as it is.
    #[serde(rename = "x-oss-callback")]
    callback: String,
}

/// The header that makes OSS tell this server of an upload.
#[utoipa::path(get, path = "/v1/callback", tag = "vend", responses(
    (status = 200, description = "The header", body = CallbackHeaders),
    (status = 501, description = "The server vends no callbacks", body = Refused),
))]
pub(super) async fn callback(State(app): State<Arc<App>>, head: Parts) -> Result<Response, Refusal> {
    let settings = app.settings();
    let home = settings.grants.home(&app.asker(&settings, &head, peer_address(&head)).await?)?;
    let callback = ready_made(settings.config.uploads.as_ref(), &home.identity, home.prefix.as_ref())?;
    Ok(answer(StatusCode::OK, &CallbackHeaders { callback }))
}

/// A text to be signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SignAsk {
    /// What the SDK hands to `signContent`: OSS's V1 text.
    content: String,
}

/// A signature.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Signed {
    /// The value of the header `Authorization`.
    authorization: String,
}

/// Signs one request for an SDK that holds no key. Off unless the server's configuration has `Vend.SelfSigning`.
#[utoipa::path(post, path = "/v1/sign", tag = "vend", request_body = SignAsk, responses(
    (status = 200, description = "The signature", body = Signed),
    (status = 400, description = "The text cannot be read", body = Refused),
    (status = 403, description = "The request is not the caller's to make", body = Refused),
    (status = 501, description = "The server does not sign", body = Refused),
))]
pub(super) async fn sign(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let authorization = signed(&app, &head, body).await?;
    Ok(answer(StatusCode::OK, &Signed { authorization }))
}

async fn signed(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<String, Refusal> {
    let settings = app.settings();
    if !section(&settings)?.self_signing {
        let message = "this server does not sign for others: its configuration has no Vend.SelfSigning";
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "SigningOff", message));
    }
    let asker = app.asker(&settings, head, peer_address(head)).await?;
    let planned = settings.grants.plan(&asker, &Asked::from_query(head.uri.query())?)?;
    let ask: SignAsk = read(body)?;
    let place = Place::of(&planned.place)?;
    let key = settings.base.get().await.map_err(|failure| {
        tracing::error!(%failure, "no key to sign with");
        StsFailure::NoBaseCredentials(failure)
    })?;
    if key.security_token.is_some() {
        let message = "V1 texts are signed with a long-term key, and this server's own key is temporary";
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "NoSigningKey", message));
    }
    let signature = self_sign::sign(&ask.content, &planned, &place.bucket, &key, app.now())?;
    let by = (asker.provider.as_str(), &planned, key.access_key_id.as_str());
    app.note_signature(&settings, head, peer_address(head), by).await;
    Ok(signature)
}

/// The object's key: the one that the server chose, or else the one that is asked for.
fn object(asked: Option<String>, planned: &Planned) -> Result<String, Refusal> {
    let invalid = |message: String| Refusal::bad_request("InvalidAsk", message);
    let object = planned.place.object_key.clone().or(asked).ok_or_else(|| invalid("Object is missing".to_owned()))?;
    ObjectKey::parse(&object).map_err(|error| invalid(error.to_string()))?;
    Ok(object)
}

fn callback_for(settings: &Settings, planned: &Planned) -> Result<String, Refusal> {
    ready_made(settings.config.uploads.as_ref(), &planned.identity, planned.prefix.as_ref())
}

fn section(settings: &Settings) -> Result<&VendSection, Refusal> {
    settings.config.vend.as_ref().ok_or_else(|| {
        let message = "this server vends tokens alone: its configuration has no section Vend";
        Refusal::new(StatusCode::NOT_IMPLEMENTED, "VendingOff", message)
    })
}

fn seconds(asked: Option<u32>, section: &VendSection) -> Result<u32, Refusal> {
    let seconds = asked.unwrap_or(section.max_seconds);
    if (1..=section.max_seconds).contains(&seconds) {
        return Ok(seconds);
    }
    Err(Refusal::bad_request("InvalidAsk", format!("ExpiresSeconds must lie between 1 and {}", section.max_seconds)))
}
