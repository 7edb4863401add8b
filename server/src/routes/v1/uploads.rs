//! `/v1/uploads`: what is known of uploads, and reports of new ones by the apps themselves.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::object_key::Prefix;
use shared::timefmt;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::super::peer_address;
use super::{Refused, answer, read};
use crate::App;
use crate::grant::{Asked, Home};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::uploads::claims::Claims;
use crate::uploads::reconcile::{ReconcileError, Reconciled};
use crate::uploads::record::Upload;
use crate::uploads::{Cursor, Filter, Kept, MAX_PAGE, StoreError, Uploads};

const DEFAULT_PAGE: u32 = 100;
const RETRY: Duration = Duration::from_secs(5);

/// Which uploads.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Uploads whose keys begin so.
    prefix: Option<String>,
    /// Uploads of this identity; only operators may name another than their own.
    identity: Option<String>,
    /// Uploads at this time or later: `2017-12-12T07:49:09Z`.
    since: Option<String>,
    /// Uploads before this time: `2017-12-12T07:49:09Z`.
    until: Option<String>,
    /// How many at most, 1 to 1000; 100 unless it is given.
    limit: Option<u32>,
    /// `Next` of the page before.
    cursor: Option<String>,
}

/// A page of uploads, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    /// The uploads.
    uploads: Vec<Upload>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The uploads within the caller's prefix, newest first.
#[utoipa::path(get, path = "/v1/uploads", tag = "uploads", params(ListQuery), responses(
    (status = 200, description = "A page of uploads", body = Page),
    (status = 400, description = "The question makes no sense", body = Refused),
    (status = 403, description = "Not the caller's to see", body = Refused),
    (status = 503, description = "The database is away", body = Refused),
))]
pub(super) async fn list(State(app): State<Arc<App>>, head: Parts) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &page(&app, &head).await?))
}

async fn page(app: &App, head: &Parts) -> Result<Page, Refusal> {
    let uploads = kept(app)?;
    let settings = app.settings();
    let query = question(head, &settings)?;
    let home = home(app, &settings, head).await?;
    let filter = filter(&query, &settings, &home)?;
    let found = uploads.page(&filter).await?;
    let full = found.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).map(seal);
    Ok(Page { uploads: found, next })
}

/// The question in the query. Who asks, and what a token is to be, may stand there as well: clients ask here with the query of their
/// token URL. Anything else is a mistake.
fn question(head: &Parts, settings: &Settings) -> Result<ListQuery, Refusal> {
    let invalid = |what: String| Refusal::bad_request("InvalidQuery", what);
    let all = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let ours = all.filter(|(name, _)| !settings.identities.reads(name) && !Asked::NAMES.contains(&&**name));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(ours).finish();
    let uri: Uri = format!("/?{query}").parse().map_err(|_| invalid("the query cannot be read".to_owned()))?;
    let Query(query) = Query::try_from_uri(&uri).map_err(|rejection| invalid(rejection.body_text()))?;
    Ok(query)
}

/// What the caller may see of what it asks for: an operator everything, anyone else what lies within its prefix.
fn filter(query: &ListQuery, settings: &Settings, home: &Home) -> Result<Filter, Refusal> {
    let invalid = |name: &str| Refusal::bad_request("InvalidQuery", format!("{name} is not what it must be"));
    let moment = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => timefmt::parse_iso8601(text).map(Some).ok_or_else(|| invalid(name)),
    };
    let bucket = home.bucket.clone().ok_or_else(|| {
        let message = "the server does not know its bucket: its configuration needs Bucket";
        Refusal::new(StatusCode::NOT_IMPLEMENTED, "PlaceUnknown", message)
    })?;
    let section = settings.config.uploads.as_ref();
    let operator = section.is_some_and(|uploads| uploads.operators.contains(&home.identity));
    let own = home.prefix.as_ref().map_or("", Prefix::as_str);
    let mut prefix = query.prefix.clone().unwrap_or_default();
    if !operator {
        if query.identity.as_ref().is_some_and(|identity| *identity != home.identity) {
            return Err(Refusal::forbidden("NotYourUploads", "only operators see the uploads of others"));
        }
        if own.starts_with(&prefix) {
            prefix = own.to_owned();
        } else if !prefix.starts_with(own) {
            return Err(Refusal::forbidden("ObjectOutsidePrefix", format!("the prefix must lie below {own:?}")));
        }
    }
    let limit = query.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(invalid("limit"));
    }
    if prefix.contains('\0') {
        return Err(invalid("prefix"));
    }
    Ok(Filter {
        bucket,
        prefix,
        identity: query.identity.clone(),
        since: moment("since", &query.since)?,
        until: moment("until", &query.until)?,
        after: query.cursor.as_ref().map(|cursor| unseal(cursor).ok_or_else(|| invalid("cursor"))).transpose()?,
        limit,
    })
}

