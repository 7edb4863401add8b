//! Tags of objects.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use shared::error::OssError;

use super::{Failure, acl, read};
use crate::oss::{Call, Intake};
use crate::reply;
use crate::settings::tagging::{self, Tag};

const MAX_BODY: usize = 64 * 1024;

/// `GET /bucket/key?tagging`.
pub async fn get(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let held = read::hold(call, (call.bucket(), call.key()), call.version()).await?;
    let mut response = reply::xml(tagging::to_xml(&held.record.attributes.tags));
    acl::tell_version(call, &mut response, held.record.version_id.as_deref())?;
    Ok(response)
}

/// The tags in the body of PutObjectTagging, which stays to be read: conditions of policies look at them. None where the body
/// is not one, which [`put`] says.
///
/// # Errors
/// 400 when it is too long, or the client breaks off.
pub async fn tags_of(body: &mut Intake) -> Result<Vec<Tag>, OssError> {
    let bytes = body.peek(MAX_BODY).await?;
    Ok(tagging::parse_object(&String::from_utf8_lossy(&bytes)).unwrap_or_default())
}

/// `PUT /bucket/key?tagging`: in place of all that were there.
pub async fn put(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    let tags = tagging::parse_object(&String::from_utf8_lossy(&body))?;
    let version = acl::change(call, move |record| record.attributes.tags = tags).await?;
    let mut response = reply::empty(StatusCode::OK);
    acl::tell_version(call, &mut response, version.as_deref())?;
    Ok(response)
}

/// `DELETE /bucket/key?tagging`.
pub async fn delete(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let version = acl::change(call, |record| record.attributes.tags.clear()).await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    acl::tell_version(call, &mut response, version.as_deref())?;
    Ok(response)
}
