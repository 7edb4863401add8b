//! Symlinks: objects that stand for another one of their bucket.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use shared::crc64::crc64;
use shared::error::{OssCode, OssError};

use super::read::{self, Held};
use super::write::{store_object, tell_outcome};
use super::{Failure, acl, attributes};
use crate::authorize::Question;
use crate::operation::{Plane, invalid_argument};
use crate::oss::{Call, check_key};
use crate::reply;
use crate::store::{Found, ObjectRecord, ObjectType, from_ms, run, to_ms};

const TARGET: &str = "x-oss-symlink-target";

/// `PUT /bucket/key?symlink`; the target need not exist.
pub async fn put(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let text = call.request.header(TARGET).unwrap_or_default();
    let target = percent_decode_str(text).decode_utf8().map_err(|_| invalid_argument(TARGET, text))?.into_owned();
    check_key(&target).map_err(|_| invalid_argument(TARGET, text))?;
    let attributes = attributes::read(call.request, &*call.bucket_record()?)?;
    let forbid_overwrite = attributes::forbids_overwrite(call.request)?;
    let record = ObjectRecord {
        version_id: None,
        etag: hex::encode_upper(fast_md5::digest(target.as_bytes())),
        crc64: crc64(target.as_bytes()),
        size: 0,
        modified_ms: to_ms(call.now),
        object_type: ObjectType::Symlink,
        attributes,
        symlink_target: Some(target),
        restore: None,
        segments: Vec::new(),
    };
    let etag = record.etag.clone();
    let version = store_object(call, (call.bucket(), call.key()), record, forbid_overwrite).await?;
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &etag);
    tell_outcome(&mut response, version.as_deref(), None);
    Ok(response)
}

/// `GET /bucket/key?symlink`.
pub async fn get(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let held = read::hold(call, (call.bucket(), call.key()), call.version()).await?;
    let Some(target) = &held.record.symlink_target else {
        let message = "The object is not symlink.";
        return Err(OssError::new(OssCode::NotSymlink, message).detail("Key", call.key()).into());
    };
    let mut response = reply::empty(StatusCode::OK);
    for (name, value) in &held.record.attributes.headers {
        reply::set_named(&mut response, name, value);
    }
    reply::set_named(&mut response, TARGET, &shared::sign::encode(target));
    reply::set_etag(&mut response, &held.record.etag);
    let modified = shared::timefmt::http_date(from_ms(held.record.modified_ms));
    reply::set(&mut response, header::LAST_MODIFIED, &modified);
    acl::tell_version(call, &mut response, held.record.version_id.as_deref())?;
    Ok(response)
}

/// The target of `link`, with the link's own name for its type, as a reader of the link sees it.
///
/// # Errors
/// 403 when the caller may not read the target, 404 when there is none, 400 when it is a link again.
pub async fn follow(call: &Call<'_>, link: &ObjectRecord, target: &str) -> Result<Held, Failure> {
    let (bucket, action) = (call.bucket(), "oss:GetObject");
    let (to, key) = (Some(bucket), Some(target));
    call.require(Question { action, plane: Plane::Read, bucket: to, key, version: None }).await?;
    let place = (bucket.to_owned(), target.to_owned());
    let found = run(&call.world.store, move |store| store.index.find(&place.0, &place.1, None)).await?;
    if !matches!(found, Found::Object(_)) {
        let message = "The symlink target object does not exist.";
        return Err(OssError::new(OssCode::SymlinkTargetNotExist, message).into());
    }
    let mut held = read::hold(call, (bucket, target), None).await?;
    if held.record.symlink_target.is_some() {
        let message = "The symlink target object type is not supported.";
        return Err(OssError::new(OssCode::InvalidTargetType, message).into());
    }
    held.record.object_type = ObjectType::Symlink;
    // The user metadata that a link brings is told with it; all else is the target's.
    let own = link.attributes.headers.iter().filter(|(name, _)| name.starts_with("x-oss-meta-"));
    let own: Vec<_> = own.cloned().collect();
    held.record.attributes.headers.retain(|(name, _)| !own.iter().any(|(mine, _)| mine == name));
    held.record.attributes.headers.extend(own);
    held.record.modified_ms = held.record.modified_ms.max(link.modified_ms);
    held.record.version_id.clone_from(&link.version_id);
    Ok(held)
}