/// Tells of an upload that the caller has made. The server asks the bucket before it believes it.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads", request_body = Claims, responses(
    (status = 200, description = "Kept, as the bucket has it", body = Upload),
    (status = 202, description = "Kept on the server's disk until the database is back", body = Upload),
    (status = 400, description = "The report cannot be read", body = Refused),
    (status = 403, description = "The object is not the caller's", body = Refused),
    (status = 404, description = "There is no such object", body = Refused),
    (status = 409, description = "The object is another", body = Refused),
    (status = 503, description = "The bucket cannot be asked", body = Refused),
))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    Ok(match take(&app, &head, body).await? {
        Kept::Stored(upload) => answer(StatusCode::OK, &upload),
        Kept::Queued(upload) => answer(StatusCode::ACCEPTED, &upload),
    })
}

async fn take(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<Kept, Refusal> {
    let uploads = kept(app)?;
    let settings = app.settings();
    let home = home(app, &settings, head).await?;
    let claims: Claims = read(body)?;
    Ok(uploads.take_claims(claims, &home.identity, home.prefix.as_ref(), settings.checks()).await?)
}

/// Where to go on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct ReconcileAsk {
    /// `Next` of the answer before.
    from: Option<String>,
}

/// Looks for uploads that nobody told of: up to 1000 objects of the bucket within the caller's prefix.
#[utoipa::path(post, path = "/v1/uploads/reconcile", tag = "uploads", request_body = ReconcileAsk, responses(
    (status = 200, description = "What the bucket told", body = Reconciled),
    (status = 503, description = "The bucket or the database is away", body = Refused),
))]
pub(super) async fn reconcile(
    State(app): State<Arc<App>>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &look(&app, &head, body).await?))
}

async fn look(app: &App, head: &Parts, body: Result<Bytes, BytesRejection>) -> Result<Reconciled, Refusal> {
    let uploads = kept(app)?;
    let settings = app.settings();
    let home = home(app, &settings, head).await?;
    let ask: ReconcileAsk = match &body {
        Ok(bytes) if bytes.is_empty() => ReconcileAsk::default(),
        _ => read(body)?,
    };
    let bucket = settings.bucket.as_ref().ok_or(crate::uploads::report::ReportError::NoBucket)?;
    let prefix = home.prefix.as_ref().map_or("", Prefix::as_str);
    // Whoever has a folder of its own has what lies in it.
    let identity = (!prefix.is_empty()).then_some(home.identity.as_str());
    Ok(uploads.reconcile(bucket, &settings.sts, prefix, ask.from.as_deref(), identity).await?)
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the database of uploads failed");
        // What it says may name hosts and users.
        Self::unavailable(
            "UploadsUnavailable",
            "the database of uploads is away; what is reported is kept meanwhile",
            RETRY,
        )
    }
}

impl From<ReconcileError> for Refusal {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Store(error) => error.into(),
            ReconcileError::Bucket(error) => Self::unavailable("BucketUnavailable", error.to_string(), RETRY),
        }
    }
}

/// Who asks, and where its folder is.
async fn home(app: &App, settings: &Settings, head: &Parts) -> Result<Home, Refusal> {
    settings.grants.home(&app.asker(settings, head, peer_address(head)).await?)
}

/// The uploads, if this server keeps any.
fn kept(app: &App) -> Result<&Arc<Uploads>, Refusal> {
    app.uploads().ok_or_else(not_kept)
}

/// What a server without a section `Uploads` says.
pub(in super::super) fn not_kept() -> Refusal {
    let message = "this server keeps no metadata of uploads: its configuration has no section Uploads";
    Refusal::new(StatusCode::NOT_IMPLEMENTED, "UploadsNotKept", message)
}

/// The cursor behind `upload`.
fn seal(upload: &Upload) -> String {
    let ms = (upload.uploaded_at - OffsetDateTime::UNIX_EPOCH).whole_milliseconds();
    URL_SAFE_NO_PAD.encode(format!("{ms} {}", upload.id))
}

fn unseal(cursor: &str) -> Option<Cursor> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (ms, id) = text.split_once(' ')?;
    let id = id.bytes().all(|b| b.is_ascii_hexdigit()).then(|| id.to_owned())?;
    Some(Cursor { ms: ms.parse().ok()?, id })
}
